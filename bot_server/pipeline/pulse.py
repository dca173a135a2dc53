"""The threads that keep a worker's runs alive and stoppable: heartbeats to the app, and cancellations from Redis."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import redis

from chat_api import ChatApi
from errors import BotServerError
from pipeline.active import ActiveRuns
from pipeline.store import CANCELLATIONS, Store, cancellation

log = logging.getLogger(__name__)

BEAT = 10.0
# A missed beat is made up for soon: a lease is three beats long.
BEAT_AGAIN = 2.0


class Pulse:
    """One heartbeat for all runs of the worker, every ten seconds. Renews leases in the app and claims in Redis."""

    def __init__(self, api: ChatApi, store: Store, active: ActiveRuns, worker: str, every: float = BEAT) -> None:
        self._api = api
        self._store = store
        self._active = active
        self._worker = worker
        self._every = every

    def beat(self) -> bool:
        """One heartbeat. Whether the app took it."""
        runs = [(one.run, one.attempt) for one in self._active.all()]
        if not runs:
            return True
        try:
            self._store.renew(runs, self._worker)
        except redis.RedisError as error:
            log.warning("claims were not renewed", extra={"error": type(error).__name__})
        try:
            stale = self._api.heartbeats(self._worker, runs)
        except BotServerError as error:
            log.warning("heartbeat was not taken", extra={"code": error.code})
            return False
        attempts = dict(runs)
        for run in stale:
            self._active.cancel(run, "stale", attempts.get(run))
        return True

    def loop(self, stop: threading.Event) -> None:
        """Beat until `stop`."""
        wait = self._every
        while not stop.wait(wait):
            wait = self._every if self.beat() else min(BEAT_AGAIN, self._every)


class Cancellations:
    """Hears which runs were stopped."""

    def __init__(self, store: Store, active: ActiveRuns) -> None:
        self._store = store
        self._active = active

    def loop(self, stop: threading.Event) -> None:
        """Listen until `stop`, whatever happens to Redis meanwhile."""
        pause = 0.1
        while not stop.is_set():
            try:
                with self._store.listener() as channel:
                    channel.subscribe(CANCELLATIONS)
                    self._catch_up()
                    pause = 0.1
                    self._listen(channel, stop)
            except redis.RedisError as error:
                log.warning("cancellations are not heard", extra={"error": type(error).__name__})
                stop.wait(pause)
                pause = min(pause * 2, 2.0)

    def _listen(self, channel: redis.client.PubSub, stop: threading.Event) -> None:
        while not stop.is_set():
            message = channel.get_message(timeout=1.0)
            said = cancellation(message) if message else None
            if said is not None:
                self._active.cancel(said[0], "stopped", said[1])

    def _catch_up(self) -> None:
        """What was said while nobody listened."""
        for one in self._active.all():
            if self._store.was_cancelled(one.run, one.attempt):
                self._active.cancel(one.run, "stopped", one.attempt)


def start(name: str, loop: Callable[[threading.Event], None], stop: threading.Event) -> threading.Thread:
    """A daemon thread that must not die: what it did not foresee is logged, and it begins again."""

    def keep() -> None:
        while not stop.is_set():
            try:
                loop(stop)
            except Exception:
                log.exception("thread begins again", extra={"loop": name})
                stop.wait(1.0)

    thread = threading.Thread(target=keep, name=name, daemon=True)
    thread.start()
    return thread
