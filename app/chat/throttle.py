"""How fast one user may post, and change messages and rooms.

The count is in Redis, shared by all processes; when Redis is away, everything goes through.
"""

from __future__ import annotations

import logging
import math
from functools import cache
from typing import TYPE_CHECKING

import redis
from django.conf import settings

from chat.away import Away
from chat.errors import TooFast
from chat.publisher import redis_client

if TYPE_CHECKING:
    from accounts.models import User

log = logging.getLogger(__name__)

# A bucket that holds a burst of two seconds' posts and fills at the rate. Redis's own clock, one for all processes.
# KEYS: bucket. ARGV: posts per second. Answers the milliseconds to wait, 0 when this one may go.
BUCKET = """
local rate = tonumber(ARGV[1])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + clock[2] / 1000
local full = rate * 2
local level = tonumber(redis.call('HGET', KEYS[1], 'level') or full)
local since = tonumber(redis.call('HGET', KEYS[1], 'since') or now)
level = math.min(full, level + (now - since) * rate / 1000)
local wait = 0
if level >= 1 then level = level - 1 else wait = math.ceil((1 - level) * 1000 / rate) end
redis.call('HSET', KEYS[1], 'level', tostring(level), 'since', tostring(now))
redis.call('PEXPIRE', KEYS[1], 10000)
return wait
"""


class Posts:
    """Admits posts and changes of a user at `settings.POSTS_PER_SECOND`, with bursts of twice that."""

    def __init__(self) -> None:
        self._away = Away()

    def admit(self, user: User) -> None:
        """Refuse with `TooFast` what comes too fast."""
        if self._away:
            return
        try:
            wait = int(_client().eval(BUCKET, 1, f"parley:posts:{user.pk}", settings.POSTS_PER_SECOND))
        except (redis.RedisError, OSError) as error:
            self._away.begin()
            log.warning("Posts are not throttled, Redis is away: %s", error)
            return
        if wait:
            raise TooFast(retry_after=math.ceil(wait / 1000))


posts = Posts()


@cache
def _client() -> redis.Redis:
    return redis_client()
