"""Where something waits for a decision of a user: the list of rooms marks it, so that nobody has to look for it.

chat does not know bots. Whoever has something wait for people adds a source (`bots` does, when it is ready). A mark comes and goes with
a card, and cards are messages: whoever hears of those knows when to ask again.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accounts.models import User

Rooms = set[uuid.UUID]
Source = Callable[["User", Collection[uuid.UUID]], Rooms]
sources: list[Source] = []


def among(user: User, rooms: Collection[uuid.UUID]) -> Rooms:
    """Those of these rooms in which something waits for this user. One question to each source, however many rooms there are."""
    found: Rooms = set()
    for source in sources:
        if rooms:
            found |= source(user, rooms)
    return found
