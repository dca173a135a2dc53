"""What wakes the relay: NOTIFY from PostgreSQL, an answer from one of its threads, a signal, or time."""

from __future__ import annotations

import contextlib
import os
import select
from typing import Any

import psycopg
import structlog
from django.db import connection
from psycopg import sql

from bots.wakeups import CHANNEL, DUE

log = structlog.get_logger(__name__)
RETRY = 1.0


class Doorbell:
    """A connection of its own that LISTENs, and a pipe that threads and signals can write to.

    Notifications are lost while the connection is down, so a new connection counts as a ring: look at everything again.
    """

    def __init__(self) -> None:
        self._hear, self._press = os.pipe()
        os.set_blocking(self._hear, False)
        os.set_blocking(self._press, False)
        self._connection: psycopg.Connection[Any] | None = None

    def ring(self) -> None:
        with contextlib.suppress(BlockingIOError):  # the pipe is full of rings already
            os.write(self._press, b".")

    def wait(self, seconds: float) -> list[str]:
        """Sleep until something rings, at most so long. The payloads of the notifications that came."""
        if self._connection is None:
            if self._listen():
                return [DUE]
            seconds = min(seconds, RETRY)
        sources: list[Any] = [self._hear, self._connection] if self._connection else [self._hear]
        ready, _, _ = select.select(sources, [], [], max(0.0, seconds))
        if self._hear in ready:
            self._drain()
        return self._notifications() if self._connection in ready else []

    def close(self) -> None:
        self._hang_up()
        os.close(self._hear)
        os.close(self._press)

    def _listen(self) -> bool:
        try:
            self._connection = psycopg.connect(**_parameters(), autocommit=True)
            self._connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
        except psycopg.Error as error:
            log.warning("relay_cannot_listen", error=str(error).strip())
            self._hang_up()
            return False
        log.info("relay_listens")
        return True

    def _notifications(self) -> list[str]:
        assert self._connection is not None  # noqa: S101 (for the type checker)
        try:
            return [notification.payload for notification in self._connection.notifies(timeout=0)]
        except psycopg.Error as error:
            log.warning("relay_lost_its_ear", error=str(error).strip())
            self._hang_up()
            return []

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while os.read(self._hear, 4096):
                pass

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


def _parameters() -> dict[str, Any]:
    """The database of Django, but a plain connection: notifications need one that stays."""
    known = connection.get_connection_params()
    return {key: value for key, value in known.items() if key not in {"cursor_factory", "context"}}
