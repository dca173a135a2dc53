"""The rooms of a user as a list: the latest first, with the last words and what is unread. Four queries, however many rooms."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import prefetch_related_objects
from django.db.models.functions import Left

from chat import showing
from chat.models import Membership, Message, Room
from lib.markdown import words_in

if TYPE_CHECKING:
    from accounts.models import User

PAGE = 50
MOST_PAGES = 200
MOST_UNREAD = 100
SNIPPET = 140
SNIPPET_HTML = 2_000  # enough for that many characters, even of code with colours

# Counting stops at MOST_UNREAD: nobody reads "18,204 unread", and counting them all would take as long as it sounds.
LATEST = """
SELECT room.id, last.id, unread.count, coalesce(last.created_at, room.created_at)
FROM chat_membership membership
JOIN chat_room room ON room.id = membership.room_id
LEFT JOIN LATERAL (
    SELECT id, created_at FROM chat_message
    WHERE room_id = room.id AND deleted_at IS NULL AND NOT hidden ORDER BY position DESC LIMIT 1
) last ON true
CROSS JOIN LATERAL (
    SELECT count(*) FROM (
        SELECT 1 FROM chat_message
        WHERE room_id = room.id AND position > membership.last_read AND author_id <> membership.user_id AND deleted_at IS NULL
          AND NOT hidden
        LIMIT %(most)s
    ) news
) unread
WHERE membership.user_id = %(user)s AND room.removed_at IS NULL AND (%(room)s::uuid IS NULL OR room.id = %(room)s::uuid)
ORDER BY 4 DESC, room.id DESC
LIMIT %(limit)s OFFSET %(offset)s
"""


@dataclass
class Place:
    """A room as one user sees it."""

    room: Room
    title: str
    other: User | None  # the other one of a direct room
    last: Message | None  # its body is cut to the first words, as they are read
    unread: int  # MOST_UNREAD means that many or more
    active_at: datetime

    @property
    def is_bot(self) -> bool:
        return self.other is not None and self.other.is_bot


@dataclass
class Sidebar:
    groups: list[Place] = field(default_factory=list)
    people: list[Place] = field(default_factory=list)
    bots: list[Place] = field(default_factory=list)
    page: int = 1
    more: bool = False

    @property
    def places(self) -> list[Place]:
        return sorted([*self.groups, *self.people, *self.bots], key=lambda place: place.active_at, reverse=True)


def rooms_for(user: User, page: int = 1) -> Sidebar:
    """One page of the user's rooms, sorted into groups, people and bots."""
    page = max(1, min(page, MOST_PAGES))
    places = _places(user, limit=PAGE + 1, offset=(page - 1) * PAGE)
    sidebar = Sidebar(page=page, more=len(places) > PAGE)
    for place in places[:PAGE]:
        shelf = sidebar.groups if place.room.is_group else sidebar.bots if place.is_bot else sidebar.people
        shelf.append(place)
    return sidebar


def place_of(user: User, room: Room) -> Place | None:
    """One room as the user sees it; nothing if they are not in it."""
    return next(iter(_places(user, limit=1, room_id=room.pk)), None)


def last_room(user: User) -> Room | None:
    """The room where something happened last."""
    place = next(iter(_places(user, limit=1)), None)
    return place.room if place else None


def _places(user: User, limit: int, offset: int = 0, room_id: uuid.UUID | None = None) -> list[Place]:
    with connection.cursor() as cursor:
        cursor.execute(LATEST, {"user": user.pk, "most": MOST_UNREAD, "limit": limit, "offset": offset, "room": room_id})
        rows = cursor.fetchall()
    rooms = Room.objects.in_bulk([row[0] for row in rows])
    lasts = _last_words([row[1] for row in rows if row[1]])
    others = _others(user, list(rooms.values()))
    return [
        Place(room, _title(room, others[room.pk]), _other(room, others[room.pk]), lasts.get(last), unread, active_at)
        for room_id, last, unread, active_at in rows
        if (room := rooms.get(room_id))
    ]


def _last_words(ids: list[uuid.UUID]) -> dict[uuid.UUID, Message]:
    messages = (
        Message.objects.filter(pk__in=ids)
        .select_related("author")
        .defer("body", "html", "metadata")
        .annotate(start=Left("html", SNIPPET_HTML))
    )
    found: dict[uuid.UUID, Message] = {}
    for message in messages:
        message.body = words_in(message.start)[:SNIPPET]
        found[message.pk] = message
    _name_by_files([message for message in found.values() if not message.body])
    return found


def _name_by_files(messages: list[Message]) -> None:
    """Those without words carry files, whose names stand for them."""
    prefetch_related_objects(messages, "attachments")
    for message in messages:
        message.body = showing.words_for(message.attachments.all())[:SNIPPET]


def _others(user: User, rooms: list[Room]) -> dict[uuid.UUID, list[User]]:
    """Who else is in the direct rooms and in the groups without a name, which are called by their members."""
    unnamed = [room.pk for room in rooms if not room.name]
    others: dict[uuid.UUID, list[User]] = defaultdict(list)
    for membership in Membership.objects.filter(room__in=unnamed).exclude(user=user).select_related("user").order_by("id"):
        others[membership.room_id].append(membership.user)
    return others


def _title(room: Room, others: list[User]) -> str:
    if room.name:
        return room.name
    names = [user.label for user in others[:3]]
    more = len(others) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "") or "Only you"


def _other(room: Room, others: list[User]) -> User | None:
    return others[0] if others and not room.is_group else None
