"""What a step replies: checked, and cut into messages of the length that the app takes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from errors import StepError

MAX_REPLIES = 20
# The app takes no longer message. What is paid for must not be lost for being long.
MAX_BODY = 20_000
_FENCE = re.compile(r"^ {0,3}(`{3,40}|~{3,40})([^\n]*)$", re.MULTILINE)
_LONGEST_CLOSING = 41

# Ordinal, body, metadata.
Words = tuple[str, str, dict[str, Any]]


def replies_of(value: Any, step: str) -> list[Words]:
    """The messages to post for `payload['reply']`, one reply or a list of them: (ordinal, body, metadata).

    A reply is text or {"body", "metadata"}; blank ones are left out. A long one becomes several messages, with the ordinals 0, 0.1, 0.2 …,
    and its metadata goes with the first. Raises StepError (reply_wrong) for anything else, and for more than MAX_REPLIES.
    """
    replies = value if isinstance(value, list) else [value]
    if len(replies) > MAX_REPLIES:
        # Said before any is posted: to leave out the rest would look as if that were all.
        raise StepError(f"The step {step} set {len(replies)} replies; {MAX_REPLIES} at a time is the most. Join some.", code="reply_wrong")
    found = []
    for ordinal, reply in enumerate(replies):
        body, metadata = _checked(reply, step)
        if body.strip():
            for part, piece in enumerate(pieces(body)):
                found.append((f"{ordinal}.{part}" if part else f"{ordinal}", piece, {} if part else metadata))
    return found


def pieces(body: str) -> Iterator[str]:
    """A text in pieces of at most MAX_BODY characters, cut where a paragraph, a line or a word ends. A code block that is cut is closed,
    and opened again in the next piece."""
    opened = ""
    while len(opened) + len(body) > MAX_BODY:
        room = MAX_BODY - len(opened) - _LONGEST_CLOSING
        cut, end = next(((at, end) for end in ("\n\n", "\n", " ") if (at := body.rfind(end, room // 2, room)) > 0), (room, ""))
        piece, body = opened + body[:cut], body[cut + len(end) :]
        opened = _opened(piece)
        yield piece + _closing(opened)
    if body.strip():
        yield opened + body


def _checked(reply: Any, step: str) -> tuple[str, dict[str, Any]]:
    if isinstance(reply, str):
        return reply, {}
    metadata = reply.get("metadata") if isinstance(reply, dict) else None
    if not isinstance(reply, dict) or not isinstance(reply.get("body"), str) or not isinstance(metadata, dict | None):
        raise StepError(f"The step {step} set a reply that is neither text nor a map with a `body`.", code="reply_wrong")
    return reply["body"], metadata or {}


def _opened(piece: str) -> str:
    """The line that opens the code block in which the piece ends; "" when it ends in none."""
    fence, line = "", ""
    for match in _FENCE.finditer(piece):
        if not fence:
            fence, line = match[1], f"{match[1]}{match[2][:80]}\n"
        elif match[1].startswith(fence) and not match[2].strip():
            fence, line = "", ""
    return line


def _closing(opened: str) -> str:
    fence = _FENCE.match(opened.rstrip("\n"))
    return f"\n{fence[1]}" if fence else ""
