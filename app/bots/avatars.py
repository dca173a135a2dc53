"""A bot's picture: made anew from its pixels before anybody is shown it, and stored under a name that says what it was made of."""

from __future__ import annotations

import base64
import binascii
import hashlib
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from django.core.files.base import ContentFile
from django.db import transaction
from PIL import Image, ImageOps

from bots.access import PICTURES
from bots.errors import BadInput
from bots.models import Bot
from chat import pictures

if TYPE_CHECKING:
    from django.core.files.storage import Storage

KINDS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
SIDE = 256
# More pixels than any avatar needs; a file of 256 KB could otherwise claim millions of them.
LARGEST_SIDE = 2048
BAD = "The picture cannot be read. Use a PNG or JPEG of at most 256 KB and 2048 by 2048 pixels."


class Picture(NamedTuple):
    """`name` is empty when the bot is to have none."""

    name: str
    data: bytes


def safe(bot: str, wish: str | None) -> Picture | None:
    """The picture as it may be shown, or None when the bot's picture stays as it is."""
    if wish is None:
        return None
    source = _decoded(wish)
    name = f"{PICTURES}{bot}-{hashlib.sha256(source).hexdigest()[:16]}.png" if source else ""
    if Bot.objects.filter(user__username=bot, picture=name).exists():
        return None
    return Picture(name, _remade(bot, source) if source else b"")


def put(bot: Bot, picture: Picture | None) -> None:
    """Give the bot its picture; whoever holds the bot saves it. The file before it goes when the new one is stored for good."""
    if picture is None or picture.name == bot.picture.name:
        return
    storage, old = bot.picture.storage, bot.picture.name
    bot.picture.name = storage.save(picture.name, ContentFile(picture.data)) if picture.name else ""
    bot.user.picture = path_of(bot)
    bot.user.save(update_fields=["picture"])
    if old:
        transaction.on_commit(lambda: _forget(storage, old), robust=True)


def path_of(bot: Bot) -> str:
    """Where browsers find it. The name changes with the picture, so that they may keep it."""
    return f"/bots/{bot.name}/picture/{Path(bot.picture.name).name}" if bot.picture.name else ""


def _decoded(wish: str) -> bytes:
    try:
        return base64.b64decode(wish, validate=True)
    except binascii.Error as error:
        raise BadInput(BAD, picture="is not base64") from error


def _remade(bot: str, source: bytes) -> bytes:
    """A square PNG of these pixels and of nothing else: no other format, no metadata, no trailing bytes (W4).

    The bytes of a stranger are read in the darkroom, a process that can do little else; here only what came out of it.
    """
    made = pictures.made_anew(BytesIO(source), "avatar", f"bot {bot}") if source.startswith(KINDS) else None
    if made is None:
        raise BadInput(BAD, picture="cannot be read")
    if max(made.width, made.height) > LARGEST_SIDE:
        raise BadInput(BAD, picture="has too many pixels")
    shown = BytesIO()
    with Image.open(BytesIO(made.content)) as image:
        ImageOps.fit(image.convert("RGBA"), (SIDE, SIDE)).save(shown, "PNG")
    return shown.getvalue()


def _forget(storage: Storage, name: str) -> None:
    if not Bot.objects.filter(picture=name).exists():
        storage.delete(name)
