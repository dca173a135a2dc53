"""Messages by plain forms, for readers without script; and the address of one message."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from chat import access, extras, posting
from chat.errors import BadInput, ChatError, ClientIdReused, NoSpace, TooFast
from chat.models import Message
from chat.room_page import RoomPage
from chat.throttle import posts
from chat.views.doors import PersonRequest, for_people, given_back


@require_POST
@for_people
def post(request: PersonRequest, room_id: uuid.UUID) -> HttpResponse:
    """What cannot be taken comes back with its text, so that nothing is lost."""
    body = request.POST.get("body", "").replace("\r\n", "\n")
    try:
        posting.post_form(request.user, room_id, body, request.POST.get("client_id"), request.FILES.getlist("files"))
    except ClientIdReused:
        return _given_back(request, room_id, body, BadInput("This page has sent another message before. Send again to send this one too."))
    except (BadInput, TooFast, NoSpace) as error:
        return _given_back(request, room_id, body, error)
    return redirect("room", room_id)


@require_POST
@for_people
def read(request: PersonRequest, room_id: uuid.UUID) -> HttpResponse:
    membership = access.membership_for(request.user, room_id)
    membership.mark_read(membership.room.seq)
    return redirect("room", room_id)


@require_safe
@for_people
def message(request: PersonRequest, room_id: uuid.UUID, message_id: uuid.UUID) -> HttpResponse:
    """One message by itself; its author can change it here."""
    found = access.message_in(request.user, room_id, message_id)
    return render(request, "chat/message.html", shown_alone(request, found, found.body))


@require_POST
@for_people
def edit(request: PersonRequest, room_id: uuid.UUID, message_id: uuid.UUID) -> HttpResponse:
    found = access.message_in(request.user, room_id, message_id)
    body = request.POST.get("body", "").replace("\r\n", "\n")
    try:
        posts.admit(request.user)
        found.edit(request.user, body)
    except (BadInput, TooFast) as error:
        return given_back(request, error, "chat/message.html", shown_alone(request, found, body))
    return redirect("message", room_id, message_id)


@require_POST
@for_people
def delete(request: PersonRequest, room_id: uuid.UUID, message_id: uuid.UUID) -> HttpResponse:
    posts.admit(request.user)
    access.message_in(request.user, room_id, message_id).retract(request.user)
    return redirect("room", room_id)


def _given_back(request: PersonRequest, room_id: uuid.UUID, body: str, error: ChatError) -> HttpResponse:
    page = RoomPage(access.membership_for(request.user, room_id))
    return given_back(request, error, "chat/room.html", {"page": page, "room": page.room, "body": body})


def shown_alone(request: PersonRequest, message: Message, body: str) -> dict[str, Any]:
    place = f"{reverse('room', args=[message.room_id])}?before={message.position + 25}#message-{message.pk}"
    own = message.author_id == request.user.pk and message.kind == "text" and not message.deleted_at
    extra = extras.of([message]).get(message.pk, extras.NONE)
    asks_bots = message.room.members.filter(is_bot=True).exists()
    return {"message": message, "asks_bots": asks_bots, "extra": extra, "room": message.room, "place": place, "own": own, "body": body}
