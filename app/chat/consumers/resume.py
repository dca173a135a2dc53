"""What sockets read from the database. Plain functions, called in a thread."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.models import ApiToken
from chat import access, drafts
from chat.consumers.door import Visitor
from chat.models import Membership, Room
from chat.models.message import places_of
from chat.rendering import event_frames

if TYPE_CHECKING:
    from accounts.models import User

MOST_EVENTS = 500
# More text than this is a page to load, not a frame to send.
MOST_CHARACTERS = 400_000


def rooms_of(user: User) -> dict[str, int]:
    """The user's rooms and their seqs."""
    return {str(pk): seq for pk, seq in Room.objects.visible_to(user).values_list("pk", "seq")}


def seqs_of(room_ids: Iterable[str]) -> dict[str, int]:
    return {str(pk): seq for pk, seq in Room.objects.filter(pk__in=list(room_ids), removed_at=None).values_list("pk", "seq")}


def visible(user: User, room_id: str) -> str:
    """The id of the room, as it is written in groups, if the user is in it."""
    return str(access.room_for(user, room_id).pk)


def is_visible(user: User, room_id: str) -> bool:
    return Room.objects.visible_to(user).filter(pk=room_id).exists()


def opened(user: User, room_id: str, after: int | None) -> dict[str, Any]:
    """The answer to `open`: what the client missed since `after`, or that it missed too much and must load the room again."""
    room = access.room_for(user, room_id)
    missed = [] if after is None else list(room.events.after(after)[: MOST_EVENTS + 1])
    seq = missed[-1].seq if missed else room.seq
    places_of([event.message for event in missed if event.message])
    # A client that knows more than we do saw a database that is no more (a restored backup).
    recovered = after is None or (len(missed) <= MOST_EVENTS and after <= room.seq)
    if recovered and sum(len(event.message.body) for event in missed if event.message) > MOST_CHARACTERS:
        recovered = False
    return {
        "type": "opened",
        "room": str(room.pk),
        "seq": seq if recovered else room.seq,
        "recovered": recovered,
        "events": event_frames(missed) if recovered else [],
        "drafts": [draft.as_frame(room.pk) for draft in drafts.of(room.pk)],
    }


def read(user: User, room_id: str, position: int) -> int:
    return access.membership_for(user, room_id).mark_read(position)


def still_welcome(visitors: list[Visitor]) -> set[Visitor]:
    """Those of the visitors whose session or token still stands, and whose user does. For when the hint of its end was lost."""
    users = get_user_model().objects.in_bulk({visitor.user.pk for visitor in visitors})
    keys = {visitor.session_key for visitor in visitors if visitor.session_key}
    live = Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now()).values_list("session_key", flat=True)
    tokens = set(ApiToken.objects.filter(pk__in={v.token for v in visitors if v.token}, revoked_at=None).values_list("pk", flat=True))
    sessions = set(live)
    return {visitor for visitor in visitors if _stands(visitor, users.get(visitor.user.pk), sessions, tokens)}


def _stands(visitor: Visitor, user: User | None, sessions: set[str], tokens: set[int]) -> bool:
    if user is None or not user.is_active:
        return False
    if visitor.token:
        return visitor.token in tokens
    return visitor.session_key in sessions and visitor.password == user.get_session_auth_hash()


def members_now(user_ids: set[int]) -> dict[int, set[str]]:
    """Who is in which rooms."""
    found: dict[int, set[str]] = {user_id: set() for user_id in user_ids}
    for user_id, room_id in Membership.objects.filter(user__in=user_ids, room__removed_at=None).values_list("user_id", "room_id"):
        found[user_id].add(str(room_id))
    return found
