"""A group's settings: its name, who is in it, leaving and removing it."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from chat import access, choosing
from chat.errors import BadInput, NotFound, TooFast
from chat.room_page import RoomPage
from chat.throttle import posts
from chat.views.doors import PersonRequest, for_people, given_back


@require_safe
@for_people
def settings(request: PersonRequest, room_id: uuid.UUID) -> HttpResponse:
    return render(request, "chat/room_settings.html", _shown(request, room_id))


@require_POST
@for_people
def rename(request: PersonRequest, room_id: uuid.UUID) -> HttpResponse:
    try:
        posts.admit(request.user)
        access.room_for(request.user, room_id).rename(request.user, request.POST.get("name", ""))
    except (BadInput, TooFast) as error:
        return given_back(request, error, "chat/room_settings.html", _shown(request, room_id))
    messages.success(request, "The room has its new name.")
    return redirect("room_settings", room_id)


@require_POST
@for_people
def add(request: PersonRequest, room_id: uuid.UUID) -> HttpResponse:
    room = access.room_for(request.user, room_id)
    try:
        posts.admit(request.user)
        users = choosing.chosen(request.POST.getlist("member"), request.POST.get("others", ""))
        for user in users:
            room.add(user, request.user)
    except (BadInput, TooFast) as error:
        return given_back(request, error, "chat/room_settings.html", _shown(request, room_id))
    messages.success(request, f"{', '.join(user.label for user in users)} can now read and write here.")
    return redirect("room_settings", room_id)


@require_POST
@for_people
def remove_member(request: PersonRequest, room_id: uuid.UUID, username: str) -> HttpResponse:
    """Somebody is removed by an admin, or leaves by themselves."""
    posts.admit(request.user)
    room = access.room_for(request.user, room_id)
    member = room.members.filter(username=username).first()
    if member is None:
        raise NotFound("There is no such member in this room.")
    room.remove(member, request.user)
    if member.pk == request.user.pk:
        messages.success(request, f"You have left {room.name or 'the room'}.")
        return redirect("home")
    return redirect("room_settings", room_id)


@require_POST
@for_people
def remove(request: PersonRequest, room_id: uuid.UUID) -> HttpResponse:
    posts.admit(request.user)
    room = access.room_for(request.user, room_id)
    room.dissolve(request.user)
    messages.success(request, f"{room.name or 'The room'} is removed.")
    return redirect("home")


def _shown(request: PersonRequest, room_id: uuid.UUID) -> dict[str, Any]:
    membership = access.membership_for(request.user, room_id)
    if not membership.room.is_group:
        raise NotFound("A direct room has no settings.")
    page = RoomPage(membership)
    filled = choosing.context(request.user, request.POST, beside=page.room)
    return {"page": page, "room": page.room, "membership": membership, **filled, "name": request.POST.get("name", page.room.name)}
