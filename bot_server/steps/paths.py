"""Places in the payload: dotted keys such as `draft.body`."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator

from errors import PayloadError
from steps.step import Payload

# Who runs what, where and for whom is the app's to say: no setting of a step leads there.
KEPT = frozenset({"run", "attempt", "bot", "room", "asker", "trigger", "messages", "approvals", "reply"})
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")


def free_key(given: Any) -> str:
    """A key of the payload that a step may write. Raises ValueError in plain words."""
    if not isinstance(given, str) or not _KEY.fullmatch(given):
        raise ValueError("this must be a key of the payload, such as answer or draft.body")
    if given.split(".")[0] in KEPT:
        raise ValueError(f"`{given.split('.')[0]}` is not for a step to write; choose a key of your own, such as answer")
    return given


FreeKey = Annotated[str, BeforeValidator(free_key)]


def taken(payload: Payload, key: str) -> Any:
    """What stands at the key. Raises PayloadError when nothing does."""
    value: Any = payload
    for part in key.split("."):
        if not isinstance(value, dict) or part not in value:
            raise PayloadError(f"The payload has nothing at `{key}` for this step to work on.")
        value = value[part]
    return value


def put(payload: Payload, key: str, value: Any) -> None:
    """Put a value there. Raises PayloadError when something that is no map is in the way."""
    *path, last = key.split(".")
    for part in path:
        inner = payload.setdefault(part, {})
        if not isinstance(inner, dict):
            raise PayloadError(f"The payload's `{part}` is no map, so nothing can be put at `{key}`.")
        payload = inner
    payload[last] = value
