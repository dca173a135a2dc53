"""The one way a person's message comes in, by whichever door: page, API or socket."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from chat import access
from chat.errors import NotFound
from chat.models import Message, Posted, Room
from chat.models.room import NO_ROOM
from chat.throttle import posts

if TYPE_CHECKING:
    from accounts.models import User


def post(user: User, room_id: uuid.UUID | str, body: str, client_id: str | None = None, reply_to: uuid.UUID | str | None = None) -> Posted:
    """Post into a room the user is in, no faster than the throttle lets them."""
    posts.admit(user)
    # Not read first: storing asks whether the author is in the room, and reads it then.
    room = Room(pk=access.as_uuid(room_id, NO_ROOM))
    return room.post(user, body, client_id=client_id, reply_to=_answered(room.pk, reply_to))


def _answered(room_id: uuid.UUID, message_id: uuid.UUID | str | None) -> Message | None:
    """The message that is answered. One of another room is not there, even if the user could see it in its own."""
    if not message_id:
        return None
    gone = "The message you answer is not in this room."
    message = Message.objects.select_related("author").filter(room_id=room_id, pk=access.as_uuid(message_id, gone)).first()
    if message is None:
        raise NotFound(gone)
    return message
