"""The way out to the sockets of all processes: hints over Redis, sent by one thread.

A request must not wait for Redis: not when it is slow, frozen or gone. So what a commit has to tell goes into a queue, and a
thread with a connection of its own sends it, as many at once as there are. A hint that cannot be sent is counted and dropped:
clients hear the room's seq every 25 s and fetch what they lack.
"""

from __future__ import annotations

import atexit
import logging
import os
import queue
import threading
from functools import cache
from typing import Any

import redis
from channels.layers import get_channel_layer
from django.conf import settings
from prometheus_client import Counter
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger(__name__)
sent = Counter("parley_hints_total", "Hints sent to the sockets.")
lost = Counter("parley_hints_lost_total", "Hints that found Redis away, or the queue full.")

MOST_WAITING = 10_000
MOST_AT_ONCE = 200
TIMEOUT = 1.0


def redis_client() -> redis.Redis:
    """A connection that gives up soon. One retry, because the first use after a restart of Redis finds a dead connection."""
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, retry=Retry(NoBackoff(), 1), health_check_interval=0
    )


class Publisher:
    """Sends messages to groups of the channel layer, in the order given, without making the caller wait."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[tuple[str, bytes] | threading.Event] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._process = 0

    def send(self, group: str, message: dict[str, Any]) -> None:
        if self._waiting.qsize() > MOST_WAITING:
            lost.inc()
            return
        self._waiting.put((address_of(group), packed(message)))
        self._start()

    def flush(self, seconds: float = TIMEOUT) -> bool:
        """Wait until what was given so far has been sent, or dropped."""
        done = threading.Event()
        self._waiting.put(done)
        self._start()
        return done.wait(seconds)

    def _start(self) -> None:
        # A thread does not survive a fork: whoever inherits the queue starts its own.
        if self._process == os.getpid() and self._thread and self._thread.is_alive():
            return
        with self._lock:
            if self._process != os.getpid() or not self._thread or not self._thread.is_alive():
                self._process = os.getpid()
                self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        client = redis_client()
        while True:
            batch = [self._waiting.get()]
            while len(batch) < MOST_AT_ONCE and not self._waiting.empty():
                batch.append(self._waiting.get())
            hints = [each for each in batch if isinstance(each, tuple)]
            if hints:
                self._publish(client, hints)
            for each in batch:
                if isinstance(each, threading.Event):
                    each.set()

    def _publish(self, client: redis.Redis, hints: list[tuple[str, bytes]]) -> None:
        try:
            with client.pipeline(transaction=False) as pipeline:
                for address, message in hints:
                    pipeline.publish(address, message)
                pipeline.execute()
            sent.inc(len(hints))
        except (redis.RedisError, OSError) as error:
            lost.inc(len(hints))
            log.warning("%d hints to sockets were lost, Redis is away: %s", len(hints), error)


def address_of(group: str) -> str:
    # How channels_redis.pubsub names the Redis channel of a group. Pinned, and a test holds it to that.
    return f"{_prefix()}__group__{group}"


def packed(message: dict[str, Any]) -> bytes:
    layer: Any = get_channel_layer()
    data: bytes = layer.serialize(message)
    return data


@cache
def _prefix() -> str:
    layer: Any = settings.CHANNEL_LAYERS["default"]
    return str(layer["CONFIG"]["prefix"])


publisher = Publisher()


def flush_at_exit() -> None:
    # A management command that posts and ends must not take its hints with it.
    if publisher._process == os.getpid():
        publisher.flush()


atexit.register(flush_at_exit)
