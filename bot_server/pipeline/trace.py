"""What a run leaves behind for people: a record of each step, and the run's outcome, as the contract spells them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Literal

from dosaku.usage import Usage
from errors import Failure
from pipeline.context import Context
from pipeline.payload import Payload, Secrets

# What a trace keeps: the app takes no more of each (docs/api/runs.md).
MAX_PROMPT = 128 * 1024
MAX_SUMMARY = 300
MAX_EXPLANATION = 2000


@dataclass(frozen=True)
class Record:
    """One step of one run. `payload` is the whole payload after a step that cost money or had an effect, else None."""

    index: int
    name: str
    state: Literal["done", "failed"]
    summary: str
    started_ms: int
    ms: int
    usage: dict[str, Any]
    prompt: list[dict[str, Any]] | None
    changed: Payload
    payload: Payload | None
    error: dict[str, Any] | None
    before: Payload | None = None
    logs: list[str] = field(default_factory=list)
    code: str = ""

    def as_json(self) -> dict[str, Any]:
        """The record as the app's API takes it."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class Outcome:
    """How a run ended. `steps` are the records the app does not have yet."""

    outcome: Literal["replied", "silent", "failed", "cancelled"]
    reason: str = ""
    explanation: str = ""
    permanent: bool = False
    retry_after: float | None = None
    steps: list[dict[str, Any]] = field(default_factory=list)
    usage: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The outcome as the app's API takes it, but for the attempt."""
        return dict(self.__dict__)


def usage_of(usages: list[Usage]) -> dict[str, Any]:
    """All uses of one step, added up; {} when there were none."""
    if not usages:
        return {}
    total = usages[0]
    for usage in usages[1:]:
        total = total + usage
    return total.as_dict()


def prompt_of(context: Context, secrets: Secrets) -> list[dict[str, Any]] | None:
    """The prompt a step recorded, without secrets, and shortened from the front when it is too long for a trace."""
    if context.prompt is None:
        return None
    text = secrets.hide_in_json(json.dumps(context.prompt, ensure_ascii=False, default=str))
    prompt: list[dict[str, Any]] = json.loads(text)
    while len(prompt) > 1 and _size(prompt) > MAX_PROMPT:
        prompt = prompt[1:]
    if prompt and _size(prompt) > MAX_PROMPT:
        prompt = [{"role": str(prompt[0].get("role", "user")), "content": str(prompt[0].get("content", ""))[: MAX_PROMPT // 8] + " …"}]
    return prompt


def error_of(failure: Failure, secrets: Secrets) -> dict[str, Any]:
    """A failure as the trace keeps it."""
    return {"code": failure.code, "message": secrets.hide(failure.explanation), "permanent": failure.permanent}


def add_up(steps: list[dict[str, Any]]) -> dict[str, Any]:
    """The tokens of all steps; {} when no step used any."""
    used = [step["usage"] for step in steps if step["usage"]]
    if not used:
        return {}
    return {
        "tokens_in": sum(usage["tokens_in"] for usage in used),
        "tokens_out": sum(usage["tokens_out"] for usage in used),
        "estimated": any(usage["estimated"] for usage in used),
    }


def _size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
