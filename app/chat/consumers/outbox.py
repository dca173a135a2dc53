"""What is on its way to one client, and how much of it may wait."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

MOST_FRAMES = 256
MOST_CHARACTERS = 1_000_000

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Outbox:
    """Sends frames in order without making the sender wait. A client that does not read must not fill our memory: when too much
    waits for it, `put` says no, and the socket closes; the client comes back and resumes."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: deque[str] = deque()
        self._characters = 0
        self._writer: asyncio.Task[None] | None = None

    def put(self, text: str) -> bool:
        """Whether there was room for it."""
        if len(self._waiting) >= MOST_FRAMES or self._characters > MOST_CHARACTERS:
            return False
        self._waiting.append(text)
        self._characters += len(text)
        if self._writer is None or self._writer.done():
            # Only while there is something to send: an idle socket costs no task.
            self._writer = asyncio.ensure_future(self._write())
        return True

    async def stop(self) -> None:
        """Forget what waits."""
        self._waiting.clear()
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)

    async def _write(self) -> None:
        while self._waiting:
            text = self._waiting.popleft()
            self._characters -= len(text)
            try:
                await self._send({"type": "websocket.send", "text": text})
            except OSError:  # the client has gone; its disconnect is on the way to the consumer
                self._waiting.clear()
