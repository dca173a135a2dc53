"""The stream of chat.completions: server-sent events, parsed line by line.

The SDK makes an object per chunk, which costs ten times as much as reading the few fields that matter here.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from dosaku.errors import ServiceError

LONGEST_LINE = 4_000_000  # bytes
LONGEST_ANSWER = 1_000_000  # characters


@dataclass(frozen=True)
class Chunk:
    """What one event says. `progress`: the model is at work, though perhaps on thoughts that are not shown."""

    text: str = ""
    finish: str = ""
    tokens: tuple[int, int] | None = None
    progress: bool = False
    done: bool = False


async def lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The lines of a stream of bytes, without their ends. A last line without an end is not complete and left out."""
    rest = b""
    async for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line.rstrip(b"\r")
        if len(rest) > LONGEST_LINE:
            raise malformed()


def chunk_of(line: bytes) -> Chunk | None:
    """What a line of the stream says; None when it says nothing (a ping, an empty line, an event's name)."""
    if not line.startswith(b"data:"):
        return None
    data = line[5:].strip()
    if data == b"[DONE]":
        return Chunk(done=True)
    try:
        event = json.loads(data.decode())
        if isinstance(event, dict) and event.get("error"):
            raise _told(event["error"])
        return _chunk(event)
    except (ValueError, TypeError, AttributeError, KeyError, OverflowError, RecursionError):
        raise malformed() from None


def malformed() -> ServiceError:
    """The stream is not what the API promises."""
    return ServiceError("The model's server sent something that cannot be read.", code="stream_malformed")


def _chunk(event: dict[str, Any]) -> Chunk:
    usage = event.get("usage")
    tokens = (_count(usage["prompt_tokens"]), _count(usage.get("completion_tokens") or 0)) if usage else None
    choices = event.get("choices") or []
    if not choices:
        return Chunk(tokens=tokens)
    delta = choices[0].get("delta") or {}
    text = delta.get("content") or delta.get("refusal") or ""
    if not isinstance(text, str):
        raise TypeError
    thought = delta.get("reasoning_content") or delta.get("reasoning")
    finish = str(choices[0].get("finish_reason") or "")[:60]
    return Chunk(text, finish, tokens, progress=bool(text or thought))


def _count(tokens: Any) -> int:
    return min(max(0, int(tokens)), 1_000_000_000)


def _told(error: Any) -> ServiceError:
    kind = error.get("code") or error.get("type") if isinstance(error, dict) else ""
    known = kind if isinstance(kind, str) and kind.replace("_", "").isalnum() and len(kind) <= 60 else "no reason"
    return ServiceError(f"The model stopped in the middle of its answer ({known}).", code="stream_error")


class Text:
    """Puts pieces of text together so that each is valid by itself.

    A server may cut a character outside the basic plane in two; the first half waits for the second. NUL, which
    PostgreSQL cannot store, is left out.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self.length = 0
        self._half = ""

    def take(self, piece: str) -> str:
        """The part of what is there now that can be shown."""
        piece = self._half + piece
        self._half = ""
        if piece and "\ud800" <= piece[-1] <= "\udbff":
            piece, self._half = piece[:-1], piece[-1]
        if not piece.isascii() and any("\ud800" <= character <= "\udfff" for character in piece):
            piece = piece.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        piece = piece.replace("\0", "")
        self.length += len(piece)
        if self.length > LONGEST_ANSWER:
            raise ServiceError("The model's answer is longer than a million characters.", code="answer_too_long", permanent=True)
        return piece
