"""The one way a file comes in: checked, given a random place, and kept for the message that will carry it."""

from __future__ import annotations

import hashlib
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.utils import timezone

from chat import access, file_names, pictures
from chat.errors import BadInput, NoSpace
from chat.models import Attachment
from chat.models.attachment import FILE, IMAGE, MOST_IN_A_MESSAGE
from chat.throttle import posts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.core.files.uploadedfile import UploadedFile

    from accounts.models import User
    from chat.models import Room

MEGABYTE = 1_000_000
MOST_UNSENT = 30
KEPT_UNSENT = timedelta(days=1)
HEAD = 16


def upload(user: User, room_id: uuid.UUID | str, file: UploadedFile[bytes]) -> Attachment:
    """Take a file into a room the user is in. It is theirs alone until a message carries it."""
    posts.admit(user)
    room = access.room_for(user, room_id)
    name = file_names.clean(file.name or "")
    _check(user, name, file.size or 0)
    head = file.read(HEAD)
    file.seek(0)
    picture = pictures.made_anew(file, name, f"user {user.pk}") if pictures.looks_like_one(head) else None
    file.seek(0)
    try:
        return _picture(user, room, name, picture) if picture else _file(user, room, name, file)
    except OSError as error:
        raise NoSpace from error


def upload_all(user: User, room_id: uuid.UUID | str, files: Sequence[UploadedFile[bytes]]) -> list[Attachment]:
    """Those of one plain form: all of them, or none."""
    if len(files) > MOST_IN_A_MESSAGE:
        raise BadInput(f"A message carries at most {MOST_IN_A_MESSAGE} files, and these are {len(files)}. Send them in several messages.")
    taken: list[Attachment] = []
    try:
        for file in files:
            taken.append(upload(user, room_id, file))
    except Exception:
        drop(taken)
        raise
    return taken


def drop(taken: Sequence[Attachment]) -> None:
    """Forget these, but for what a message carries."""
    Attachment.objects.filter(pk__in=[each.pk for each in taken], message=None).delete()


def sweep() -> int:
    """Forget what was uploaded a day ago and never sent. How many that were."""
    return Attachment.objects.filter(message=None, created_at__lt=timezone.now() - KEPT_UNSENT).delete()[0]


def _check(user: User, name: str, size: int) -> None:
    if size == 0:
        raise BadInput(f"The file “{name}” is empty. Choose another one.", file="is empty")
    if size > settings.UPLOAD_MEGABYTES * MEGABYTE:
        most = f"{settings.UPLOAD_MEGABYTES} MB is the most one file can have"
        raise BadInput(f"The file “{name}” has {size / MEGABYTE:,.1f} MB; {most}.", file="is too big")
    if Attachment.objects.unsent_by(user).count() >= MOST_UNSENT:
        raise BadInput(f"You have {MOST_UNSENT} files here that are not sent. Send them or take them out first.", file="is one too many")


def _picture(user: User, room: Room, name: str, picture: pictures.Picture) -> Attachment:
    made = Attachment(
        room=room, uploader=user, kind=IMAGE, name=file_names.with_ending(name, picture.ending), content_type=picture.content_type,
        size=len(picture.content), sha256=hashlib.sha256(picture.content).hexdigest(), width=picture.width, height=picture.height,
    )  # fmt: skip
    made.preview.save("", ContentFile(picture.preview), save=False)
    made.content.save("", ContentFile(picture.content))
    return made


def _file(user: User, room: Room, name: str, file: UploadedFile[bytes]) -> Attachment:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    made = Attachment(
        room=room, uploader=user, kind=FILE, name=name, content_type=file_names.content_type_of(name), size=file.size or 0,
        sha256=digest.hexdigest(),
    )  # fmt: skip
    made.content.save("", File(file))
    return made
