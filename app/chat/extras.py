"""What stands with a message beyond its words: a card in the place of its body, a footer under it.

chat does not know bots. Whoever knows more about messages adds a source (`bots` does, when it is ready). Extras are the same for every
viewer, like the message itself.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chat.models import Message


@dataclass(frozen=True)
class Extra:
    """HTML that is safe to show. A card stands in the place of the body."""

    card: str = ""
    footer: str = ""

    def __or__(self, other: Extra) -> Extra:
        return Extra(self.card or other.card, self.footer + other.footer)


Source = Callable[[Sequence["Message"]], dict[uuid.UUID, Extra]]
sources: list[Source] = []
NONE = Extra()


def of(messages: Sequence[Message]) -> dict[uuid.UUID, Extra]:
    """The extras of these messages, of those that have any. One question to each source, however many messages there are."""
    found: dict[uuid.UUID, Extra] = {}
    for source in sources:
        if messages:
            for pk, extra in source(messages).items():
                found[pk] = found.get(pk, NONE) | extra
    return found
