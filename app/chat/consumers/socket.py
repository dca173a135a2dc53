"""The websocket at /ws: between the protocol and a visit. What it means is in visit.py."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import redis
from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer

from chat.consumers.door import Visitor
from chat.consumers.outbox import Outbox
from chat.consumers.pace import LARGEST, Pace
from chat.consumers.pulse import SIGNED_OUT, Pulse
from chat.consumers.visit import Visit

TOO_BIG = 1009
TRY_AGAIN = 1013
TOO_SLOW = 4008
TOO_MANY = 4029

# How long a client that does not read may take to accept that it is closed.
PATIENCE = 5.0


class Socket(AsyncConsumer):  # type: ignore[misc]  # channels has no types
    """One client. Frames go out through the outbox, so that nothing here ever waits for a slow client."""

    visit: Visit

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.pace = Pace()
        self.heard_at = time.monotonic()
        self._leaving: asyncio.Task[None] | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self._pulse, self._task, self.outbox = Pulse.here(), asyncio.current_task(), Outbox(send)
        try:
            await super().__call__(scope, receive, send)
        except asyncio.CancelledError:
            if self._leaving is None:  # not we ended it: the server is going down
                raise
        finally:
            await self._clean_up()

    async def dispatch(self, message: dict[str, Any]) -> None:
        # Channels' own dispatch visits the one thread of all database calls before every message, which costs more than the message.
        if message["type"] == "websocket.disconnect":
            raise StopConsumer
        if self._leaving is None:
            try:
                await getattr(self, message["type"].replace(".", "_"))(message)
            except (redis.RedisError, OSError):  # without Redis a visit cannot hear; the client comes back when it can
                self.leave(TRY_AGAIN)

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        await self.send({"type": "websocket.accept"})
        self.visit = Visit(self.visitor, self.channel_layer, self.channel_name, self._say)
        await self.visit.begin()
        self._pulse.add(self)

    async def websocket_receive(self, message: dict[str, Any]) -> None:
        text, self.heard_at = message.get("text"), time.monotonic()
        if len(text or message.get("bytes") or "") > LARGEST:
            self.leave(TOO_BIG)
        elif not self.pace.allows_one_more():
            self.leave(TOO_MANY)
        else:
            await self.visit.answer(text)

    async def frame(self, message: dict[str, Any]) -> None:
        await self.visit.hear(message)

    async def revoked(self, message: dict[str, Any]) -> None:
        if self.visitor.rests_on(message["session"], message["token"]):
            self.leave(SIGNED_OUT)

    def leave(self, code: int) -> None:
        """Close, whatever the client is doing."""
        if self._leaving is None:
            self._leaving = asyncio.ensure_future(self._close(code))

    def _say(self, text: str) -> None:
        if self._leaving is None and not self.outbox.put(text):
            self.leave(TOO_SLOW)

    async def _close(self, code: int) -> None:
        await self.outbox.stop()
        try:
            async with asyncio.timeout(PATIENCE):
                await self.send({"type": "websocket.close", "code": code})
        except (TimeoutError, OSError):  # it does not read, or has gone
            pass
        if self._task is not None:
            self._task.cancel()

    async def _clean_up(self) -> None:
        self._pulse.remove(self)
        await self.outbox.stop()
        if hasattr(self, "visit"):
            await self.visit.end()
