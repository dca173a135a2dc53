"""Celery's threads know no time limits and its consumer may go deaf, so each worker watches itself.

A thread that does not come back long after it was told to: the run is given up, the worker takes nothing more, lets the others finish,
and exits non-zero for the supervisor to start a new one. A queue with jobs while this worker has threads free and takes nothing for 30 s:
the same. `celery inspect ping` and the process being alive show neither.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable

import redis

from errors import BotServerError
from pipeline.active import ActiveRun, ActiveRuns

log = logging.getLogger(__name__)

QUEUE = "parley:bots"
# A step that was told to stop gets this long to notice.
GRACE = 30.0
DEAF = 30.0
# What a stopping worker gives the runs it has: to end, and then to notice that they must.
DRAIN = 5.0
LAST_WORDS = 4.0
EXIT_CODE = 70
LOOK = 1.0


class Watchdog:
    """Looks once a second."""

    def __init__(self, broker: redis.Redis, active: ActiveRuns, threads: int, give_up: Callable[[ActiveRun], None]) -> None:
        self._broker = broker
        self._active = active
        self._threads = threads
        self._give_up = give_up
        self._took = time.monotonic()
        self._given_up: set[tuple[str, int]] = set()
        self._draining = threading.Event()
        self.exit_code = 0

    def took(self) -> None:
        """A job was taken."""
        self._took = time.monotonic()

    def loop(self, stop: threading.Event) -> None:
        """Look until `stop`."""
        while not stop.wait(LOOK):
            self.look()

    def look(self) -> None:
        """One look at the runs in hand and at the queue."""
        for one in self._active.all():
            if one.control.waited() > GRACE and (one.run, one.attempt) not in self._given_up:
                self._given_up.add((one.run, one.attempt))
                self._fail("a step does not come back", one)
        if not self._draining.is_set() and self._deaf():
            self._fail("jobs wait and none is taken", None)

    def _fail(self, said: str, one: ActiveRun | None) -> None:
        log.error(said, extra={"run": one.run, "bot": one.bot} if one else {})
        self.exit_code = EXIT_CODE
        if one is not None:
            try:
                self._give_up(one)
            except BotServerError as error:
                log.warning("run was not given up in the app", extra={"code": error.code})
        os.kill(os.getpid(), signal.SIGTERM)

    def _deaf(self) -> bool:
        if time.monotonic() - self._took < DEAF or len(self._active) >= self._threads:
            return False
        try:
            waiting = int(self._broker.llen(QUEUE))
        except redis.RedisError:
            waiting = 0
        if not waiting:
            self._took = time.monotonic()
        return waiting > 0

    def drain(self) -> None:
        """The worker was told to stop: let runs end, then stop them so that another worker goes on, then leave whatever happens."""
        if self._draining.is_set():
            return
        self._draining.set()
        threading.Thread(target=self._drain, name="drain", daemon=True).start()

    def _drain(self) -> None:
        _until(lambda: not len(self._active), DRAIN)
        for one in self._active.all():
            one.control.cancel("draining")
        _until(lambda: not len(self._active), LAST_WORDS)
        if len(self._active):
            log.error("threads are left behind", extra={"runs": [one.run for one in self._active.all()]})
            # Nothing else ends a process whose threads do not return; their runs come to the end of their leases.
            os._exit(self.exit_code or EXIT_CODE)


def _until(condition: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
