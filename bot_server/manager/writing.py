"""Writes bot files for people in a browser. Nobody else writes them but their editors on disk; what they wrote is never lost.

A text is written only when it was made from what the file says now, by a rename, and stays only when the app has taken it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from errors import BotServerError
from manager.library import Bot, Library, read_bytes


class Changed(BotServerError):
    """What the file says is not what the text was made from. `text` is what it says, "" when there is no file to show."""

    code = "changed_meanwhile"

    def __init__(self, explanation: str, text: str = "") -> None:
        super().__init__(explanation)
        self.text = text

    @property
    def seen(self) -> str:
        """What to send back to replace this very text all the same."""
        return digest(self.text)


def digest(text: str) -> str:
    """Stands for a text that somebody has seen."""
    return hashlib.sha256(text.encode()).hexdigest()


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Other managers of the same folder wait meanwhile."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def place_of(library: Library, name: str) -> tuple[Path, str | None]:
    """The file of a bot, and what it says now; None when it is not there."""
    bot = library.get(name)
    path = bot.path if bot else library.folder / f"{name.replace('-', '_')}.yaml"
    raw = read_bytes(path) if path.is_file() else None
    return path, None if raw is None else raw.decode("utf-8-sig", "replace")


def check_base(now: str | None, base: str | None, text: str, seen: str) -> None:
    """Raise Changed unless the text was made from what the file says now (`base`; None for a new bot), or the person has `seen` that."""
    if now is None or now == text:
        return
    if base is None:  # and nobody says that they have seen it: it may be the file that another bot lives in
        raise Changed("There is a file of that name already. Choose another name for your bot.")
    if now != base and not (seen and seen == digest(now)):
        raise Changed("Somebody has changed the file since you began. Look at what it says now, then save yours or take theirs.", now)


def bytes_of(path: Path) -> bytes | None:
    """All of a file, however big and whatever it holds, to put it back; None when there is none."""
    return path.read_bytes() if path.is_file() else None


def write(path: Path, text: bytes) -> None:
    """Put a text in place in one movement: a reader sees the old one or the new one, also after a crash."""
    draft = path.with_name(f".{path.name}.part")
    with draft.open("wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
    draft.replace(path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def put_back(library: Library, path: Path, before: bytes | None) -> Bot | None:
    """The save did not come to its end: the file is again what it was, byte for byte."""
    if before is None:
        path.unlink(missing_ok=True)
    else:
        write(path, before)
    return library.reload(path)
