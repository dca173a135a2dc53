"""Strict YAML: text to a tree whose every value knows its line.

Only maps with text keys, lists, text, numbers, true/false and null. Limits are enforced while the parser's events are read, before a
single value is built, so that a hostile file costs nothing: 64 KB, 20 levels, 50 aliases, 5,000 values (an alias counts as much as
what it stands for). Tags, merge keys, duplicate keys, and the plain words that YAML readers disagree about (`yes`, `1:30`, dates) are
refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from pipeline.problem import BrokenBotFile, Problem

MAX_BYTES = 64 * 1024
MAX_DEPTH = 20
MAX_ALIASES = 50
MAX_VALUES = 5000

_NOT_TEXT = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"[-+]?([0-9]{1,18}\.[0-9]{0,18}|\.[0-9]{1,18}|[0-9]{1,18})([eE][-+]?[0-9]{1,3})?")
_CONTESTED = {"yes", "no", "on", "off", "y", "n"}
_NUMBER_LIKE = re.compile(
    r"[-+]?(0[0-7_]+|0[xXbBoO][0-9a-fA-F_]+|[0-9][0-9_]*_[0-9_.]*|[0-9]+(:[0-5]?[0-9])+(\.[0-9]*)?|\.(inf|nan)|[0-9]{19,})", re.IGNORECASE
)
# What people who are new to YAML run into, by what PyYAML says of it. The first that fits counts.
_PLAINLY = {
    "'\\t' that cannot start": "a tab stands here; indent with spaces",
    "that cannot start any token": 'a text that begins with this sign must be in quotes: "@ada"',
    "mapping values": 'a `: ` too many; put a text with one in quotes, "Hi: there", or mend the indentation here or the line above',
    "scanning a quoted": "the quote that opens here is never closed",
    "could not find expected ':'": "a key needs a `:` and a space behind it, as in `name: poet`",
    "expected <block end>, but found '<block": "this line is indented differently from the lines it belongs to",
    "expected <block end>, but found '<scalar>'": "something stands behind the closing quote; put all of it in quotes of the other kind",
    # A question in braces, of which approvals and questions have many.
    "got '?'": 'put a text that ends with a question mark in quotes: "May I?"',
    "parsing a flow sequence": "the list that opens with `[` is not closed with `]` before this",
    "parsing a flow mapping": "the map that opens with `{` is not closed with `}` before this, or a `,` is missing",
}
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?")


@dataclass
class Tree:
    """One value of the file: a dict of Trees, a list of Trees, or a scalar; with the line it starts on and, for dicts, its keys' lines."""

    value: dict[str, Tree] | list[Tree] | str | int | float | bool | None
    line: int
    size: int = 1
    key_lines: dict[str, int] = field(default_factory=dict)

    def plain(self) -> Any:
        """The value without lines."""
        if isinstance(self.value, dict):
            return {key: tree.plain() for key, tree in self.value.items()}
        if isinstance(self.value, list):
            return [tree.plain() for tree in self.value]
        return self.value

    def line_of(self, path: tuple[str | int, ...]) -> int:
        """The line of what `path` leads to, or of the nearest enclosing value that exists."""
        if not path:
            return self.line
        head, rest = path[0], path[1:]
        if isinstance(self.value, dict) and head in self.value:
            inner = self.value[str(head)]
            return inner.line_of(rest) if rest else self.key_lines[str(head)]
        if isinstance(self.value, list) and isinstance(head, int) and head < len(self.value):
            return self.value[head].line_of(rest)
        return self.line


def read(text: str, file: str) -> Tree:
    """The tree of `text`. Raises BrokenBotFile naming `file` and the line of everything that is wrong with the YAML itself."""
    _refuse_unreadable(text, file)
    builder = _Builder(file)
    try:
        tree = builder.document(yaml.parse(text, Loader=yaml.SafeLoader))
    except BrokenBotFile:
        raise
    except yaml.MarkedYAMLError as error:
        line, said = _explained(error)
        raise BrokenBotFile([*builder.problems, Problem(file, line, "", f"this is not YAML: {said}")]) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # ValueError and OverflowError: PyYAML's scanner converts escapes and version numbers without looking at them.
        raise BrokenBotFile([*builder.problems, Problem(file, 1, "", f"this is not YAML: {str(error).splitlines()[0][:200]}")]) from None
    if builder.problems:
        raise BrokenBotFile(builder.problems)
    return tree


def _explained(error: yaml.MarkedYAMLError) -> tuple[int, str]:
    """The line to look at, and what to do there; in PyYAML's words where nobody has put it in plain ones."""
    said = " ".join(part for part in (error.context, error.problem) if part)
    plain = next((words for sign, words in _PLAINLY.items() if sign in said), "")
    # What was begun and never ended is noticed further down.
    began = error.context_mark if "scanning a quoted" in said or "could not find" in said else None
    mark = began or error.problem_mark or error.context_mark
    return (mark.line + 1 if mark else 1), plain or said


def _refuse_unreadable(text: str, file: str) -> None:
    """Size and control characters, which PyYAML would report without a line."""
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise BrokenBotFile([Problem(file, 1, "", f"the file has {size:,} bytes; a bot file may have {MAX_BYTES:,}")])
    odd = _NOT_TEXT.search(text)
    if odd:
        line = text.count("\n", 0, odd.start()) + 1
        message = f"there is a character here that is not text (U+{ord(odd.group()):04X}); take it out"
        raise BrokenBotFile([Problem(file, line, "", message)])


