"""Rooms: the one that was open last, one of them, a new one."""

from __future__ import annotations

import uuid

from django.contrib.auth import get_user_model
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from chat import access, choosing, profiles, shelves, sidebar
from chat.errors import BadInput, NotFound, TooFast
from chat.models import Room
from chat.profiles import Profile
from chat.room_page import RoomPage
from chat.throttle import posts
from chat.views.doors import PersonRequest, for_people, given_back

LAST = "room"
MONTH = 30 * 24 * 3600


@require_safe
@for_people
def home(request: PersonRequest) -> HttpResponse:
    """The room that was open last, else the latest; for a newcomer the first page."""
    try:
        return redirect("room", access.room_for(request.user, request.COOKIES.get(LAST, "")).pk)
    except NotFound:
        room = sidebar.last_room(request.user)
    return redirect("room", room.pk) if room else redirect("welcome")


@require_safe
@for_people
def welcome(request: PersonRequest) -> HttpResponse:
    """What this is, and how to begin."""
    return render(request, "chat/welcome.html", {"bots": shelves.new_bots(request.user)})


@require_safe
@for_people
def room(request: PersonRequest, room_id: uuid.UUID) -> HttpResponse:
    page = RoomPage(access.membership_for(request.user, room_id), before=_position(request, "before"), after=_position(request, "after"))
    part = request.headers.get("Turbo-Frame")
    template = {"older": "chat/_messages.html", "room-top": "chat/_top.html"}.get(part or "", "chat/room.html")
    response = render(request, template, {"page": page, "room": page.room})
    if part is None and "prefetch" not in request.headers.get("X-Sec-Purpose", ""):
        response.set_cookie(LAST, str(page.room.pk), max_age=MONTH, secure=request.is_secure(), httponly=True, samesite="Lax")
    return response


@require_safe
@for_people
def new(request: PersonRequest) -> HttpResponse:
    """Choose who is in a new group."""
    return render(request, "chat/new_room.html", choosing.context(request.user, request.GET))


@require_POST
@for_people
def create(request: PersonRequest) -> HttpResponse:
    """One member and no name: the direct room with them. Else a group; a form of one that cannot be taken comes back as it was."""
    try:
        return redirect("room", _made(request).pk)
    except (BadInput, TooFast) as error:
        if "group" not in request.POST:
            raise
        return given_back(request, error, "chat/new_room.html", choosing.context(request.user, request.POST))


def _made(request: PersonRequest) -> Room:
    posts.admit(request.user)
    members = choosing.chosen(request.POST.getlist("member"), request.POST.get("others", ""))
    name = request.POST.get("name", "").strip()
    if len(members) == 1 and not name and "group" not in request.POST:
        return Room.direct(request.user, members[0])
    return Room.group(request.user, name, members)


@require_safe
@for_people
def person(request: PersonRequest, username: str) -> HttpResponse:
    """Somebody's card."""
    other = get_user_model().objects.filter(username=username, is_active=True).first()
    if other is None:
        raise NotFound("There is nobody with this name.")
    return render(
        request,
        "chat/person.html",
        {"person": other, "profile": profiles.of([other.pk]).get(other.pk, Profile()), "is_me": other.pk == request.user.pk},
    )


def _position(request: PersonRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 18 else None
