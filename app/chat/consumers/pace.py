"""How fast and how much one client may send."""

from __future__ import annotations

import time

FRAMES_PER_SECOND = 50
BURST = 100
LARGEST = 64 * 1024


class Pace:
    """A bucket that holds a burst and fills at the rate that is allowed for good."""

    def __init__(self) -> None:
        self._level = float(BURST)
        self._since = time.monotonic()

    def allows_one_more(self) -> bool:
        now = time.monotonic()
        self._level = min(BURST, self._level + (now - self._since) * FRAMES_PER_SECOND)
        self._since = now
        self._level -= 1
        return self._level >= 0
