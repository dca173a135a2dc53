"""A reply made again, by a plain form."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from bots.regenerating import regenerate as regenerate_reply
from chat import access
from chat.throttle import posts
from chat.views.doors import PersonRequest, for_people


@require_POST
@for_people
def regenerate(request: PersonRequest, room_id: uuid.UUID, message_id: uuid.UUID) -> HttpResponse:
    posts.admit(request.user)
    regenerate_reply(access.message_in(request.user, room_id, message_id), request.user)
    return redirect("room", room_id)
