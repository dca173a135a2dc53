"""Waiting until Redis has really taken a subscription.

The channel layer sends SUBSCRIBE and does not wait for the answer; what is published over another connection in that moment is lost.
Redis works through one connection's commands in order, so when it knows a subscription made after ours, it knows ours.
"""

from __future__ import annotations

import logging
import time
import uuid
from functools import cache
from typing import Any, Protocol

import redis

from chat.consumers.work import in_thread
from chat.publisher import address_of, redis_client

log = logging.getLogger(__name__)

LONGEST = 2.0
STEP = 0.002


class Groups(Protocol):
    """Of the channel layer, what a visit needs."""

    async def group_add(self, group: str, channel: str) -> None: ...
    async def group_discard(self, group: str, channel: str) -> None: ...


async def settle(groups: Groups, channel: str) -> None:
    """Return when everything this process has subscribed to so far is heard."""
    mark = f"settled.{uuid.uuid4().hex}"
    await groups.group_add(mark, channel)
    try:
        await in_thread(_wait_for, address_of(mark))
    finally:
        await groups.group_discard(mark, channel)


def _wait_for(address: str) -> None:
    deadline = time.monotonic() + LONGEST
    while not _is_known(address):
        if time.monotonic() > deadline:
            raise redis.TimeoutError("Redis did not take a subscription in time")
        time.sleep(STEP)


def _is_known(address: str) -> bool:
    found: Any = _client().pubsub_numsub(address)
    return bool(found[0][1])


@cache
def _client() -> redis.Redis:
    return redis_client()
