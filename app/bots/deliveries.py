"""A run as its bot gets it: the delivery and the cancellation of the contract (docs/api/runs.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bots import budgets
from bots.delegating import words_handed_over
from bots.models import RunStep
from bots.models.step import DONE
from bots.window import window_of
from chat.rendering import moment

if TYPE_CHECKING:
    from bots.models import Run
    from chat.models import Message

CONTRACT = 1


def delivery_of(run: Run) -> dict[str, Any] | None:
    """What the bot needs to answer. None when there is nothing left to answer: taken back, or before a `/reset`."""
    messages = window_of(run) if run.handed is None else [words_handed_over(run)]
    shown = {str(message.pk) for message in messages}
    trigger = [pk for pk in run.trigger if pk in shown]
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
    """Where the next attempt goes on: after the last step whose whole payload is known (I2). What was paid for is not paid for twice."""
    if run.tries == 0:
        return None
    last = RunStep.objects.filter(run=run, state=DONE, after__isnull=False).order_by("-index").values("index", "after").first()
    return last and {"step": last["index"] + 1, "payload": last["after"]}


def _shown(message: Message) -> dict[str, Any]:
    author = message.author
    return {
        "id": str(message.pk),
        "position": message.position,
        "author": {"username": author.username, "name": author.label, "is_bot": author.is_bot},
        "body": message.body,
        "created_at": moment(message.created_at),
    }
