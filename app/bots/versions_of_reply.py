"""The versions of a corrected reply, the bot's own first: whose words, when, how far from those before, and what changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bots import correcting, marks
from bots.differences import Piece, pieces

if TYPE_CHECKING:
    from accounts.models import User
    from bots.models import Correction
    from chat.models import Message


@dataclass(frozen=True)
class Version:
    by: User
    at: datetime
    text: str
    pieces: list[Piece]
    distance: int = 0
    percent: str = ""


def versions(message: Message) -> list[Version]:
    corrections = correcting.of(message)
    first = corrections[0].before if corrections else message.body
    return [Version(message.author, message.created_at, first, []), *map(_version, corrections)]


def _version(correction: Correction) -> Version:
    changed = pieces(correction.before, correction.after)
    return Version(correction.by, correction.created_at, correction.after, changed, correction.distance, marks.percent(correction.share))
