"""Frames that clients send: what is in them, checked."""

from __future__ import annotations

import json
from typing import Any

from chat.errors import BadInput, ChatError
from chat.limits import CLIENT_ID_LIMIT, UNSTORABLE

LARGEST_NUMBER = 2**63 - 1


class Malformed(BadInput):
    code = "malformed"


def parse(text: str | None) -> dict[str, Any]:
    if text is None:
        raise Malformed("Frames are text: one JSON object each.")
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        raise Malformed("This frame is not JSON.") from None
    if not isinstance(frame, dict) or not isinstance(frame.get("type"), str):
        raise Malformed('A frame is a JSON object with a "type".')
    return frame


def word(frame: dict[str, Any], key: str) -> str:
    value = frame.get(key)
    if not isinstance(value, str):
        raise Malformed(f'"{key}" must be a text.', **{key: "must be a text"})
    return value


def optional_word(frame: dict[str, Any], key: str) -> str | None:
    return None if frame.get(key) is None else word(frame, key)


def number(frame: dict[str, Any], key: str) -> int:
    value = frame.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST_NUMBER:
        raise Malformed(f'"{key}" must be a whole number, 0 or more.', **{key: "must be a number"})
    return value


def optional_number(frame: dict[str, Any], key: str) -> int | None:
    return None if frame.get(key) is None else number(frame, key)


def error(problem: ChatError, frame: dict[str, Any]) -> dict[str, Any]:
    """What the client hears. Its client_id comes back, so that it knows which of its messages is meant."""
    answer = {"type": "error", "code": problem.code, "message": problem.message}
    client_id = frame.get("client_id")
    if isinstance(client_id, str) and len(client_id) <= CLIENT_ID_LIMIT and not UNSTORABLE.search(client_id):
        answer["client_id"] = client_id
    return answer
