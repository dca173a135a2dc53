"""Which attachments a run may read: what its bot is shown in this room, and nothing of any other (W21, W24)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db.models import Q

from bots.errors import NotFound
from bots.window import visible
from chat.access import as_uuid
from chat.models import Attachment, Message
from chat.models.attachment import NO_ATTACHMENT
from chat.models.message import CARD

if TYPE_CHECKING:
    from bots.models import Run


def attachment_of(run: Run, attempt: int, attachment_id: uuid.UUID | str) -> Attachment:
    """For the attempt that has the run, on behalf of an asker who is in the room still."""
    with run.held(attempt) as held:
        found = Attachment.objects.filter(pk=as_uuid(attachment_id, NO_ATTACHMENT), room=held.room, room__memberships__user=held.asker)
        attachment = found.filter(Q(message__in=visible(held.bot, held).values("pk")) | Q(message__in=_answers_to(held))).first()
    if attachment is None:
        raise NotFound(NO_ATTACHMENT)
    return attachment


def _answers_to(run: Run) -> object:
    """The cards of this very run: somebody may have answered its question with a file."""
    return Message.objects.filter(room=run.room_id, kind=CARD, metadata__run=str(run.pk), deleted_at=None).values("pk")
