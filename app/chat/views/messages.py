"""Messages by plain forms, for readers without script; and the address of one message."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from chat import access, posting
from chat.errors import BadInput, NotFound, TooFast
from chat.models import Message
from chat.models.message import NO_MESSAGE
from chat.room_page import RoomPage
from chat.throttle import posts
from chat.views.doors import PersonRequest, for_people


@require_POST
@for_people
def post(request: PersonRequest, room_id: uuid.UUID) -> HttpResponse:
    """What cannot be taken comes back with its text, so that nothing is lost."""
    body = request.POST.get("body", "").replace("\r\n", "\n")
    try:
        posting.post(request.user, room_id, body, client_id=request.POST.get("client_id"))
    except (BadInput, TooFast) as error:
        page = RoomPage(access.membership_for(request.user, room_id))
        context = {"page": page, "room": page.room, "body": body, "problem": error.message}
        return render(request, "chat/room.html", context, status=error.status if isinstance(error, TooFast) else 422)
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
    found = _message(request, room_id, message_id)
    place = f"{reverse('room', args=[room_id])}?before={found.position + 25}#message-{found.pk}"
    own = found.author_id == request.user.pk and found.kind == "text" and not found.deleted_at
    return render(request, "chat/message.html", {"message": found, "room": found.room, "place": place, "own": own})


@require_POST
@for_people
def edit(request: PersonRequest, room_id: uuid.UUID, message_id: uuid.UUID) -> HttpResponse:
    posts.admit(request.user)
    found = _message(request, room_id, message_id)
    found.edit(request.user, request.POST.get("body", "").replace("\r\n", "\n"))
    return redirect("message", room_id, message_id)


@require_POST
@for_people
def delete(request: PersonRequest, room_id: uuid.UUID, message_id: uuid.UUID) -> HttpResponse:
    posts.admit(request.user)
    _message(request, room_id, message_id).retract(request.user)
    return redirect("room", room_id)


def _message(request: PersonRequest, room_id: uuid.UUID, message_id: uuid.UUID) -> Message:
    found = access.message_for(request.user, message_id)
    if found.room_id != room_id:
        raise NotFound(NO_MESSAGE)
    return found
