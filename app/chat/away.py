"""Redis is away: remembered for a moment, so that not everybody who could do without it waits for it."""

from __future__ import annotations

import time

REST = 5.0


class Away:
    """True for `REST` seconds after somebody found out."""

    def __init__(self) -> None:
        self._until = 0.0

    def __bool__(self) -> bool:
        return time.monotonic() < self._until

    def begin(self) -> None:
        self._until = time.monotonic() + REST
