"""Rooms for the cast: Bea and Ada share a group and a direct room, Cyd is in neither."""

from __future__ import annotations

import pytest

from accounts.models import User
from chat.models import Room


@pytest.fixture
def room(bea: User, ada: User) -> Room:
    """A group of two people; Bea made it, so she is its admin."""
    return Room.group(bea, "Kyoto in May", [ada])


@pytest.fixture
def direct(bea: User, ada: User) -> Room:
    return Room.direct(bea, ada)
