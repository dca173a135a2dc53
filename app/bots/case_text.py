"""A case as text: how it would stand in a bot's file, and the file with it. The rest of a file stays as somebody wrote it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import yaml

from bots.errors import BadInput

if TYPE_CHECKING:
    from bots.models import Case


def text_of(case: Case) -> str:
    """The case as it would stand in the bot's file: this is what its author confirms, to the letter."""
    say = case.say if len(case.say) != 1 else case.say[0]
    dumped: str = yaml.safe_dump([{"say": say, "expect": case.expect}], allow_unicode=True, sort_keys=False, width=100)
    return dumped


def sha_of(case: Case) -> str:
    return hashlib.sha256(text_of(case).encode()).hexdigest()


def with_case(text: str, case: Case) -> str:
    """The bot's file with one more of its tests. The rest of the text stays as somebody wrote it, comments and all."""
    item, tests = text_of(case), _tests(text)
    if tests is None:
        made = f"{text.rstrip()}\ntests:\n{_indented(item, 2)}"
    elif isinstance(tests, yaml.SequenceNode) and tests.value and not tests.flow_style:
        lines = text.splitlines(keepends=True)
        end = _end_of(tests.value[-1], lines)
        head = "".join(lines[:end])
        made = f"{head}{'' if head.endswith(chr(10)) else chr(10)}{_indented(item, tests.start_mark.column)}{''.join(lines[end:])}"
    else:  # `tests: []`, or written in one line
        made = f"{text[: tests.start_mark.index].rstrip()}\n{_indented(_dumped(tests, text) + item, 2)}{text[tests.end_mark.index :]}"
    _check(text, made, case)
    return made


def with_tests_of(text: str, other: str) -> str:
    """A bot's file with the tests of another in the place of its own. It is only tried, so how it is written does not matter."""
    try:
        file, tests = yaml.safe_load(text), yaml.safe_load(other).get("tests")
        made: str = yaml.safe_dump({**file, "tests": tests or []}, allow_unicode=True, sort_keys=False)
    except (yaml.YAMLError, TypeError, AttributeError) as error:
        raise BadInput("The text of this version cannot be read, so it cannot be tried.") from error
    return made


def tests_of(text: str) -> list[dict[str, Any]]:
    """The tests of a file as the bot server reads them; none of what is no bot file: a program of its own may send what it likes."""
    try:
        return [as_read(test) for test in yaml.safe_load(text).get("tests") or []]
    except (yaml.YAMLError, TypeError, AttributeError, KeyError, ValueError):
        return []


def as_read(test: dict[str, Any]) -> dict[str, Any]:
    """A test as the bot server reads it: one word alone is a list of one."""
    expect = {key: value if key not in ("contains", "lacks") else _listed(value) for key, value in dict(test["expect"]).items()}
    return {"say": _listed(test["say"]), "expect": expect}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _tests(text: str) -> Any:
    """The node of the file's `tests`, or None when it has none."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise BadInput("The bot's file cannot be read. Mend it in the editor first.") from error
    if not isinstance(node, yaml.MappingNode) or node.flow_style:
        raise BadInput("The bot's file is not written line by line. Add the case in the editor.")
    return next((value for key, value in node.value if key.value == "tests"), None)


def _end_of(node: Any, lines: list[str]) -> int:
    """The line after the last one that belongs to this node: without the empty lines and comments that follow it."""
    end: int = node.end_mark.line if node.end_mark.column == 0 else node.end_mark.line + 1
    end = min(end, len(lines))
    while end > 0 and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
        end -= 1
    return end


def _dumped(node: Any, text: str) -> str:
    known = yaml.safe_load(text[node.start_mark.index : node.end_mark.index]) or []
    dumped: str = yaml.safe_dump(known, allow_unicode=True, sort_keys=False, width=100) if known else ""
    return dumped


def _indented(text: str, columns: int) -> str:
    return "".join(f"{' ' * columns}{line}" if line.strip() else line for line in text.splitlines(keepends=True))


def _check(before: str, after: str, case: Case) -> None:
    """What was put together by hand must be what was meant, or it is not written."""
    try:
        was, now = yaml.safe_load(before), yaml.safe_load(after)
        added = yaml.safe_load(text_of(case))
        meant = was | {"tests": [*(was.get("tests") or []), *added]}
    except (yaml.YAMLError, TypeError, AttributeError) as error:
        raise BadInput("The case could not be put into the bot's file. Add it in the editor.") from error
    if now != meant:
        raise BadInput("The case could not be put into the bot's file. Add it in the editor.")
