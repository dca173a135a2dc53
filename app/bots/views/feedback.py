"""Thumbs. A thumb down asks what was wrong and what was expected; the browser asks for that form as a part of the room."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from bots import access, rating
from bots.errors import BadInput
from chat.models import Message
from chat.throttle import posts
from chat.views.doors import PersonRequest, for_people

PART = "feedback"
THUMBS = {"1": 1, "-1": -1, "0": 0}


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def feedback(request: PersonRequest, room_id: uuid.UUID, message_id: uuid.UUID) -> HttpResponse:
    message = access.reply_for(request.user, room_id, message_id)
    access.run_behind(message)
    if request.method != "POST":
        return _shown(request, message, {})
    return _rated(request, message)


def _rated(request: PersonRequest, message: Message) -> HttpResponse:
    said = {name: request.POST.get(name, "") for name in ("reason", "expected")}
    posts.admit(request.user)
    try:
        # What is no number is no thumb either: `rate` says which there are.
        rating.rate(message, request.user, THUMBS.get(request.POST.get("value", ""), 2), **said)
    except BadInput as error:
        return _shown(request, message, {**said, "problem": error.message})
    return HttpResponse(status=204) if _is_part(request) else redirect(_place(message))


def _shown(request: PersonRequest, message: Message, form: dict[str, Any]) -> HttpResponse:
    mine = rating.of(message, request.user)
    known = {"reason": mine.reason, "expected": mine.expected, "value": mine.value} if mine else {}
    template = "bots/_feedback_form.html" if _is_part(request) else "bots/feedback.html"
    shown = {"message": message, "place": _place(message), **known, **form}
    return render(request, template, shown, status=422 if "problem" in form else 200)


def _place(message: Message) -> str:
    return f"{reverse('room', args=[message.room_id])}?before={message.position + 25}#message-{message.pk}"


def _is_part(request: PersonRequest) -> bool:
    return request.headers.get("Turbo-Frame") == PART
