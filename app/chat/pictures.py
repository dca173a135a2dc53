"""Pictures that people upload, made anew by chat/darkroom.py before anybody is shown one.

The darkroom is a process of its own with little memory, little time and an empty environment: what breaks it breaks nothing else (I10).
"""

from __future__ import annotations

import contextlib
import json
import logging
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import IO, Any

from chat.errors import BadInput, TooFast
from lib.database import let_go

log = logging.getLogger(__name__)

DARKROOM = Path(__file__).with_name("darkroom.py")
# First bytes, and where they stand. Everything else is a file, whatever it is called.
MAGIC = ((0, b"\x89PNG\r\n\x1a\n"), (0, b"\xff\xd8\xff"), (0, b"GIF87a"), (0, b"GIF89a"), (8, b"WEBP"))
SECONDS = 20.0
# Pictures cost processor time: one process makes no more than so many at once, and none waits longer than a person would.
AT_ONCE = BoundedSemaphore(2)
PATIENCE = 20.0
# Each that waits keeps a thread of the pages: so many may, and so many of them for one person or bot (W17).
MOST_WAITING = 8
MOST_OF_ONE = 2
ENDINGS = {"PNG": ".png", "JPEG": ".jpg", "GIF": ".gif", "WEBP": ".webp"}
TOO_MUCH = "took too long or too much memory to read"


@dataclass(frozen=True)
class Picture:
    """A picture made of pixels alone."""

    content: bytes
    preview: bytes
    content_type: str
    ending: str
    width: int
    height: int


def looks_like_one(head: bytes) -> bool:
    return any(head[place : place + len(magic)] == magic for place, magic in MAGIC)


class Line:
    """Those who have a picture in the darkroom, or wait for that."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._there: Counter[str] = Counter()

    @contextlib.contextmanager
    def place_of(self, whose: str) -> Iterator[None]:
        """Raises TooFast when there are too many."""
        with self._lock:
            if self._there.total() >= MOST_WAITING or self._there[whose] >= MOST_OF_ONE:
                raise TooFast(retry_after=5)
            self._there[whose] += 1
        try:
            yield
        finally:
            with self._lock:
                self._there -= Counter([whose])  # and forgets whoever has none left


LINE = Line()


def made_anew(file: IO[bytes], name: str, whose: str = "") -> Picture | None:
    """The picture; None when the file only looks like one. Raises BadInput, in plain words, for one that asks for too much."""
    with LINE.place_of(whose):
        let_go()
        if not AT_ONCE.acquire(timeout=PATIENCE):
            raise TooFast(retry_after=5)
        try:
            said, made = _developed(file)
        finally:
            AT_ONCE.release()
    if "refused" in said:
        raise BadInput(f"The picture “{name}” {said['refused']}. Make it smaller, or send it inside a zip file.", file="asks for too much")
    if said.get("broken"):
        return None
    content = made[: said["content"]]
    return Picture(
        content, made[len(content) :], f"image/{said['format'].lower()}", ENDINGS[said["format"]], said["width"], said["height"]
    )  # fmt: skip


def _developed(file: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    with tempfile.TemporaryFile() as out:
        try:
            done = subprocess.run(
                [sys.executable, "-I", str(DARKROOM)], input=file.read(), stdout=out, stderr=subprocess.DEVNULL, env={}, cwd="/",
                timeout=SECONDS, check=False,
            )  # fmt: skip
            ended = done.returncode
        except subprocess.TimeoutExpired:
            ended = None
        if ended != 0:
            log.warning("The darkroom gave a picture up: it ended with %s.", ended)
            # 1 is an error of Python's, that of a decoder nobody had thought of; everything else is a limit that was met.
            return ({"broken": True} if ended == 1 else {"refused": TOO_MUCH}), b""
        out.seek(0)
        return json.loads(out.readline()), out.read()
