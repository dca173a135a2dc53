"""Alternatives by plain forms: which one the room shows, and a message said in other words."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from chat import access
from chat.errors import BadInput, TooFast
from chat.models import Message
from chat.throttle import posts
from chat.views.doors import PersonRequest, for_people, given_back
from chat.views.messages import shown_alone


@require_POST
@for_people
def choose(request: PersonRequest, room_id: uuid.UUID, message_id: uuid.UUID) -> HttpResponse:
    posts.admit(request.user)
    message = access.message_in(request.user, room_id, message_id)
    return redirect(_place(message.room.choose(message, request.user)))


@require_POST
@for_people
def resubmit(request: PersonRequest, room_id: uuid.UUID, message_id: uuid.UUID) -> HttpResponse:
    """What cannot be taken comes back with its text."""
    message = access.message_in(request.user, room_id, message_id)
    body = request.POST.get("body", "").replace("\r\n", "\n")
    try:
        posts.admit(request.user)
        posted = message.resubmit(request.user, body, request.POST.get("client_id") or None)
    except (BadInput, TooFast) as error:
        return given_back(request, error, "chat/message.html", shown_alone(request, message, body))
    return redirect(_place(posted.message))


def _place(message: Message) -> str:
    return f"{reverse('room', args=[message.room_id])}?before={message.position + 25}#message-{message.pk}"
