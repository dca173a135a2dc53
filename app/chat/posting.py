"""The one way a person's message comes in, by whichever door: page, API or socket."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from chat import access, uploading
from chat.errors import BadInput, ChatError, NotFound
from chat.models import Attachment, Message, Posted, Room
from chat.models.attachment import GONE, MOST_IN_A_MESSAGE
from chat.models.room import NO_ROOM
from chat.throttle import posts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.core.files.uploadedfile import UploadedFile

    from accounts.models import User


def post(
    user: User,
    room_id: uuid.UUID | str,
    body: str,
    client_id: str | None = None,
    reply_to: uuid.UUID | str | None = None,
    attachments: Sequence[uuid.UUID | str] = (),
) -> Posted:
    """Post into a room the user is in, no faster than the throttle lets them."""
    posts.admit(user)
    # Not read first: storing asks whether the author is in the room, and reads it then.
    room = Room(pk=access.as_uuid(room_id, NO_ROOM))
    carried = _carried(user, room.pk, attachments) if attachments else []
    return room.post(user, body, client_id=client_id, reply_to=_answered(room.pk, reply_to), attachments=carried)


def post_form(user: User, room_id: uuid.UUID | str, body: str, client_id: str | None, files: Sequence[UploadedFile[bytes]]) -> Posted:
    """Post with files that came along: all of it, or nothing. A form that is sent twice leaves none of its files behind."""
    taken = uploading.upload_all(user, room_id, files)
    try:
        posted = post(user, room_id, body, client_id, attachments=[each.pk for each in taken])
    except ChatError:
        uploading.drop(taken)
        raise
    if not posted.created:
        uploading.drop(taken)
    return posted


def _carried(user: User, room_id: uuid.UUID, ids: Sequence[uuid.UUID | str]) -> list[Attachment]:
    """What the user has put into this room. That it is not sent yet, storing asks: the same post may come twice."""
    wanted = {access.as_uuid(each, GONE) for each in ids}
    if len(wanted) > MOST_IN_A_MESSAGE:
        raise BadInput(f"A message carries at most {MOST_IN_A_MESSAGE} files.", attachments="are too many")
    found = list(Attachment.objects.filter(pk__in=wanted, room=room_id, uploader=user))
    if len(found) != len(wanted):
        raise NotFound(GONE)
    return found


def _answered(room_id: uuid.UUID, message_id: uuid.UUID | str | None) -> Message | None:
    """The message that is answered. One of another room is not there, even if the user could see it in its own."""
    if not message_id:
        return None
    gone = "The message you answer is not in this room."
    message = Message.objects.select_related("author").filter(room_id=room_id, pk=access.as_uuid(message_id, gone)).first()
    if message is None:
        raise NotFound(gone)
    return message
