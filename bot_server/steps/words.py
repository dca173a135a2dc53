"""Texts of bot files that may name values of the payload, such as `{draft}`."""

from __future__ import annotations

from typing import Any

from steps.placeholders import fill
from steps.step import Payload


def filled(template: str, payload: Payload) -> str:
    """The template with {draft}, {message} (the newest), {username} (who asked), and any key of the payload that holds text or a number."""
    values = {key: str(value) for key, value in payload.items() if isinstance(value, str | int | float) and not isinstance(value, bool)}
    values |= {"draft": _text(payload, "draft", "body"), "username": _text(payload, "asker", "username")}
    messages = payload.get("messages")
    newest = messages[-1] if isinstance(messages, list) and messages else None
    values["message"] = str(newest.get("body", "")) if isinstance(newest, dict) else ""
    return fill(template, values)


def _text(payload: Payload, key: str, inner: str) -> str:
    found: Any = payload.get(key)
    return str(found.get(inner, "")) if isinstance(found, dict) else str(found or "")
