"""What changed between two texts, in pieces that people read: words, and single characters where a script has no spaces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import Levenshtein

SAME, GONE, NEW = "same", "gone", "new"
# A word, a run of spaces, or one character of anything else. Han, kana and Hangul are written without spaces between words.
TOKEN = re.compile(r"[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+|\s+|.", re.DOTALL)
UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
EXCERPT = 60
# A single changed character says little: so many of its neighbours are shown with it, on either side.
AROUND = 3


@dataclass(frozen=True)
class Piece:
    kind: str
    text: str


def distance(before: str, after: str) -> int:
    """Levenshtein's: how many characters were put in, taken out or replaced."""
    return Levenshtein.distance(before, after)


def share(before: str, after: str) -> float:
    """The distance as a share of the longer text, 0 to 1."""
    return distance(before, after) / max(len(before), len(after), 1)


def pieces(before: str, after: str) -> list[Piece]:
    """The whole of both texts: what stayed, what is gone, what is new."""
    old, new = TOKEN.findall(before), TOKEN.findall(after)
    found: list[Piece] = []
    for change in Levenshtein.opcodes(old, new):
        was, now = "".join(old[change.src_start : change.src_end]), "".join(new[change.dest_start : change.dest_end])
        found += [Piece(SAME, was)] if change.tag == "equal" else [Piece(GONE, was), Piece(NEW, now)]
    return list(_joined(found))


@lru_cache(maxsize=2048)
def excerpt(before: str, after: str) -> tuple[str, str]:
    """The place where the texts part, short enough for one line: what stood there, and what stands there now."""
    start, end = _common(before, after)
    if start == len(before) == len(after):
        return "", ""
    start, end = _rounded(before, after, start, end)
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    return _short(old), _short(new)


def _joined(found: list[Piece]) -> Iterator[Piece]:
    """Changes with only a space between them are one change: two words in a row, not a word, a word, a word."""
    gone = new = ""
    for place, piece in enumerate(found):
        between = piece.kind == SAME and not piece.text.strip() and (gone or new) and place + 1 < len(found)
        if piece.kind == GONE or between:
            gone += piece.text
        if piece.kind == NEW or between:
            new += piece.text
        if piece.kind == SAME and not between:
            yield from (each for each in (Piece(GONE, gone), Piece(NEW, new)) if each.text)
            yield piece
            gone = new = ""
    yield from (each for each in (Piece(GONE, gone), Piece(NEW, new)) if each.text)


def _common(before: str, after: str) -> tuple[int, int]:
    """How many characters both begin with, and how many of the rest both end with."""
    shortest = min(len(before), len(after))
    start = next((place for place in range(shortest) if before[place] != after[place]), shortest)
    most = shortest - start
    end = next((place for place in range(most) if before[-1 - place] != after[-1 - place]), most)
    return start, end


def _rounded(before: str, after: str, start: int, end: int) -> tuple[int, int]:
    """Out to the edges of words; where there are none, to a few neighbours of a small change."""
    while start and _inside(before[start - 1]) and (_inside(before[start : start + 1]) or _inside(after[start : start + 1])):
        start -= 1
    while end and _inside(before[-end]) and (_inside(before[-end - 1 : -end]) or _inside(after[-end - 1 : -end])):
        end -= 1
    if max(len(before), len(after)) - start - end <= AROUND:
        for _ in range(AROUND):
            start -= bool(start and UNSPACED.match(before[start - 1]))
            end -= bool(end and UNSPACED.match(before[-end]))
    return start, end


def _inside(character: str) -> bool:
    return bool(character) and character.isalnum() and not UNSPACED.match(character)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= EXCERPT else f"{text[: EXCERPT - 2].rstrip()} …"
