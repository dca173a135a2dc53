"""What the page of a room shows: a part of its messages, its members, and whom it is with."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from chat import drafts, extras, profiles
from chat.models import Membership, Message, Room
from chat.models.attachment import MOST_IN_A_MESSAGE
from chat.models.message import TEXT
from chat.profiles import Profile

if TYPE_CHECKING:
    from accounts.models import User

PAGE = 50
FACES = 5
TOGETHER = timedelta(minutes=5)


@dataclass
class Line:
    """A message in its place: whether a day begins with it, and whether it goes on what its author said just before."""

    message: Message
    day: date | None
    follows: bool
    extra: extras.Extra


class RoomPage:
    """Read the seq before the messages: what comes in between is then told twice rather than never."""

    def __init__(self, membership: Membership, before: int | None = None, after: int | None = None) -> None:
        self.membership = membership
        self.room: Room = membership.room
        self.viewer: User = membership.user
        self.seq = self.room.seq
        found = self.room.page(before=before, after=after, limit=PAGE + 1)
        spare = len(found) > PAGE
        forward = after is not None and before is None
        self.messages = (found[:PAGE] if forward else found[-PAGE:]) if spare else found
        self.has_older = bool(after) if forward else spare
        self.latest = not spare if forward else before is None

    @property
    def first_position(self) -> int:
        return self.messages[0].position if self.messages else 0

    @property
    def last_position(self) -> int:
        return self.messages[-1].position if self.messages else 0

    @property
    def unread(self) -> bool:
        """Whether the end of the room is in view and not marked as read."""
        return self.latest and self.last_position > self.membership.last_read

    @cached_property
    def lines(self) -> list[Line]:
        lines: list[Line] = []
        found = extras.of(self.messages)
        for message in self.messages:
            previous = lines[-1].message if lines else None
            day = timezone.localtime(message.created_at).date()
            turns = previous is None or timezone.localtime(previous.created_at).date() != day
            lines.append(
                Line(
                    message,
                    day if turns else None,
                    not turns and previous is not None and _follows(previous, message),
                    found.get(message.pk, extras.NONE),
                )
            )
        return lines

    @cached_property
    def memberships(self) -> list[Membership]:
        return list(self.room.memberships.select_related("user").order_by("user__is_bot", "user__username"))

    @property
    def first_bot(self) -> User | None:
        """The bot that the panel of a group tells of."""
        return next((user for user in self.members if user.is_bot), None)

    @property
    def members(self) -> list[User]:
        return [membership.user for membership in self.memberships]

    @property
    def asks_bots(self) -> bool:
        """Whether somebody is here who answers."""
        return any(user.is_bot for user in self.members)

    @property
    def faces(self) -> list[User]:
        return self.members[:FACES]

    @property
    def more_faces(self) -> int:
        return max(0, len(self.members) - FACES)

    @property
    def other(self) -> User | None:
        """The other one of a direct room."""
        return next((user for user in self.members if user.pk != self.viewer.pk), None) if not self.room.is_group else None

    @cached_property
    def title(self) -> str:
        if self.room.name:
            return self.room.name
        names = [user.label for user in self.members if user.pk != self.viewer.pk]
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        return ", ".join(names[:3]) + more or "Only you"

    @property
    def facts(self) -> str:
        """Who is here, in numbers; of a direct room whom it is with."""
        if self.other:
            return self.profile.line if self.other.is_bot else f"@{self.other.username}"
        bots = sum(user.is_bot for user in self.members)
        people = len(self.members) - bots
        counts = [(people, "person", "people"), (bots, "bot", "bots")]
        return " · ".join(f"{count} {one if count == 1 else many}" for count, one, many in counts if count)

    @cached_property
    def profile(self) -> Profile:
        """Of the bot one talks to."""
        if self.other is None or not self.other.is_bot:
            return Profile()
        return profiles.of([self.other.pk]).get(self.other.pk, Profile())

    @property
    def has_bots(self) -> bool:
        return any(user.is_bot for user in self.members)

    @property
    def has_panel(self) -> bool:
        return self.room.is_group or bool(self.other and self.other.is_bot)

    # What the composer says before a file is uploaded in vain.
    most_files = MOST_IN_A_MESSAGE

    @property
    def upload_megabytes(self) -> int:
        return int(settings.UPLOAD_MEGABYTES)

    @cached_property
    def client_id(self) -> str:
        """For the message that is sent from this page, by readers without script: pressing twice sends it once."""
        return str(uuid.uuid4())

    @cached_property
    def drafts(self) -> list[drafts.Draft]:
        """What bots are writing now, for readers without script."""
        return drafts.glance(self.room.pk)


def _follows(previous: Message, message: Message) -> bool:
    near = message.created_at - previous.created_at < TOGETHER
    return near and previous.author_id == message.author_id and previous.kind == message.kind == TEXT
