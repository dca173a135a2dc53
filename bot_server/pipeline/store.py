"""What the bot server keeps in Redis (database 2): checkpoints, which deliveries came, who works at what, who was stopped.

All of it may vanish at any moment: PostgreSQL, in the app, holds what must not be lost (I1). Checkpoints are signed, since whoever could
write to Redis could else put words into a bot's mouth (W28).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import redis

from pipeline.run import Point

PREFIX = "parley:"
CANCELLATIONS = f"{PREFIX}cancellations"
# A run ends within 24 h of retries; a checkpoint is only worth keeping that long.
DAY = 24 * 3600
# A worker renews its claim with each heartbeat; after this much silence another copy of the job may go on.
CLAIM_SECONDS = 30

Redis = redis.Redis

# Delete or extend the claim only if it is ours: between looking and acting it may have passed to another worker.
_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


def connect(url: str, *, timeout: float = 5.0) -> Redis:
    """A client that survives a restarted Redis: one retry on a fresh connection, bounded waits."""
    return redis.Redis.from_url(
        url,
        decode_responses=True,
        socket_timeout=timeout,
        socket_connect_timeout=2.0,
        health_check_interval=15,
        retry=redis.retry.Retry(redis.backoff.NoBackoff(), 1),
    )


class Store:
    """Database 2."""

    def __init__(self, client: Redis, key: str) -> None:
        self.client = client
        self._key = hmac.new(key.encode(), b"checkpoints", hashlib.sha256).digest()

    def first_time(self, run: str, attempt: int, accept: Callable[[], None]) -> bool:
        """Call `accept` unless this delivery was accepted before (P7). The mark is short-lived until `accept` is through: a process
        killed in between must not leave a delivery that is never accepted."""
        key = f"{PREFIX}delivery:{run}:{attempt}"
        if not self.client.set(key, "accepting", nx=True, ex=10):
            return False
        try:
            accept()
        except BaseException:
            self.client.delete(key)
            raise
        self.client.set(key, "accepted", ex=DAY)
        return True

    def claim(self, run: str, attempt: int, worker: str) -> bool:
        """Whether this worker may do this attempt: nobody else is at it."""
        key = _claim_key(run, attempt)
        return bool(self.client.set(key, worker, nx=True, ex=CLAIM_SECONDS)) or self.client.get(key) == worker

    def renew(self, claims: list[tuple[str, int]], worker: str) -> None:
        """Keep claims, also after Redis was flushed."""
        with self.client.pipeline(transaction=False) as pipe:
            for run, attempt in claims:
                pipe.set(_claim_key(run, attempt), worker, ex=CLAIM_SECONDS)
            pipe.execute()

    def release(self, run: str, attempt: int, worker: str) -> None:
        """Give a claim back."""
        self.client.eval(_RELEASE, 1, _claim_key(run, attempt), worker)

    def save(self, run: str, version: int, start: str, point: Point) -> None:
        """Keep how far a run of this version of its bot is, and which answer it went on from (`start`, "" for none)."""
        body = json.dumps(asdict(replace(point, answer=None)), ensure_ascii=False, separators=(",", ":"))
        self.client.set(_checkpoint_key(run), f"{self._sign(run, version, start, body)}{body}", ex=DAY)

    def load(self, run: str, version: int, start: str) -> Point | None:
        """How far a run is. None when nothing is there, or nothing that we wrote, or it belongs to another version of the bot, whose
        steps may be others, or to the time before the answer that the run now goes on from: a person's word outweighs it."""
        kept = self.client.get(_checkpoint_key(run))
        if not isinstance(kept, str) or not hmac.compare_digest(kept[:64].encode(), self._sign(run, version, start, kept[64:]).encode()):
            return None
        try:
            return Point(**json.loads(kept[64:]))
        except TypeError:  # ours, and from before an upgrade that changed what a point is
            return None

    def forget(self, run: str) -> None:
        """The run is over."""
        self.client.delete(_checkpoint_key(run))

    def begin(self, run: str, approval: str) -> bool:
        """Note that what was approved is being done; whether it is for the first time."""
        return bool(self.client.set(_deed_key(run, approval), "1", nx=True, ex=DAY))

    def broke_off(self, run: str, approval: str) -> None:
        """It was not done."""
        self.client.delete(_deed_key(run, approval))

    def cancel(self, run: str, attempt: int) -> None:
        """Tell all workers to stop a run, and whoever takes its job later."""
        with self.client.pipeline(transaction=False) as pipe:
            pipe.set(f"{PREFIX}cancelled:{run}:{attempt}", "1", ex=DAY)
            pipe.publish(CANCELLATIONS, json.dumps({"run": run, "attempt": attempt}))
            pipe.execute()

    def listener(self) -> redis.client.PubSub:
        """A connection to hear cancellations on."""
        listener: redis.client.PubSub = self.client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
        return listener

    def was_cancelled(self, run: str, attempt: int) -> bool:
        """Whether somebody stopped the run before it began."""
        return bool(self.client.exists(f"{PREFIX}cancelled:{run}:{attempt}"))

    def _sign(self, run: str, version: int, start: str, body: str) -> str:
        return hmac.new(self._key, f"{run}.{version}.{start}.{body}".encode(), hashlib.sha256).hexdigest()


def _claim_key(run: str, attempt: int) -> str:
    return f"{PREFIX}claim:{run}:{attempt}"


def _deed_key(run: str, approval: str) -> str:
    return f"{PREFIX}deed:{run}:{approval}"


def _checkpoint_key(run: str) -> str:
    return f"{PREFIX}checkpoint:{run}"


def cancellation(message: Any) -> tuple[str, int] | None:
    """(run, attempt) of a message on the channel of cancellations; None when it is none."""
    try:
        said = json.loads(message["data"])
        return str(said["run"]), int(said["attempt"])
    except (KeyError, TypeError, ValueError):
        return None
