"""A bot's reply, corrected; and both its versions. The form also stands in the room: the browser asks for it as a part."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from bots import access, correcting
from bots.errors import BadInput
from bots.versions_of_reply import versions
from chat.models import Message
from chat.throttle import posts
from chat.views.doors import PersonRequest, for_people

PART = "correction"


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def correction(request: PersonRequest, room_id: uuid.UUID, message_id: uuid.UUID) -> HttpResponse:
    message = access.reply_for(request.user, room_id, message_id)
    correcting.check_correctable(message, request.user)
    if request.method != "POST":
        return _shown(request, message, {"before": message.body, "body": message.body})
    return _corrected(request, message)


def _corrected(request: PersonRequest, message: Message) -> HttpResponse:
    before, body = (request.POST.get(name, "").replace("\r\n", "\n") for name in ("before", "body"))
    posts.admit(request.user)
    try:
        correcting.correct(message, request.user, before, body)
    except correcting.ChangedMeanwhile as error:
        return _shown(request, message, {"before": error.now, "body": body, "problem": error.message})
    except BadInput as error:
        return _shown(request, message, {"before": before, "body": body, "problem": error.message})
    return HttpResponse(status=204) if _is_part(request) else redirect("correction", message.room_id, message.pk)


def _shown(request: PersonRequest, message: Message, form: dict[str, Any]) -> HttpResponse:
    status = 422 if "problem" in form else 200
    if _is_part(request):
        return render(request, "bots/_correction_form.html", {"message": message, **form}, status=status)
    place = f"{reverse('room', args=[message.room_id])}?before={message.position + 25}#message-{message.pk}"
    page = {"message": message, "place": place, "versions": versions(message), **form}
    return render(request, "bots/correction.html", page, status=status)


def _is_part(request: PersonRequest) -> bool:
    return request.headers.get("Turbo-Frame") == PART
