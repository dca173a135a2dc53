"""How long to wait before something is tried again."""

from __future__ import annotations

import random

FIRST = 1.0
LONGEST = 300.0
_dice = random.SystemRandom()


def full_jitter(failures: int) -> float:
    """Anything between nothing and 1 s, 2 s, 4 s … 5 min: those who failed together do not come back together."""
    # The exponent is bounded too: after a day of failures 2 ** failures would be a number of a thousand digits.
    return _dice.uniform(0, min(LONGEST, FIRST * 2 ** min(max(failures - 1, 0), 20)))
