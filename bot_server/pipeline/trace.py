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
MAX_CODE = 64 * 1024
MAX_LOGS = 16 * 1024
MAX_LINE = 2000
MAX_LINES = 200
# The app takes bodies of 1 MB.
MAX_RECORD = 900_000
MAX_SUMMARY = 300
MAX_EXPLANATION = 2000


@dataclass(frozen=True)
class Record:
    """One step of one run. `payload` is the whole payload after a step that cost money or had an effect, else None; `before` the one before
    the first step of an attempt and before one that failed."""

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
        """The record as the app's API takes it. One that would be too long for that goes without the payload before it."""
        told = dict(self.__dict__)
        return told | {"before": None} if self.before is not None and _size(told) > MAX_RECORD else told


@dataclass(frozen=True)
class Outcome:
    """How a run ended, or that it waits: for what, at which step, with which payload. `steps` are the records the app does not have yet;
    `told`: it knows all of this already."""

    outcome: Literal["replied", "silent", "failed", "cancelled", "waiting"]
    reason: str = ""
    explanation: str = ""
    permanent: bool = False
    retry_after: float | None = None
    steps: list[dict[str, Any]] = field(default_factory=list)
    usage: dict[str, Any] = field(default_factory=dict)
    waiting: dict[str, Any] | None = None
    told: bool = False

    def as_json(self) -> dict[str, Any]:
        """The outcome as the app's API takes it, but for the attempt."""
        return {key: value for key, value in self.__dict__.items() if key != "told" and (key != "waiting" or value is not None)}


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


def logs_of(context: Context, secrets: Secrets) -> list[str]:
    """The lines a step logged, without secrets, as many as a trace takes; the last one says so when more were left out."""
    lines: list[str] = []
    size = 0
    for line in context.logs:
        shown = secrets.hide(line)[:MAX_LINE]
        size += len(shown.encode("utf-8", "replace"))
        if size > MAX_LOGS or len(lines) == MAX_LINES - 1:
            return [*lines, f"… {len(context.logs) - len(lines)} more were left out"]
        lines.append(shown)
    return lines


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
