"""Approvals on the bots' side: the exact bytes that are shown, and the proof that what is done is what was approved (I5).

The content is canonical JSON (sorted keys, no spaces, no escapes that are not needed), so that one content has one SHA-256. After the
approval the step says once more what it would do, with what the person edited in its place; unless that gives the approved bytes again,
nothing is done.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from errors import StepError
from pipeline.payload import Payload, Secrets, pack, unpack
from pipeline.pipeline import BuiltStep
from steps import Part, Step, Terms
from storable import storable


class ApprovalUnfit(StepError):
    """What came back as approved is not what the step would do. Nothing was done."""

    code = "approval_unfit"


def canonical(value: Any) -> str:
    """The one spelling of a JSON value."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def sha256_of(content: str) -> str:
    """The hash of a content's UTF-8 bytes, in hex."""
    return hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()


def terms_of(built: BuiltStep, step: Step, payload: Payload) -> Terms | None:
    """How to ask for leave; None when none is needed. Who acts in another's name asks that person, whatever the file says."""
    own = step.asks(payload)
    terms = built.approve or own
    if terms is None:
        return None
    said = terms.say or (own.say if own else "") or f"May I do the step {built.name}?"
    return terms.model_copy(update={"say": said} | ({"by": "asker"} if built.on_behalf else {}))


def request(built: BuiltStep, step: Step, terms: Terms, payload: Payload, secrets: Secrets) -> dict[str, Any]:
    """What the app is told, so that it puts a card into the room."""
    content = content_of(built, step, payload, secrets)
    told = {"kind": "approval", "title": terms.say, "content": content, "sha256": sha256_of(content)}
    return told | {"by": terms.by, "expires": terms.expires, "effect": bool(step.effect)}


def content_of(built: BuiltStep, step: Step, payload: Payload, secrets: Secrets) -> str:
    """What the step would do with this payload, as it is shown, hashed and approved. The step gets a copy."""
    parts = step.preview(unpack(pack(payload)))
    if not isinstance(parts, list) or not parts or not all(isinstance(part, Part) for part in parts):
        raise StepError(f"The step {built.name} does not say what it would do: `preview` must return parts.", code="preview_wrong")
    told = canonical(storable({"action": built.name, "parts": [part.as_json() for part in parts]}))
    # Hiding may not leave a second spelling behind.
    return canonical(json.loads(secrets.hide_in_json(told)))


def approved(built: BuiltStep, step: Step, payload: Payload, answer: Mapping[str, Any], secrets: Secrets) -> Payload:
    """The payload to do the step with, after an approval. Raises ApprovalUnfit unless the step will do exactly what was approved."""
    content = str(answer.get("content", ""))
    if not hmac.compare_digest(sha256_of(content), str(answer.get("sha256", "")).lower()):
        raise ApprovalUnfit(f"What was approved for the step {built.name} came back changed on its way, so nothing was done. Ask again.")
    asked = json.loads(content_of(built, step, payload, secrets))
    texts = _edits(built, asked, content)
    after = unpack(pack(step.edited(unpack(pack(payload)), texts), secrets))
    if content_of(built, step, after, secrets) != content:
        raise _unfit(built)
    return after


def _edits(built: BuiltStep, asked: dict[str, Any], content: str) -> dict[str, str]:
    """The texts of the editable parts as they were approved, by name; no other text may differ."""
    try:
        decided = json.loads(content)
        parts = list(decided["parts"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _unfit(built) from None
    if decided.get("action") != built.name or len(parts) != len(asked["parts"]):
        raise _unfit(built)
    texts = {}
    for before, after in zip(asked["parts"], parts, strict=True):
        if not isinstance(after, dict) or not isinstance(after.get("text"), str) or before | {"text": ""} != after | {"text": ""}:
            raise _unfit(built)
        if before.get("editable") and before.get("name"):
            texts[before["name"]] = after["text"]
        elif after["text"] != before["text"]:
            raise _unfit(built)
    return texts


def _unfit(built: BuiltStep) -> ApprovalUnfit:
    said = f"What was approved is not what the step {built.name} would do now, so nothing was done. Ask again."
    return ApprovalUnfit(said)
