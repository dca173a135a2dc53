"""Payloads as people read them: key by key, big values folded, and what a step changed as one line for each place it changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

# Longer than this, and a value is folded: its beginning and its size stand for it.
LONGEST, MOST_LINES = 320, 8
PREVIEW = 90
# One value of a step may be 256 KB; a browser lays out so much in one piece, and the export has the rest.
MOST_SHOWN = 64 * 1024
DEEPEST, MOST_CHANGES = 4, 200
# What every payload holds, and nobody looks for first. A database gives keys back in no order that means anything.
LAST = ("messages", "asker", "trigger", "room", "bot", "run", "attempt")
WHOSE = LAST[1:]
WHOSE_NAME = "whose run it is"
NEW, GONE, CHANGED = "new", "gone", "changed"


@dataclass(frozen=True)
class Value:
    """One value under its name. `text` is all of it, `preview` its beginning."""

    name: str
    text: str
    preview: str
    size: str
    folded: bool
    cut: bool = False


@dataclass(frozen=True)
class Change:
    """What a step did at one place: what was there, what is there now."""

    kind: str
    name: str
    old: Value | None
    new: Value | None


def values_of(payload: dict[str, Any]) -> list[Value]:
    """With what says whose run it is in one folded value at the end."""
    whose = {key: payload[key] for key in WHOSE if key in payload}
    found = [value_of(key, payload[key]) for key in in_order(payload) if key not in whose]
    return [*found, replace(value_of(WHOSE_NAME, whose), preview=", ".join(whose), folded=True)] if whose else found


def in_order(payload: dict[str, Any]) -> list[str]:
    return [*(key for key in payload if key not in LAST), *(key for key in LAST if key in payload)]


def value_of(name: str, value: Any) -> Value:
    text = as_text(value)
    folded = len(text) > LONGEST or text.count("\n") >= MOST_LINES
    line = " ".join(text[: PREVIEW * 3].split())
    preview = f"{line[:PREVIEW].rstrip()} …" if len(line) > PREVIEW or folded else line
    return Value(name, text[:MOST_SHOWN], preview, _size(value, text), folded, cut=len(text) > MOST_SHOWN)


def as_text(value: Any) -> str:
    """JSON, but for texts of several lines, which are shown as they are."""
    if isinstance(value, str) and "\n" in value:
        return value
    return json.dumps(value, ensure_ascii=False, indent=2 if isinstance(value, dict | list) and len(str(value)) > 60 else None)


def changes_of(before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    """Every place where the payloads differ, as deep as it helps."""
    found = list(_changes("", before, after, DEEPEST))
    return found[:MOST_CHANGES]


def same_keys(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [key for key in in_order(after) if key not in WHOSE and key in before and _same(before[key], after[key])]


def _changes(name: str, old: Any, new: Any, depth: int) -> Iterator[Change]:
    if _same(old, new):
        return
    if depth and isinstance(old, dict) and isinstance(new, dict):
        for key in [*new, *(key for key in old if key not in new)]:
            inner = f"{name}.{key}" if name else key
            if key not in old:
                yield Change(NEW, inner, None, value_of(inner, new[key]))
            elif key not in new:
                yield Change(GONE, inner, value_of(inner, old[key]), None)
            else:
                yield from _changes(inner, old[key], new[key], depth - 1)
    elif isinstance(old, list) and isinstance(new, list) and len(new) > len(old) and _same(old, new[: len(old)]):
        for place in range(len(old), len(new)):
            inner = f"{name}[{place}]"
            yield Change(NEW, inner, None, value_of(inner, new[place]))
    else:
        yield Change(CHANGED, name, value_of(name, old), value_of(name, new))


def _same(old: Any, new: Any) -> bool:
    """As JSON: to Python, true is 1."""
    return old is new or (old == new and json.dumps(old, sort_keys=True) == json.dumps(new, sort_keys=True))


def _size(value: Any, text: str) -> str:
    if isinstance(value, str):
        return f"{len(value):,} characters"
    kilobytes = len(text.encode("utf-8", "replace")) / 1024
    weight = f"{kilobytes:,.0f} KB" if kilobytes >= 1 else f"{len(text)} characters"
    if isinstance(value, list):
        return f"{len(value):,} {'entry' if len(value) == 1 else 'entries'}, {weight}"
    if isinstance(value, dict):
        return f"{len(value):,} {'key' if len(value) == 1 else 'keys'}, {weight}"
    return weight
