"""One step of a run, opened: what it was given, what it gave and changed, what a model was sent, what it wrote down, why it failed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bots import secrecy, traces, values
from bots.course import dollars, fine_duration
from bots.errors import NotFound
from bots.models.step import DONE
from bots.prices import tokens_of

if TYPE_CHECKING:
    from bots.models import Run, RunStep

TURN_FOLDED = 1200


@dataclass(frozen=True)
class Turn:
    """One message of a prompt."""

    role: str
    text: str
    preview: str
    folded: bool


class StepPage:
    def __init__(self, run: Run, index: int) -> None:
        step = run.steps.filter(index=index).first()
        if step is None:
            raise NotFound("This run has no such step yet.")
        self.run = run
        self.step: RunStep = step

    @cached_property
    def _given(self) -> dict[str, Any] | None:
        payload = traces.input_of(self.run, self.step.index)
        return None if payload is None else secrecy.hidden(payload)

    @cached_property
    def _gave(self) -> dict[str, Any] | None:
        if self.step.state != DONE:
            return None
        if self._given is not None and self.step.after is None:
            return traces.changed_to(self._given, secrecy.hidden(self.step.changed or {}))
        payload = traces.output_of(self.run, self.step.index)
        return None if payload is None else secrecy.hidden(payload)

    @property
    def known(self) -> bool:
        return self._given is not None

    @cached_property
    def input(self) -> list[values.Value]:
        return values.values_of(self._given or {})

    @cached_property
    def output(self) -> list[values.Value]:
        return values.values_of(self._gave or {})

    @cached_property
    def changes(self) -> list[values.Change]:
        if self._given is not None and self._gave is not None:
            return values.changes_of(self._given, self._gave)
        # Without the payload before it is known what became of each key, not what it was.
        return values.changes_of({}, secrecy.hidden(self.step.changed or {}))

    @property
    def same_keys(self) -> list[str]:
        return values.same_keys(self._given, self._gave) if self._given is not None and self._gave is not None else []

    @cached_property
    def prompt(self) -> list[Turn]:
        turns = self.step.prompt if isinstance(self.step.prompt, list) else []
        return [_turn(secrecy.hidden(turn)) for turn in turns]

    @property
    def tokens_in(self) -> str:
        usage = self.step.usage if isinstance(self.step.usage, dict) else {}
        read = tokens_of(usage)[0]
        return f"{'about ' if usage.get('estimated') else ''}{read:,}" if read else ""

    @property
    def summary(self) -> str:
        return str(secrecy.hidden(self.step.summary))

    @property
    def logs(self) -> str:
        return "\n".join(str(line) for line in secrecy.hidden(self.step.logs or []))

    @property
    def code(self) -> str:
        return str(secrecy.hidden(self.step.code))

    @property
    def error(self) -> dict[str, Any]:
        error = secrecy.hidden(self.step.error) if isinstance(self.step.error, dict) else {}
        return {"message": str(error.get("message", "")), "code": str(error.get("code", "")), "permanent": bool(error.get("permanent"))}

    @property
    def facts(self) -> list[tuple[str, str]]:
        usage: dict[str, Any] = self.step.usage if isinstance(self.step.usage, dict) else {}
        read, written = tokens_of(usage)
        about = "about " if usage.get("estimated") else ""
        found = [
            ("module", str(usage.get("module") or "")),
            ("model", str(usage.get("model") or "")),
            ("tokens", f"{about}{read:,} in, {written:,} out" if read or written else ""),
            ("cost", dollars(self.step.cost)),
            ("retries", str(usage["retries"]) if usage.get("retries") else ""),
            ("attempt", str(self.step.attempt) if self.step.attempt > 1 else ""),
            ("took", fine_duration(self.step.ms)),
        ]
        return [(name, value) for name, value in found if value]


def _turn(turn: Any) -> Turn:
    turn = turn if isinstance(turn, dict) else {"content": turn}
    content = turn.get("content", "")
    text = content if isinstance(content, str) else values.as_text(content)
    extra = {key: value for key, value in turn.items() if key not in ("role", "content")}
    text = f"{text}\n{values.as_text(extra)}".strip() if extra else text
    return Turn(str(turn.get("role", "")), text[: values.MOST_SHOWN], f"{' '.join(text[:300].split())[:110]} …", len(text) > TURN_FOLDED)
