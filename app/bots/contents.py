"""What a run asks leave for: the exact bytes of an approval, read strictly, and what a person makes of them by editing.

Canonical JSON, so that the hash of what is shown is the hash of what is kept: `{"action", "parts": [{"kind", "label", "text", …}]}`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bots.errors import BadInput, Unshowable
from chat.limits import UNSTORABLE, storable

TEXT, CODE, FILE, RECIPIENTS = "text", "code", "file", "recipients"
KINDS = (TEXT, CODE, FILE, RECIPIENTS)
# name -> kind, and whether it must be there.
FIELDS = {"kind": (str, True), "label": (str, True), "text": (str, True), "name": (str, False), "editable": (bool, False)}
MOST_PARTS = 20
LONGEST = 100_000


@dataclass(frozen=True)
class Part:
    """One thing to look at. What is `editable` the decider may change; `name` says where the bot keeps it."""

    kind: str
    label: str
    text: str
    name: str = ""
    editable: bool = False


@dataclass(frozen=True)
class Content:
    action: str
    parts: tuple[Part, ...]

    def of(self, kind: str) -> list[Part]:
        return [part for part in self.parts if part.kind == kind]


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def read(text: str) -> Content:
    """The content in these bytes; refused when a person could not be shown all of it, or it has a second spelling."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise Unshowable("The content is not JSON.", content="is not JSON") from None
    if _canonical(data) != text:
        raise Unshowable(
            "The content is not canonical JSON: keys sorted, no spaces, no escapes for what needs none.", content="is not canonical"
        )
    if not isinstance(data, dict) or data.keys() != {"action", "parts"}:
        raise Unshowable("The content has “action” and “parts”, and nothing else.", content="is incomplete")
    action, parts = data["action"], data["parts"]
    if not isinstance(action, str) or not isinstance(parts, list) or not 1 <= len(parts) <= MOST_PARTS:
        raise Unshowable(f"The content has an action, and 1 to {MOST_PARTS} parts.", content="is incomplete")
    return Content(action, tuple(_part(number, part) for number, part in enumerate(parts)))


def edited(text: str, changes: Mapping[int, str]) -> str:
    """The content with other words in some of its parts. Only what is editable can change."""
    data = json.loads(text)
    for number, words in changes.items():
        part = data["parts"][number] if 0 <= number < len(data["parts"]) else {}
        # A form sends its line breaks as CR LF. What is the same but for that was not edited.
        if not part or _plain(words) == _plain(part["text"]):
            continue
        if not part.get("editable"):
            raise BadInput("This part cannot be edited. Reject it, and say what should be different.")
        part["text"] = _fitting(_plain(words))
    return _canonical(data)


def _part(number: int, part: Any) -> Part:
    where = f"Part {number} of the content"
    if not isinstance(part, dict) or part.keys() - FIELDS.keys():
        raise Unshowable(f"{where} may have {', '.join(FIELDS)}, and nothing else.", content="has an odd part")
    for name, (kind, needed) in FIELDS.items():
        if (needed or name in part) and not isinstance(part.get(name), kind):
            raise Unshowable(f"{where} lacks “{name}”, or it is of the wrong type.", content="has an odd part")
    if part["kind"] not in KINDS:
        raise Unshowable(f"{where} is of an unknown kind. A part is one of: {', '.join(KINDS)}.", content="has an odd part")
    if any(UNSTORABLE.search(value) for value in part.values() if isinstance(value, str)):
        raise Unshowable(f"{where} holds a character that cannot be stored.", content="has an odd part")
    if len(part["text"]) > LONGEST:
        raise Unshowable(f"{where} has more than {LONGEST:,} characters, which nobody reads.", content="is too long")
    return Part(**part)


def _fitting(words: str) -> str:
    if not words.strip():
        raise BadInput("Some text is needed. Reject it if nothing should happen.")
    if len(words) > LONGEST:
        raise BadInput(f"This text has {len(words):,} characters; {LONGEST:,} is the most it can have.")
    return storable(words, "text")


def _plain(words: str) -> str:
    return words.replace("\r\n", "\n").replace("\r", "\n")


def _canonical(data: Any) -> str:
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
