"""The sidebar as the page shows it: the user's rooms with what their people and bots say of themselves, and bots not met yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model

from chat import awaiting, people, profiles, sidebar
from chat.profiles import Profile
from chat.sidebar import Place

if TYPE_CHECKING:
    from accounts.models import User

MOST_NEW_BOTS = 30


@dataclass
class Entry:
    """One line: a room, or somebody one can open a room with."""

    name: str
    line: str
    kind: str  # group, person or bot
    place: Place | None = None
    user: User | None = None
    profile: Profile = field(default_factory=Profile)
    waits: bool = False  # for a decision of whoever looks

    @property
    def unread(self) -> int:
        return self.place.unread if self.place else 0

    @property
    def unread_words(self) -> str:
        return f"{sidebar.MOST_UNREAD - 1}+" if self.unread >= sidebar.MOST_UNREAD else str(self.unread)


@dataclass
class Shelves:
    groups: list[Entry] = field(default_factory=list)
    people: list[Entry] = field(default_factory=list)
    bots: list[Entry] = field(default_factory=list)
    search: str = ""
    page: int = 1
    more: bool = False

    @property
    def empty(self) -> bool:
        return not (self.groups or self.people or self.bots)


def of(user: User, search: str = "", page: int = 1) -> Shelves:
    """What stands in the sidebar: without a search one's own rooms, with one everybody whose name fits."""
    return _found(user, search.strip(), page) if search.strip() else _own(user, page)


def new_bots(user: User) -> list[Entry]:
    """Bots without a direct room with this user yet."""
    met = get_user_model().objects.filter(rooms__kind="direct", rooms__memberships__user=user)
    bots = get_user_model().objects.filter(is_bot=True, is_active=True).exclude(pk__in=met.values("pk"))
    return entries_of(list(bots.order_by("username")[:MOST_NEW_BOTS]))


def entries_of(users: list[User]) -> list[Entry]:
    """Users as lines, with what is known of the bots among them."""
    known = profiles.of([user.pk for user in users if user.is_bot])
    return [_person(user, known.get(user.pk, Profile())) for user in users]


def _own(user: User, page: int) -> Shelves:
    rooms = sidebar.rooms_for(user, page)
    known = profiles.of([place.other.pk for place in rooms.bots if place.other])
    shelves = Shelves(page=rooms.page, more=rooms.more)
    shelves.groups = [_room(user, place, Profile()) for place in rooms.groups]
    shelves.people = [_room(user, place, Profile()) for place in rooms.people]
    shelves.bots = [_room(user, place, known.get(place.other.pk, Profile())) for place in rooms.bots if place.other]
    if rooms.page == 1:
        shelves.bots += new_bots(user)
    _mark(user, [*shelves.groups, *shelves.people, *shelves.bots])
    return shelves


def _mark(user: User, entries: list[Entry]) -> None:
    placed = {entry.place.room.pk: entry for entry in entries if entry.place}
    for pk in awaiting.among(user, placed.keys()):
        placed[pk].waits = True


def _found(user: User, search: str, page: int) -> Shelves:
    found = people.search(user, search, page)
    entries = entries_of(found.users)
    shelves = Shelves(search=search, page=found.page, more=found.more)
    shelves.people = [entry for entry in entries if entry.kind == "person"]
    shelves.bots = [entry for entry in entries if entry.kind == "bot"]
    return shelves


def _room(user: User, place: Place, profile: Profile) -> Entry:
    kind = "group" if place.room.is_group else "bot" if place.is_bot else "person"
    line = profile.line if kind == "bot" else _last_words(user, place)
    return Entry(place.title, line, kind, place=place, user=place.other, profile=profile)


def _last_words(user: User, place: Place) -> str:
    if place.last is None:
        return "Nothing said yet"
    words = place.last.body
    if place.last.author_id == user.pk:
        return f"You: {words}"
    return f"{place.last.author.label}: {words}" if place.room.is_group else words


def _person(user: User, profile: Profile) -> Entry:
    kind = "bot" if user.is_bot else "person"
    return Entry(user.label, profile.line if user.is_bot else f"@{user.username}", kind, user=user, profile=profile)
