"""People at sockets: what they say, and what they hear of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from bench.model import since
from bench.systems import System

PATIENCE = 10.0


class Talker:
    """One person in one room. Texts carry a number of their own, so that what is heard is known to be what was said."""

    def __init__(self, line: ClientConnection, room: str) -> None:
        self._line, self._room = line, room
        self._heard: asyncio.Queue[tuple[float, dict[str, Any]]] = asyncio.Queue()
        self._opened = asyncio.Event()
        self.first_sign = 0.0
        self.lags: list[float] = []
        self._seen = 0

    async def begin(self) -> None:
        await self._line.send(json.dumps({"type": "open", "room": self._room, "after": None}))
        async with asyncio.timeout(PATIENCE):
            await self._opened.wait()

    async def say(self, text: str) -> float:
        """When it was said."""
        self.first_sign, self.lags, self._seen = 0.0, [], 0
        now = time.monotonic()
        await self._line.send(json.dumps({"type": "post", "room": self._room, "body": text, "client_id": uuid.uuid4().hex}))
        return now

    async def hear(self, text: str = "", *, bot: bool = False) -> tuple[float, str] | None:
        """When a stored message came, and its text: the one with this text, or the bot's next. None: it is lost."""
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    at, message = await self._heard.get()
                    if message["author"]["is_bot"] is bot and (bot or message["body"] == text):
                        return at, message["body"]
        except TimeoutError:
            return None

    async def listen(self) -> None:
        """Until the line is cut."""
        with contextlib.suppress(ConnectionClosed):
            async for raw in self._line:
                self._take(time.monotonic(), json.loads(raw))

    def _take(self, now: float, frame: dict[str, Any]) -> None:
        match frame["type"]:
            case "event" if frame["kind"] == "message.posted" and frame["room"] == self._room:
                self._heard.put_nowait((now, frame["message"]))
            case "draft":
                self._follow(now, frame["offset"], frame["text"])
            case "opened":
                self._opened.set()
            case "error":
                raise RuntimeError(f"the server refused: {frame}")

    def _follow(self, now: float, offset: int, text: str) -> None:
        """How late each new word of a draft is."""
        self.first_sign = self.first_sign or now
        new = text[max(0, self._seen - offset) :]
        self._seen = max(self._seen, offset + len(text))
        self.lags += [since(word, now) for word in new.split()]


@contextlib.asynccontextmanager
async def talking(system: System, rooms: list[tuple[int, str]]) -> AsyncIterator[list[Talker]]:
    """People (by number) in rooms, each with a line of their own."""
    async with contextlib.AsyncExitStack() as lines, asyncio.TaskGroup() as listening:
        talkers, tasks = [], []
        for person, room in rooms:
            headers = system.places.headers[person]
            line = await lines.enter_async_context(connect(system.socket, additional_headers=headers, compression=None, proxy=None))
            talkers.append(Talker(line, room))
            tasks.append(listening.create_task(talkers[-1].listen()))
        for talker in talkers:
            await talker.begin()
        # The bare stack does not know when Redis has taken its subscriptions; Parley does.
        await asyncio.sleep(0.3)
        yield talkers
        for task in tasks:
            task.cancel()


def with_bots(system: System, people: int) -> list[tuple[int, str]]:
    return [(person, system.places.with_bot[person]) for person in range(people)]


def in_pairs(system: System, pairs: int) -> list[tuple[int, str]]:
    return [(person, system.places.pairs[person // 2]) for person in range(2 * pairs)]
