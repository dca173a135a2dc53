"""Who may see what. Pages, API and sockets ask here; what is not for somebody is, for them, not there."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from chat.errors import NotFound
from chat.models import Attachment, Membership, Message, Room
from chat.models.attachment import NO_ATTACHMENT
from chat.models.message import NO_MESSAGE
from chat.models.room import NO_ROOM

if TYPE_CHECKING:
    from accounts.models import User


def room_for(user: User, room_id: uuid.UUID | str) -> Room:
    """The room, if this user is in it."""
    try:
        return Room.objects.visible_to(user).get(pk=as_uuid(room_id, NO_ROOM))
    except Room.DoesNotExist:
        raise NotFound(NO_ROOM) from None


def membership_for(user: User, room_id: uuid.UUID | str) -> Membership:
    """The user's own place in the room, with the room."""
    found = (
        Membership.objects.select_related("room", "user")
        .filter(room_id=as_uuid(room_id, NO_ROOM), user=user, room__removed_at=None)
        .first()
    )
    if found is None:
        raise NotFound(NO_ROOM)
    return found


def message_for(user: User, message_id: uuid.UUID | str) -> Message:
    """The message, if this user is in its room."""
    visible = Message.objects.filter(room__removed_at=None, room__memberships__user=user)
    try:
        return visible.select_related("room", "author").get(pk=as_uuid(message_id, NO_MESSAGE))
    except Message.DoesNotExist:
        raise NotFound(NO_MESSAGE) from None


def attachment_for(user: User, attachment_id: uuid.UUID | str) -> Attachment:
    """The file, if it is sent in a room of this user, or theirs and not sent yet."""
    try:
        return Attachment.objects.visible_to(user).get(pk=as_uuid(attachment_id, NO_ATTACHMENT))
    except Attachment.DoesNotExist:
        raise NotFound(NO_ATTACHMENT) from None


def message_in(user: User, room_id: uuid.UUID, message_id: uuid.UUID) -> Message:
    """The message, if this user is in this room and it is too."""
    found = message_for(user, message_id)
    if found.room_id != room_id:
        raise NotFound(NO_MESSAGE)
    return found


def as_uuid(text: uuid.UUID | str, otherwise: str) -> uuid.UUID:
    """An id that is none names nothing, like one that never was."""
    try:
        return text if isinstance(text, uuid.UUID) else uuid.UUID(text)
    except (ValueError, AttributeError, TypeError):
        raise NotFound(otherwise) from None
