"""What the steps of a run were given and what they gave, put together from what was recorded.

A bot records the whole payload before its first step and before one that failed, and after each that cost money or had an effect; of the
others only what they changed. Everything between follows from these. Each question reads as few of the big values as it can.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q

from bots.models import RunStep
from bots.models.run import DONE, PENDING, SILENT, WAITING
from bots.models.step import DONE as STEP_DONE
from bots.models.step import FAILED as STEP_FAILED

if TYPE_CHECKING:
    from bots.models import Run

Payload = dict[str, Any]
# What a row of the timeline needs; the rest of a step may be half a megabyte.
BIG = ("prompt", "changed", "before", "after", "logs", "code")


def input_of(run: Run, index: int) -> Payload | None:
    """The payload that this step was given, or would be. None when nobody knows."""
    own = RunStep.objects.filter(run=run, index=index).values_list("before", flat=True).first()
    if own is not None:
        return _object(own)
    if run.start and run.start.get("step") == index and isinstance(run.start.get("payload"), dict):
        return _object(run.start["payload"])
    return output_of(run, index - 1) if index else None


def output_of(run: Run, index: int) -> Payload | None:
    """The payload after this step. None when the step is not done, or nobody knows."""
    done = RunStep.objects.filter(run=run, index__lte=index, state=STEP_DONE)
    base = done.filter(Q(after__isnull=False) | Q(before__isnull=False)).order_by("-index").first()
    if base is None:
        return None
    payload = _object(base.after) if base.after is not None else changed_to(_object(base.before), base.changed)
    rest = list(done.filter(index__gt=base.index).order_by("index").values_list("index", "changed"))
    if [position for position, _ in rest] != list(range(base.index + 1, index + 1)):
        return None
    for _, changed in rest:
        payload = changed_to(payload, changed)
    return payload


def changed_to(payload: Payload, changed: Payload) -> Payload:
    """What a payload is after a change by top-level key, in which null says that the key is gone."""
    return {key: value for key, value in {**payload, **changed}.items() if key not in changed or changed[key] is not None}


def stuck_at(run: Run) -> int | None:
    """The step at which a run that has not come to an answer stands still. None while it is at work, and when it came to its end."""
    if run.state == WAITING and run.start:
        return int(run.start["step"])
    if run.state not in (DONE, PENDING) or run.outcome in ("replied", SILENT):
        return None
    rows = list(RunStep.objects.filter(run=run).order_by("index").values_list("index", "state"))
    failed = [index for index, state in rows if state == STEP_FAILED]
    if failed:
        return failed[-1]
    if run.state == PENDING and run.tries == 0 and not rows:
        return None  # it has not begun: there is nothing to take over yet
    return next((place for place, (index, _) in enumerate(rows) if index != place), len(rows))


def _object(value: Any) -> Payload:
    return dict(value) if isinstance(value, dict) else {}
