"""The heartbeat of all sockets of a process: one task and a few queries for all of them, not for each.

Every SOCKET_BEAT it tells clients the seqs of their open rooms, so that a hint that was lost is noticed; it ends visits whose session or
token has ended, and corrects who hears which room, in case the hint of that was lost. Soon after a room was opened it tells its seq
once more: Redis answers a subscription a little later than it seems, and an event in that moment would be missed until the next beat.
"""

from __future__ import annotations

import asyncio
import logging
import time
import weakref
from collections.abc import Awaitable, Callable
from typing import Protocol

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from prometheus_client import Gauge

from chat.consumers import resume
from chat.consumers.visit import Visit
from chat.consumers.work import in_thread

log = logging.getLogger(__name__)
open_sockets = Gauge("parley_sockets", "Sockets that are open.")

SOON = 1.0
SILENCE = 60.0

SIGNED_OUT = 4001
SILENT = 4000


class Listener(Protocol):
    """A socket, seen from here."""

    visit: Visit
    heard_at: float

    def leave(self, code: int) -> None: ...


class Pulse:
    """One for each event loop, alive while there are sockets."""

    _by_loop: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Pulse] = weakref.WeakKeyDictionary()

    def __init__(self) -> None:
        self._sockets: set[Listener] = set()
        self._fresh: set[Listener] = set()
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    def here(cls) -> Pulse:
        """The pulse of the running event loop."""
        return cls._by_loop.setdefault(asyncio.get_running_loop(), cls())

    def add(self, socket: Listener) -> None:
        self._sockets.add(socket)
        open_sockets.inc()
        if not self._tasks:
            self._tasks = [
                asyncio.ensure_future(self._run(settings.SOCKET_BEAT, self.check)),
                asyncio.ensure_future(self._run(SOON, self.freshen)),
            ]

    def remove(self, socket: Listener) -> None:
        if socket in self._sockets:
            self._sockets.remove(socket)
            open_sockets.dec()
        self._fresh.discard(socket)
        if not self._sockets:
            for task in self._tasks:
                task.cancel()
            self._tasks = []

    def opened(self, socket: Listener) -> None:
        self._fresh.add(socket)

    async def freshen(self) -> None:
        """Tell seqs to those who opened a room just now."""
        fresh, self._fresh = self._fresh & self._sockets, set()
        await self._tell_seqs(fresh)

    async def check(self) -> None:
        """One beat, for all sockets."""
        sockets = set(self._sockets)
        now = time.monotonic()
        for socket in sockets:
            if now - socket.heard_at > SILENCE:
                socket.leave(SILENT)
        welcome = await in_thread(resume.still_welcome, [socket.visit.visitor for socket in sockets])
        for socket in sockets:
            if socket.visit.visitor not in welcome:
                socket.leave(SIGNED_OUT)
        rooms = await in_thread(resume.members_now, {socket.visit.user.pk for socket in sockets})
        for socket in sockets & self._sockets:
            await socket.visit.correct(rooms[socket.visit.user.pk])
        await self._tell_seqs(sockets)

    async def _tell_seqs(self, sockets: set[Listener]) -> None:
        rooms = {room_id for socket in sockets for room_id in socket.visit.open}
        if not rooms:
            return
        seqs = await in_thread(resume.seqs_of, rooms)
        for socket in sockets & self._sockets:
            socket.visit.tell_seqs(seqs)

    async def _run(self, every: float, what: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(every)
            try:
                await what()
            except (DatabaseError, redis.RedisError, OSError):
                log.exception("A beat of the sockets was missed")
