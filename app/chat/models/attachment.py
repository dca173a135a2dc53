from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models

from lib.ids import uuid7

if TYPE_CHECKING:
    from chat.models.message import Message

IMAGE = "image"
FILE = "file"


def path_of(attachment: Attachment, _: str) -> str:
    """Where its bytes lie: a random name, whatever the uploader called it (W6)."""
    return f"attachments/{attachment.pk}"


def preview_path_of(attachment: Attachment, _: str) -> str:
    return f"attachments/{attachment.pk}.preview"


class Attachment(models.Model):
    """A picture or file that somebody put into a room. Without a message it is an upload that was not sent (yet)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    room = models.ForeignKey("chat.Room", on_delete=models.CASCADE, related_name="attachments")
    uploader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="attachments")
    message: models.ForeignKey[Message | None, Message | None] = models.ForeignKey(
        "chat.Message", on_delete=models.SET_NULL, null=True, blank=True, related_name="attachments"
    )
    kind = models.CharField(max_length=5, choices=[(IMAGE, "image"), (FILE, "file")])
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    content = models.FileField(upload_to=path_of)
    preview = models.FileField(upload_to=preview_path_of, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at", "id"]
        indexes = [models.Index(fields=["created_at"], condition=models.Q(message=None), name="attachment_unsent")]

    def __str__(self) -> str:
        return self.name
