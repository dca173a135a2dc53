"""The picture of a bot: a file beside its bot file, sent to the app when the bot registers."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

MAX_BYTES = 256 * 1024
SUFFIXES = (".png", ".jpg", ".jpeg")
_STARTS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


def picture(folder: Path, name: str) -> str:
    """The picture in base64; "" when there is none that could be shown."""
    data = _read(folder, name)
    return base64.b64encode(data).decode() if isinstance(data, bytes) else ""


def stamp(folder: Path, name: str) -> str:
    """Another one for each picture; "" when there is none."""
    data = _read(folder, name)
    return hashlib.sha256(data).hexdigest() if isinstance(data, bytes) else ""


def notes(folder: Path, name: str) -> tuple[str, ...]:
    """Why people see the bot's initials though its file names a picture. The bot runs all the same."""
    data = _read(folder, name)
    return (f"persona.avatar: {data}; people see the bot's initials",) if isinstance(data, str) and name else ()


def _read(folder: Path, name: str) -> bytes | str:
    """The file's bytes, or what is wrong with it."""
    path = folder / name
    try:
        if not name or not path.resolve(strict=True).is_relative_to(folder.resolve()) or not path.is_file():
            return f"there is no picture {name} beside the bot file"
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, RuntimeError):
        return f"there is no picture {name} beside the bot file"
    if len(data) > MAX_BYTES:
        return f"{name} is bigger than {MAX_BYTES // 1024} KB"
    return data if data.startswith(_STARTS) else f"{name} is neither a PNG nor a JPEG picture"