class _Builder:
    """Builds the tree from parser events. Faults of form end the reading (`_stop`); faults of one value are collected in `problems`."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self._anchors: dict[str, Tree | None] = {}
        self._aliases = 0
        self._values = 0

    def document(self, events: Iterator[Any]) -> Tree:
        """The one document of the stream; an empty file is an empty map."""
        self._events = events
        event = self._next(yaml.StreamStartEvent, skip=True)
        if isinstance(event, yaml.StreamEndEvent):
            return Tree({}, 1)
        tree = self._value(next(events), depth=1)
        next(events)  # the document's end
        more = next(events)
        if not isinstance(more, yaml.StreamEndEvent):
            self._stop(more, "a bot file holds one document; take out everything from this `---` on")
        return tree

    def _next(self, kind: type[yaml.Event], *, skip: bool) -> Any:
        event = next(self._events)
        return next(self._events) if skip and isinstance(event, kind) else event

    def _value(self, event: Any, depth: int) -> Tree:
        if depth > MAX_DEPTH:
            self._stop(event, f"this is nested more than {MAX_DEPTH} levels deep")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        self._count(event, 1)
        anchor = getattr(event, "anchor", None)
        if anchor is not None:
            self._anchors[anchor] = None
        tree = self._fresh(event, depth)
        if anchor is not None:
            self._anchors[anchor] = tree
        return tree

    def _fresh(self, event: Any, depth: int) -> Tree:
        if event.tag is not None and not (isinstance(event, yaml.ScalarEvent) and event.tag == "!"):
            self._stop(event, f"tags such as `{event.tag[:60]}` are not allowed in a bot file")
        if isinstance(event, yaml.MappingStartEvent):
            return self._map(event, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(event, depth)
        return self._scalar(event)

    def _alias(self, event: Any) -> Tree:
        self._aliases += 1
        if self._aliases > MAX_ALIASES:
            self._stop(event, f"more than {MAX_ALIASES} aliases (`*name`)")
        if event.anchor not in self._anchors:
            self._stop(event, f"`*{event.anchor[:60]}` stands for nothing: there is no `&{event.anchor[:60]}` before it")
        tree = self._anchors[event.anchor]
        if tree is None:
            self._stop(event, f"`*{event.anchor[:60]}` stands inside itself")
        assert tree is not None  # noqa: S101 (_stop raises)
        self._count(event, tree.size)
        return tree

    def _map(self, event: Any, depth: int) -> Tree:
        tree = Tree({}, _line(event))
        assert isinstance(tree.value, dict)  # noqa: S101 (for the type checker)
        while not isinstance(at := next(self._events), yaml.MappingEndEvent):
            key = self._key(at)
            inner = self._value(next(self._events), depth + 1)
            tree.size += inner.size
            if key is not None and key in tree.value:
                self._note(at, key, f"this key is given twice; the first is on line {tree.key_lines[key]}")
            elif key is not None:
                tree.value[key] = inner
                tree.key_lines[key] = _line(at)
        return tree

    def _key(self, event: Any) -> str | None:
        if not isinstance(event, yaml.ScalarEvent):
            self._stop(event, "a key must be text")
        self._count(event, 1)
        if event.tag is not None:
            self._stop(event, f"tags such as `{event.tag[:60]}` are not allowed in a bot file")
        if event.value == "<<" and event.style is None:
            self._note(event, "<<", "merge keys are not allowed; write the keys out")
            return None
        if len(event.value) > 200:
            self._note(event, event.value[:40] + "…", "a key may have 200 characters")
            return None
        return str(event.value)

    def _list(self, event: Any, depth: int) -> Tree:
        items: list[Tree] = []
        while not isinstance(at := next(self._events), yaml.SequenceEndEvent):
            items.append(self._value(at, depth + 1))
        return Tree(items, _line(event), 1 + sum(item.size for item in items))

    def _scalar(self, event: Any) -> Tree:
        text, line = str(event.value), _line(event)
        if event.style is not None or event.tag == "!":
            return Tree(text, line)
        if text in ("", "~", "null", "Null", "NULL"):
            return Tree(None, line)
        if text.lower() in ("true", "false"):
            return Tree(text.lower() == "true", line)
        contested = _contested(text)
        if contested:
            self._note(event, "", contested)
            return Tree(text, line)
        return Tree(_number(text), line)

    def _count(self, event: Any, size: int) -> None:
        self._values += size
        if self._values > MAX_VALUES:
            self._stop(event, f"the file holds more than {MAX_VALUES:,} values")

    def _note(self, event: Any, key: str, message: str) -> None:
        self.problems.append(Problem(self.file, _line(event), key, message))

    def _stop(self, event: Any, message: str) -> None:
        raise BrokenBotFile([*self.problems, Problem(self.file, _line(event), "", message)])


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _contested(text: str) -> str:
    """Why YAML readers disagree about this plain word, or ""."""
    if text.lower() in _CONTESTED:
        return f'`{text}` means true or false to some readers and text to others: write true or false, or put it in quotes: "{text}"'
    if _NUMBER_LIKE.fullmatch(text):
        return f'`{text[:60]}` is read as different numbers by different readers: write it plainly, or put it in quotes: "{text[:60]}"'
    if _DATE.fullmatch(text):
        return f'`{text[:60]}` would become a date: put it in quotes: "{text[:60]}"'
    return ""


def _number(text: str) -> str | int | float:
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else text
    return text
