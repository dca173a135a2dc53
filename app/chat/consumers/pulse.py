"""The heartbeat of all sockets of a process: one task and a few queries for all of them, not for each.

Every SOCKET_BEAT it tells clients the seqs of their open rooms, so that a hint that was lost is noticed; it ends visits whose session or
token has ended, and corrects who hears which room, in case the hint of that was lost.
"""

from __future__ import annotations

import asyncio
import logging
import time
import weakref
from typing import Protocol

from django.conf import settings
from prometheus_client import Gauge

from chat.consumers import resume
from chat.consumers.visit import Visit
from chat.consumers.work import in_thread

log = logging.getLogger(__name__)
open_sockets = Gauge("parley_sockets", "Sockets that are open.")

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
        self._task: asyncio.Task[None] | None = None

    @classmethod
    def here(cls) -> Pulse:
        """The pulse of the running event loop."""
        return cls._by_loop.setdefault(asyncio.get_running_loop(), cls())

    def add(self, socket: Listener) -> None:
        self._sockets.add(socket)
        open_sockets.inc()
        if self._task is None:
            self._task = asyncio.ensure_future(self._run())

    def remove(self, socket: Listener) -> None:
        if socket in self._sockets:
            self._sockets.remove(socket)
            open_sockets.dec()
        if not self._sockets and self._task is not None:
            self._task.cancel()
            self._task = None

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
        seqs = await in_thread(resume.seqs_of, {room_id for socket in sockets for room_id in socket.visit.open})
        for socket in sockets & self._sockets:
            socket.visit.tell_seqs(seqs)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(settings.SOCKET_BEAT)
            try:
                await self.check()
            except Exception:  # whatever it was, without a next beat nobody would be signed out or hear what was lost
                log.exception("A beat of the sockets was missed")
