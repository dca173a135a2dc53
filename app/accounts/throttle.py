"""How often somebody may guess a password. Counted in the cache; a cache that is away counts nothing and refuses nobody."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass

from django.core.cache import cache
from django.http import HttpRequest

from lib.clients import network_of


@dataclass(frozen=True)
class Limit:
    """So many in so many seconds, for what `key` stands for."""

    key: str
    most: int
    seconds: int

    @property
    def _window(self) -> str:
        digest = hashlib.sha256(self.key.encode()).hexdigest()[:32]
        return f"throttle:{digest}:{int(time.time()) // self.seconds}"

    def take(self) -> bool:
        """Count one more; false when that is one too many. Counting first leaves no gap for guesses made at the same moment."""
        cache.add(self._window, 0, timeout=self.seconds)
        return cache.incr(self._window) <= self.most

    def give_back(self) -> None:
        cache.incr(self._window, -1)

    @property
    def wait(self) -> int:
        """Seconds until the count starts anew."""
        return self.seconds - int(time.time()) % self.seconds


def limits_of(request: HttpRequest, login: str) -> list[Limit]:
    """5 a minute for one user from one address, 50 an hour from one address."""
    network = network_of(request)
    return [Limit(f"login:{network}:{login.lower()}", 5, 60), Limit(f"login:{network}", 50, 3600)]
