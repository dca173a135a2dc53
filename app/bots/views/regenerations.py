"""A reply made again, by a plain form."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from bots.errors import BadInput, NotAllowed
from bots.regenerating import regenerate as regenerate_reply
from chat import access
from chat.throttle import posts
from chat.views.doors import PersonRequest, for_people


@require_POST
@for_people
def regenerate(request: PersonRequest, room_id: uuid.UUID, message_id: uuid.UUID) -> HttpResponse:
    """What cannot be done is said on a page of its own: the room's script reads it there, and gives the button back."""
    posts.admit(request.user)
    try:
        regenerate_reply(access.message_in(request.user, room_id, message_id), request.user)
    except BadInput as error:
        raise NotAllowed(error.message) from error
    return redirect("room", room_id)
