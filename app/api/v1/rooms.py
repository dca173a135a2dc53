"""Rooms and their members."""

from __future__ import annotations

from typing import Any, Literal

from django.contrib.auth import get_user_model
from django.http import HttpResponse
from ninja import Field, Router, Schema
from ninja.responses import Status

from accounts.models import User as Account
from api.auth import ApiRequest, for_chat
from api.v1.users import User
from chat import access, people, sidebar
from chat.errors import BadInput, NotFound
from chat.limits import MEMBERS_LIMIT, UNSTORABLE
from chat.models import Room as ChatRoom
from chat.models.room import NO_ROOM
from chat.rendering import as_author, moment
from chat.throttle import posts

router = Router(auth=for_chat, tags=["rooms"])


class Room(Schema):
    id: str
    kind: Literal["direct", "group"]
    name: str
    title: str
    seq: int
    unread: int
    created_at: str
    active_at: str


class Rooms(Schema):
    rooms: list[Room]
    page: int
    more: bool


class NewRoom(Schema):
    members: list[str] = Field(min_length=1, max_length=MEMBERS_LIMIT)
    name: str = ""


class Name(Schema):
    name: str


class Username(Schema):
    username: str


class Member(User):
    role: Literal["admin", "member"]


class Members(Schema):
    members: list[Member]
    page: int
    more: bool


class Position(Schema):
    position: int = Field(ge=0)


@router.get("", response=Rooms, summary="Your rooms, the latest first")
def rooms(request: ApiRequest, page: int = 1) -> Any:
    found = sidebar.rooms_for(request.auth.user, page)
    return {"rooms": [_shown(place) for place in found.places], "page": found.page, "more": found.more}


@router.post("", response={200: Room, 201: Room}, summary="Open a direct room, or make a group")
def make(request: ApiRequest, payload: NewRoom) -> Any:
    """One member and no name: the direct room with them, made if need be (200 when it was there). Else a group, with you as its admin."""
    user = request.auth.user
    posts.admit(user)
    members = [_account(username) for username in dict.fromkeys(payload.members)]
    if len(members) == 1 and not payload.name.strip():
        room, created = ChatRoom.objects.direct(user, members[0])
    else:
        room, created = ChatRoom.group(user, payload.name, members), True
    return Status(201 if created else 200, _shown_to(user, room))


@router.get("/{room_id}", response=Room, summary="One room")
def room(request: ApiRequest, room_id: str) -> Any:
    return _shown_to(request.auth.user, access.room_for(request.auth.user, room_id))


@router.patch("/{room_id}", response=Room, summary="Rename a group")
def rename(request: ApiRequest, room_id: str, payload: Name) -> Any:
    posts.admit(request.auth.user)
    room = access.room_for(request.auth.user, room_id)
    room.rename(request.auth.user, payload.name)
    return _shown_to(request.auth.user, room)


@router.delete("/{room_id}", response={204: None}, summary="Remove a group for everybody")
def remove(request: ApiRequest, room_id: str) -> Any:
    posts.admit(request.auth.user)
    access.room_for(request.auth.user, room_id).dissolve(request.auth.user)
    return HttpResponse(status=204)


@router.get("/{room_id}/members", response=Members, summary="Who is in a room")
def members(request: ApiRequest, room_id: str, search: str = "", page: int = 1) -> Any:
    room = access.room_for(request.auth.user, room_id)
    found = people.members(room.members.all(), search, page)
    roles = dict(room.memberships.filter(user__in=found.users).values_list("user_id", "role"))
    shown = [as_author(user) | {"role": roles[user.pk]} for user in found.users if user.pk in roles]
    return {"members": shown, "page": found.page, "more": found.more}


@router.post("/{room_id}/members", response={200: User, 201: User}, summary="Add somebody to a group")
def add(request: ApiRequest, room_id: str, payload: Username) -> Any:
    posts.admit(request.auth.user)
    room = access.room_for(request.auth.user, room_id)
    account = _account(payload.username)
    return Status(201 if room.add(account, request.auth.user) else 200, as_author(account))


@router.delete("/{room_id}/members/{username}", response={204: None}, summary="Leave a group, or remove somebody from it")
def expel(request: ApiRequest, room_id: str, username: str) -> Any:
    posts.admit(request.auth.user)
    room = access.room_for(request.auth.user, room_id)
    member = None if UNSTORABLE.search(username) else room.members.filter(username=username).first()
    if member is None:
        raise NotFound("There is no such member in this room.")
    room.remove(member, request.auth.user)
    return HttpResponse(status=204)


@router.put("/{room_id}/read", response=Position, summary="Mark as read up to a position")
def read(request: ApiRequest, room_id: str, payload: Position) -> Any:
    return {"position": access.membership_for(request.auth.user, room_id).mark_read(payload.position)}


def _account(username: str) -> Account:
    found = None if UNSTORABLE.search(username) else get_user_model().objects.filter(username=username.lower(), is_active=True).first()
    if found is None:
        raise BadInput(f"Nobody here has the username {username[:50]!r}.", username="is unknown")
    return found


def _shown_to(user: Account, room: ChatRoom) -> dict[str, Any]:
    place = sidebar.place_of(user, room)
    if place is None:  # they were removed in this very moment
        raise NotFound(NO_ROOM)
    return _shown(place)


def _shown(place: sidebar.Place) -> dict[str, Any]:
    return {
        "id": str(place.room.pk),
        "kind": place.room.kind,
        "name": place.room.name,
        "title": place.title,
        "seq": place.room.seq,
        "unread": place.unread,
        "created_at": moment(place.room.created_at),
        "active_at": moment(place.active_at),
    }
