"""What bots of tests wait for, as their programs send it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

LETTER = "Good morning, we would like the garden room for two nights."


def content_of(*parts: dict[str, Any], action: str = "Reply") -> str:
    return json.dumps({"action": action, "parts": list(parts)}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def letter(to: str = "luke", body: str = LETTER) -> str:
    """A message to somebody, as `Reply: {to: …}` shows it."""
    return content_of(
        {"kind": "recipients", "label": "To", "text": to},
        {"kind": "text", "label": "Message", "text": body, "name": "body", "editable": True},
    )


def wait(kind: str, **fields: Any) -> dict[str, Any]:
    """An outcome that waits, at step 4."""
    waiting = {"kind": kind, "step": 4, "payload": {"draft": {"body": "hi"}}, **fields}
    return {"attempt": 1, "outcome": "waiting", "steps": [], "usage": {}, "waiting": waiting}


def approval(content: str | None = None, **fields: Any) -> dict[str, Any]:
    content = letter() if content is None else content
    return wait("approval", **{"title": "May I send this to Luke?", "content": content, "sha256": sha(content), "by": "asker", **fields})


def question(**fields: Any) -> dict[str, Any]:
    return wait("question", **{"text": "Which day suits you?", "question": "text", "choices": [], "by": "asker", **fields})


def delegation(to: str = "guide", body: str = "Check this phrase.") -> dict[str, Any]:
    return wait("delegation", to=to, body=body)
