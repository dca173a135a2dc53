"""What attachments look like under a message and to programs."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.db.models import prefetch_related_objects
from django.template.loader import get_template
from django.urls import reverse

from chat.extras import Extra

if TYPE_CHECKING:
    from chat.models import Attachment, Message


def under(messages: Sequence[Message]) -> dict[uuid.UUID, Extra]:
    """Pictures and files of messages, as their footers. A source of extras."""
    prefetch_related_objects(list(messages), "attachments")
    return {message.pk: Extra(footer=_html(message)) for message in messages if message.attachments.all()}


def attachments_json(message: Message) -> list[dict[str, Any]]:
    prefetch_related_objects([message], "attachments")
    return [attachment_json(each) for each in message.attachments.all()]


def reference_json(attachment: Attachment) -> dict[str, Any]:
    """What one needs to know before one reads it."""
    return {
        "id": str(attachment.pk),
        "name": attachment.name,
        "kind": attachment.kind,
        "content_type": attachment.content_type,
        "size": attachment.size,
    }


def attachment_json(attachment: Attachment) -> dict[str, Any]:
    return reference_json(attachment) | {
        "width": attachment.width,
        "height": attachment.height,
        "url": url_of(attachment),
        "preview": reverse("attachment_preview", args=[attachment.pk]) if attachment.is_image else None,
    }


def url_of(attachment: Attachment) -> str:
    return reverse("attachment", args=[attachment.pk, attachment.name])


def words_for(attachments: Iterable[Attachment]) -> str:
    """What stands for a message without words, where there is room for a line: its files by name."""
    return ", ".join(each.name for each in attachments)


def _html(message: Message) -> str:
    found = list(message.attachments.all())
    parts = {"images": [each for each in found if each.is_image], "files": [each for each in found if not each.is_image]}
    return get_template("chat/_attachments.html").render(parts)
