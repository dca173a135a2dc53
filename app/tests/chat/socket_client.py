"""A socket client for tests: the whole ASGI app of websockets, over the real Redis and PostgreSQL."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from asgiref.testing import ApplicationCommunicator
from django.conf import settings

from chat.consumers.routing import websocket

Frame = dict[str, Any]


class Client:
    """One program or browser. (Channels' own communicator cannot be imported without daphne.)"""

    def __init__(self, *, token: str = "", session: str = "", origin: str | None = "http://testserver", address: str = "/ws") -> None:
        headers = [(b"host", b"testserver")]
        if token:
            headers.append((b"authorization", f"Bearer {token}".encode()))
        if session:
            headers.append((b"cookie", f"{settings.SESSION_COOKIE_NAME}={session}".encode()))
            if origin is not None:
                headers.append((b"origin", origin.encode()))
        parts = urlsplit(address)
        scope = {"type": "websocket", "scheme": "ws", "path": parts.path, "query_string": parts.query.encode(), "headers": headers}
        self.wire: Any = ApplicationCommunicator(websocket, scope)  # type: ignore[no-untyped-call]
        self.hello: Frame = {}

    async def __aenter__(self) -> Client:
        assert await self.connect(), "the socket was refused"
        self.hello = await self.next("hello")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.wire.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wire.wait(5)

    async def connect(self) -> bool:
        await self.wire.send_input({"type": "websocket.connect"})
        return bool((await self.wire.receive_output(5))["type"] == "websocket.accept")

    async def send(self, **frame: Any) -> None:
        await self.send_text(json.dumps(frame))

    async def send_text(self, text: str) -> None:
        await self.wire.send_input({"type": "websocket.receive", "text": text})

    async def receive(self) -> Frame:
        message = await self.wire.receive_output(5)
        assert message["type"] == "websocket.send", message
        return dict(json.loads(message["text"]))

    async def next(self, kind: str, where: Callable[[Frame], bool] = lambda frame: True) -> Frame:
        """The next frame of this kind; others before it are passed over."""
        while True:
            frame = await self.receive()
            if frame["type"] == kind and where(frame):
                return frame

    async def ask(self, answer: str, **frame: Any) -> Frame:
        await self.send(**frame)
        return await self.next(answer)

    async def closed_with(self, within: float = 5) -> int:
        """Read until the server closes; its code."""
        async with asyncio.timeout(within):
            while True:
                message = await self.wire.receive_output(within)
                if message["type"] == "websocket.close":
                    return int(message.get("code", 1000))

    async def hears_nothing_until_pong(self) -> list[Frame]:
        """What comes before the answer to a ping: everything that was on its way."""
        await self.send(type="ping")
        heard = []
        while (frame := await self.receive())["type"] != "pong":
            heard.append(frame)
        return heard


async def until(condition: Callable[[], bool], within: float = 5) -> None:
    """Wait for it to become true."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 (no event tells of it)
            await asyncio.sleep(0.005)
