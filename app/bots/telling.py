"""What a room hears of a run besides the bot's own words: that it takes long, that it failed, that it ended."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from django.db import transaction

from chat import drafts
from chat.models.event import RUN_ENDED
from chat.models.message import FAILURE
from chat.rendering import as_author

if TYPE_CHECKING:
    from bots.models import Run


def activity(run: Run, words: str) -> None:
    """Shown while the run goes on, and gone with it: never a message, so that retries do not fill the room."""
    frame = drafts.Frame(run=str(run.pk), attempt=run.attempt, author=as_author(run.bot.user), offset=0, text="", activity=words)
    transaction.on_commit(lambda: drafts.put(run.room_id, [frame]), robust=True)


def ended(run: Run) -> None:
    """The outcome, as an event of the room; a failure also as a message in the bot's name (I9). The room is held by the caller."""
    if run.room.removed_at is None:
        if run.outcome == "failed" and run.room.memberships.filter(user=run.bot.user_id).exists():
            about = {"run": str(run.pk), "reason": run.reason}
            run.room.post(run.bot.user, failure(run), client_id=f"{run.pk}:failure", kind=FAILURE, metadata=about)
        about = {"run": str(run.pk), "outcome": run.outcome, "reason": run.reason, "bot": run.bot.name}
        run.room.record(RUN_ENDED, data=about)
    transaction.on_commit(lambda: drafts.end(run.room_id, run.pk, run.attempt), robust=True)


def failure(run: Run) -> str:
    if run.explanation.strip():
        return run.explanation
    return f"I could not finish this. The reason given is “{run.reason or 'none'}”; whoever runs me finds more in the run's steps."


def trying_again(explanation: str, seconds: float) -> str:
    why = f"{explanation.strip()} " if explanation.strip() else ""
    return f"{why}Trying again in {max(1, math.ceil(seconds))} s."
