"""Between a step and its work: what must come first of a person or of another bot. Pending never turns into yes (I5).

A run that has to wait ends its job. The app keeps the payload and makes the run due again with the answer; it is looked at here once
more, by whichever worker gets it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from errors import StepError
from pipeline.approving import approved, request, terms_of
from pipeline.payload import Payload, Secrets, pack, unpack
from pipeline.pipeline import BuiltStep, Pipeline
from steps import Delegation, Step


@dataclass(frozen=True)
class Ready:
    """Nothing is missing: the payload to do the step with, and the approval under which it is done."""

    payload: Payload
    approval: str = ""


class Waits(Exception):
    """No error: the run must wait. `told` is what the app is told, `payload` what it keeps."""

    def __init__(self, told: dict[str, Any], payload: Payload) -> None:
        super().__init__(told["kind"])
        self.told = told
        self.payload = payload


def gate(pipeline: Pipeline, built: BuiltStep, step: Step, payload: Payload, answer: Mapping[str, Any] | None, secrets: Secrets) -> Ready:
    """What to do the step with. Raises Waits when something must come first, and StepError when an answer does not fit the step.

    The approval comes before the step's own question: an answer to that means that the approval was there.
    """
    if answer is None and _asks_nothing(built, step):
        return Ready(payload)
    kind = answer["kind"] if answer else ""
    approval = ""
    terms = terms_of(built, step, unpack(pack(payload)))
    if terms is not None and kind in ("", "approval"):
        if answer is None:
            raise Waits(request(built, step, terms, payload, secrets), payload)
        payload, approval = approved(built, step, payload, answer, secrets), str(answer["id"])
        noted = {"step": built.index, "id": approval, "by": str(answer.get("by", ""))}
        earlier = payload.get("approvals")
        payload = payload | {"approvals": [*(earlier if isinstance(earlier, list) else []), noted]}
        kind, answer = "", None
    wanted = step.wants(unpack(pack(payload)))
    if wanted is None and kind:
        raise _unfit(built)
    if wanted is not None and answer is None:
        if isinstance(wanted, Delegation) and wanted.to not in pipeline.bot.delegates:
            said = f"The step {built.name} wants to hand work to {wanted.to}, and the bot's file does not name it in `delegates`."
            raise StepError(said, code="not_declared")
        raise Waits(_json_of(wanted, secrets), payload)
    if wanted is not None and answer is not None:
        if kind != ("delegation" if isinstance(wanted, Delegation) else "question"):
            raise _unfit(built)
        payload = unpack(pack(step.answered(unpack(pack(payload)), answer), secrets))
    return Ready(payload, approval)


def _asks_nothing(built: BuiltStep, step: Step) -> bool:
    """Most steps, which need no copies of the payload to find that out."""
    return built.approve is None and not built.on_behalf and type(step).asks is Step.asks and type(step).wants is Step.wants


def _json_of(wanted: Any, secrets: Secrets) -> dict[str, Any]:
    told: dict[str, Any] = unpack(pack(wanted.as_json(), secrets))
    return told


def _unfit(built: BuiltStep) -> StepError:
    said = f"An answer came that the step {built.name} has not asked for, so nothing was done."
    return StepError(f"{said} The bot may have been changed meanwhile; ask again.", code="answer_unfit")
