"""Endpoints that do not answer are left alone, but for a probe every 5 s."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

OPENS_AFTER = 3
PROBE_EVERY = 5.0


@dataclass
class Breaker:
    failures: int = 0
    probe_at: float = 0.0

    @property
    def is_open(self) -> bool:
        return self.failures >= OPENS_AFTER


class Breakers:
    """One for each endpoint that failed last. Each relay has its own: what one relay cannot reach, another may."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._breakers: dict[str, Breaker] = {}

    def failed(self, endpoint: str) -> bool:
        """It did not answer. Whether its breaker has opened just now."""
        breaker = self._breakers.setdefault(endpoint, Breaker())
        breaker.failures += 1
        breaker.probe_at = self._clock() + PROBE_EVERY
        return breaker.failures == OPENS_AFTER

    def answered(self, endpoint: str) -> bool:
        """It answered. Whether its breaker was open."""
        breaker = self._breakers.pop(endpoint, None)
        return breaker is not None and breaker.is_open

    def open_endpoints(self) -> list[str]:
        return [endpoint for endpoint, breaker in self._breakers.items() if breaker.is_open]

    def suspects(self) -> list[str]:
        """They failed last, if not often enough yet. They get one delivery at a time: slow ones would fill the relay before it opens."""
        return [endpoint for endpoint, breaker in self._breakers.items() if not breaker.is_open]

    def to_probe(self) -> list[str]:
        now = self._clock()
        return [endpoint for endpoint, breaker in self._breakers.items() if breaker.is_open and breaker.probe_at <= now]

    def probing(self, endpoint: str) -> None:
        """A probe is on its way. The next follows after its answer, or when none came for long."""
        self._breakers[endpoint].probe_at = self._clock() + 4 * PROBE_EVERY

    def next_probe_in(self) -> float | None:
        """Seconds until the next probe that lies ahead. One that is due already waits for a run to probe with, not for a time."""
        now = self._clock()
        ahead = [breaker.probe_at - now for breaker in self._breakers.values() if breaker.is_open and breaker.probe_at > now]
        return min(ahead, default=None)
