"""What changed between two texts, line by line: for bot files."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bots.exactly import exactly

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

SAME, GONE, NEW, FOLD = "same", "gone", "new", "fold"
AROUND = 3


@dataclass(frozen=True)
class Line:
    """A line of the difference: its number before and after, where it has one. A fold stands for `text` lines left out."""

    kind: str
    text: str
    old: int | None = None
    new: int | None = None

    @property
    def html(self) -> SafeString:
        """With what nobody sees shown by its number: who decides over a difference sees all of it (W21)."""
        return exactly(self.text)

    @property
    def sign(self) -> str:
        return {GONE: "-", NEW: "+"}.get(self.kind, " ")


def difference(before: str, after: str) -> list[Line]:
    """Every change with a few lines around it; none when the texts are the same."""
    old, new = before.splitlines(), after.splitlines()
    groups = list(difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(AROUND))
    found: list[Line] = []
    shown = 0
    for group in groups:
        found += _fold(group[0][1] - shown)
        for tag, start, end, new_start, new_end in group:
            found += _lines(tag, old[start:end], new[new_start:new_end], start, new_start)
        shown = group[-1][2]
    return found + (_fold(len(old) - shown) if groups else [])


def _fold(lines: int) -> list[Line]:
    return [Line(FOLD, f"{lines} line{'' if lines == 1 else 's'} unchanged")] if lines > 0 else []


def _lines(tag: str, old: list[str], new: list[str], start: int, new_start: int) -> Iterator[Line]:
    if tag == "equal":
        for place, text in enumerate(old):
            yield Line(SAME, text, start + place + 1, new_start + place + 1)
        return
    for place, text in enumerate(old):
        yield Line(GONE, text, old=start + place + 1)
    for place, text in enumerate(new):
        yield Line(NEW, text, new=new_start + place + 1)
