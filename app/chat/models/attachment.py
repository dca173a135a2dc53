from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import models, transaction
from django.db.models import Q

from chat.errors import BadInput, NotAllowed
from lib.ids import uuid7

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accounts.models import User
    from chat.models.message import Message

IMAGE = "image"
FILE = "file"
MOST_IN_A_MESSAGE = 10
NO_ATTACHMENT = "There is no such file, or you are not in its room."
GONE = "One of these files is not here any more. Take it out, add it again and send."


def path_of(attachment: Attachment, _: str) -> str:
    """Where its bytes lie: a random name, whatever the uploader called it (W6)."""
    return f"attachments/{attachment.pk}"


def preview_path_of(attachment: Attachment, _: str) -> str:
    return f"attachments/{attachment.pk}.preview"


class Attachments(models.QuerySet["Attachment"]):
    def visible_to(self, user: User) -> Attachments:
        """What is sent in the rooms of this user, and what they uploaded there and have not sent. The only way to reach one."""
        sent = Q(message__isnull=False, message__deleted_at=None)
        return self.filter(sent | Q(message=None, uploader=user), room__removed_at=None, room__memberships__user=user)

    def unsent_by(self, user: User) -> Attachments:
        return self.filter(message=None, uploader=user)


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

    objects = Attachments.as_manager()

    class Meta:
        ordering = ["created_at", "id"]
        indexes = [models.Index(fields=["created_at"], condition=models.Q(message=None), name="attachment_unsent")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_image(self) -> bool:
        return self.kind == IMAGE

    def take_out(self) -> None:
        """Its uploader does not want to send it after all. What is sent goes with its message."""
        if not Attachment.objects.filter(pk=self.pk, message=None).delete()[0]:
            raise NotAllowed("This file has been sent. Delete its message to take it back.")

    def copied_to(self, message: Message) -> Attachment:
        """The same bytes with another message of its room, such as the alternative that an edit makes."""
        return Attachment.objects.create(
            room=self.room, uploader=self.uploader, message=message, kind=self.kind, name=self.name, content_type=self.content_type,
            size=self.size, sha256=self.sha256, width=self.width, height=self.height, content=self.content.name, preview=self.preview.name,
        )  # fmt: skip


def attach(message: Message, attachments: Sequence[Attachment]) -> None:
    """Send these with the message that has just been stored. Each can be sent once, by its uploader, in the room it was put into."""
    if attachments:
        mine = Attachment.objects.unsent_by(message.author).filter(pk__in=[each.pk for each in attachments], room=message.room_id)
        if mine.update(message=message) != len(attachments):
            raise BadInput(GONE, attachments="are not all there")
        for each in attachments:
            each.message = message
    # What a new message carries is known: neither its rendering nor its JSON asks for it.
    known = message.attachments.all() if attachments else Attachment.objects.none()
    message._prefetched_objects_cache = {"attachments": known}  # type: ignore[attr-defined]  # Django's own, of prefetch_related


def forget_files(attachment: Attachment) -> None:
    """Its row goes; so do its bytes when that is committed, unless a copy still holds them."""
    names = [field.name for field in (attachment.content, attachment.preview) if field.name]
    held = Attachment.objects.filter(content=attachment.content.name)
    transaction.on_commit(lambda: None if held.exists() else _delete(names), robust=True)


def _delete(names: Sequence[str]) -> None:
    for name in names:
        default_storage.delete(name)
