"""`when`: a condition over payload keys, made of named comparisons. No expressions, no templates.

when: metadata                          the key is there and not empty
when: {draft.body: {contains: tooth}}   every line must hold
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.problem import nearest

MISSING = object()


def _comparable(left: Any, right: Any) -> bool:
    numbers = (int, float)
    return isinstance(left, numbers) and isinstance(right, numbers) and not isinstance(left, bool) and not isinstance(right, bool)


def _holds(whole: Any, part: Any) -> bool:
    if isinstance(whole, str):
        return isinstance(part, str) and part.casefold() in whole.casefold()
    return isinstance(whole, list | dict) and part in whole


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "present": lambda value, wanted: (value is not MISSING and value not in (None, "", [], {})) == bool(wanted),
    "equals": lambda value, wanted: bool(value == wanted),
    "differs": lambda value, wanted: bool(value != wanted),
    "contains": _holds,
    "lacks": lambda value, wanted: not _holds(value, wanted),
    "among": lambda value, wanted: isinstance(wanted, list) and value in wanted,
    "above": lambda value, wanted: _comparable(value, wanted) and value > wanted,
    "below": lambda value, wanted: _comparable(value, wanted) and value < wanted,
}


@dataclass(frozen=True)
class When:
    """All of `tests`, each (path in the payload, comparison, wanted), must hold."""

    tests: tuple[tuple[tuple[str, ...], str, Any], ...]

    def holds(self, payload: Mapping[str, Any]) -> bool:
        """Whether the step runs for this payload."""
        return all(COMPARISONS[name](_reach(payload, path), wanted) for path, name, wanted in self.tests)

    def __str__(self) -> str:
        return " and ".join(f"{'.'.join(path)} {name} {wanted}" for path, name, wanted in self.tests)


def parse(given: Any) -> When:
    """The condition written as `given` in a bot file. Raises ValueError in plain words."""
    if isinstance(given, str) and given:
        return When((((*given.split("."),), "present", True),))
    if not isinstance(given, dict) or not given:
        raise ValueError("this must be a payload key, or a map like `draft.body: {contains: tooth}`")
    tests = []
    for key, comparisons in given.items():
        if not isinstance(comparisons, dict) or not comparisons:
            raise ValueError(f"`{key}` needs a comparison, such as `{key}: {{contains: tooth}}`; there are {', '.join(COMPARISONS)}")
        for name, wanted in comparisons.items():
            if name not in COMPARISONS:
                hint = nearest(name, COMPARISONS)
                raise ValueError(
                    f'there is no comparison "{name}"; there are {", ".join(COMPARISONS)}' + (f'. Did you mean "{hint}"?' if hint else "")
                )
            tests.append((tuple(str(key).split(".")), str(name), wanted))
    return When(tuple(tests))


def _reach(payload: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        if isinstance(payload, Mapping) and part in payload:
            payload = payload[part]
        elif isinstance(payload, list) and part.lstrip("-").isdigit() and -len(payload) <= int(part) < len(payload):
            payload = payload[int(part)]
        else:
            return MISSING
    return payload
