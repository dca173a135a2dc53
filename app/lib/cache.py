"""A cache that is only ever a convenience: with Redis away it is empty, and nobody is refused for it."""

from __future__ import annotations

import logging
from typing import Any

import redis.exceptions
from django.core.cache.backends.redis import RedisCache
from prometheus_client import Counter

log = logging.getLogger(__name__)
failures = Counter("parley_cache_failures_total", "Uses of the cache that found Redis away.")


class ForgivingRedisCache(RedisCache):
    """Django's Redis cache, whose methods give the answer of an empty cache when Redis cannot be reached."""

    def add(self, key: Any, value: Any, *args: Any, **kwargs: Any) -> bool:
        return bool(self._forgive(True, super().add, key, value, *args, **kwargs))

    def get(self, key: Any, default: Any = None, *args: Any, **kwargs: Any) -> Any:
        return self._forgive(default, super().get, key, default, *args, **kwargs)

    def set(self, key: Any, value: Any, *args: Any, **kwargs: Any) -> None:
        self._forgive(None, super().set, key, value, *args, **kwargs)

    def delete(self, key: Any, *args: Any, **kwargs: Any) -> bool:
        return bool(self._forgive(False, super().delete, key, *args, **kwargs))

    def incr(self, key: Any, delta: int = 1, *args: Any, **kwargs: Any) -> int:
        try:
            return int(self._forgive(delta, super().incr, key, delta, *args, **kwargs))
        except ValueError:  # the key went away since it was added: Redis was flushed
            return delta

    def _forgive(self, otherwise: Any, method: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(*args, **kwargs)
        except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError, OSError) as error:
            failures.inc()
            log.warning("The cache is away: %s", error)
            return otherwise
