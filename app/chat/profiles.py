"""What pages say of somebody beyond their name: a bot's persona, its steps, why it is off.

chat does not know bots. Whoever knows more about users adds a source (`bots` does, when it is ready).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Step:
    name: str
    detail: str


@dataclass(frozen=True)
class Profile:
    about: str = ""
    greeting: str = ""
    version: int | None = None
    off: bool = False
    reason: str = ""
    held_back: str = ""
    steps: list[Step] = field(default_factory=list)
    page: str = ""

    @property
    def line(self) -> str:
        """One line beside the name."""
        if self.off:
            return f"off: {self.reason}" if self.reason else "off"
        return self.about


Source = Callable[[Collection[int]], dict[int, Profile]]
sources: list[Source] = []


def of(user_ids: Collection[int]) -> dict[int, Profile]:
    """Profiles by user, of those who have one."""
    found: dict[int, Profile] = {}
    for source in sources:
        if user_ids:
            found |= source(user_ids)
    return found
