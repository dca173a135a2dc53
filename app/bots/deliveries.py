"""A run as its bot gets it: the delivery and the cancellation of the contract (docs/api/runs.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bots import budgets
from bots.delegating import words_handed_over
from bots.models import RunStep
from bots.models.step import DONE
from bots.window import window_of
from chat.models import Message
from chat.rendering import moment
from chat.showing import reference_json

if TYPE_CHECKING:
    from bots.models import Run

CONTRACT = 1
# What a delivery says of where to go on. A run's `start` may know more.
RESUMED = ("step", "payload", "answer", "handmade")


def delivery_of(run: Run) -> dict[str, Any] | None:
    """What the bot needs to answer. None when there is nothing left to answer: taken back, or before a `/reset`."""
    messages = window_of(run) if run.handed is None else [words_handed_over(run)]
    shown = {str(message.pk) for message in messages}
    trigger = [pk for pk in run.trigger if pk in shown] or _still_asked(run)
    if not trigger:
        return None
    return {
        "contract": CONTRACT,
        "type": "run",
        "run": str(run.pk),
        "attempt": run.attempt,
        "tries": run.tries,
        "bot": {"name": run.bot.name, "version": run.version.number if run.version else 0},
        "room": {"id": str(run.room_id), "kind": run.room.kind, "name": run.room.name},
        "asker": {"username": run.asker.username, "name": run.asker.label, "timezone": run.asker.timezone},
        "trigger": trigger,
        "messages": [_shown(message) for message in messages],
        "budgeted": budgets.has_one(run.bot),
        "resume": resume_of(run),
    }


def cancellation_of(run: str, attempt: int, bot: str) -> dict[str, Any]:
    return {"contract": CONTRACT, "type": "cancellation", "run": run, "attempt": attempt, "bot": {"name": bot}}


def resume_of(run: Run) -> dict[str, Any] | None:
    """Where the next attempt goes on: after the last step whose whole payload is known (I2), so that nothing is paid for twice; else where
    the run was told to begin, or where it waited for somebody. What an earlier run did (carried) is in that beginning already."""
    begins = run.start
    last = _last_known(run, begins["step"] if begins else 0) if run.tries else None
    if last:
        return {"step": last["index"] + 1, "payload": last["after"]}
    return begins and {key: begins[key] for key in RESUMED if key in begins}


def _still_asked(run: Run) -> list[str]:
    """A run that goes on has all it needs in its beginning, whatever was said since. Only words taken back are not answered."""
    if run.start is None or not Message.objects.filter(pk__in=run.trigger, deleted_at=None).exists():
        return []
    return list(run.trigger)


def _last_known(run: Run, begins: int) -> dict[str, Any] | None:
    steps = RunStep.objects.filter(run=run, state=DONE, after__isnull=False, carried=False, index__gte=begins)
    last: Any = steps.order_by("-index").values("index", "after").first()
    return last and dict(last)


def _shown(message: Message) -> dict[str, Any]:
    author = message.author
    return {
        "id": str(message.pk),
        "position": message.position,
        "author": {"username": author.username, "name": author.label, "is_bot": author.is_bot},
        "body": message.body,
        "created_at": moment(message.created_at),
        "attachments": [reference_json(each) for each in message.attachments.all()],
    }
