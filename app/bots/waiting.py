"""Runs that wait for a person or for another bot: without a lease, a worker or anything in memory. All of it is in PostgreSQL (I1, I2)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from bots import approving, asking, delegating
from bots.models import Approval, Question, Run
from bots.models import approval as approvals
from bots.models import question as questions
from bots.models.run import ACTIVE, DONE, WAITING
from bots.models.using import used_by
from bots.sweeping import each
from chat import drafts

Wish = Mapping[str, Any]
KINDS: dict[str, Callable[[Run, Wish], None]] = {"approval": approving.ask, "question": asking.ask, "delegation": delegating.hand_over}

# Runs whose card nobody could decide on now: who may has left the room, or has no account any more.
FORSAKEN = """
SELECT run.id FROM bots_run run JOIN (
    SELECT run_id, deciders AS people FROM bots_approval WHERE state = 'pending'
    UNION ALL SELECT run_id, answerers FROM bots_question WHERE state = 'open'
) card ON card.run_id = run.id
WHERE run.state = 'waiting' AND (%(room)s::uuid IS NULL OR run.room_id = %(room)s::uuid) AND NOT EXISTS (
    SELECT FROM chat_membership member JOIN accounts_user usr ON usr.id = member.user_id
    WHERE member.room_id = run.room_id AND usr.is_active AND NOT usr.is_bot AND card.people @> to_jsonb(usr.id)
)
"""


def wait(run: Run, attempt: int, wish: Wish, steps: Sequence[dict[str, Any]] = (), usage: dict[str, Any] | None = None) -> bool:
    """This attempt is over, and the run waits. Saying it again changes nothing. Whether it waits: False when it has ended."""
    with run.held() as run:
        if run._was_stopped(attempt):
            run._keep(steps, usage)
            return False
        if _is_known(run, attempt, wish["step"]):
            return True
        run._admit(attempt)
        run._record(steps)
        run.usage, run.state, run.lease_until = used_by(run, usage), WAITING, None
        run.start = {"step": wish["step"], "payload": wish["payload"], "used": run.usage}
        Run.objects.filter(pk=run.pk).update(state=WAITING, lease_until=None, start=run.start, usage=run.usage)
        KINDS[wish["kind"]](run, wish)
        transaction.on_commit(lambda: drafts.end(run.room_id, run.pk, attempt), robust=True)
        return bool(run.state != DONE)


def expire() -> None:
    """What nobody decided in time is a no. For the relay, every few seconds."""
    each(Approval.objects.filter(state=approvals.PENDING, expires_at__lte=Now()).select_related("run"), approving.expire)
    each(Question.objects.filter(state=questions.OPEN, expires_at__lte=Now()).select_related("run"), asking.expire)
    each(orphans(), lambda run: run.withdraw("room_removed", "The room was removed."))
    each(forsaken(), give_up)


def orphans() -> QuerySet[Run]:
    """Runs that wait in a room that is no more."""
    return Run.objects.filter(state=WAITING, room__removed_at__isnull=False)


def forsaken(room_id: uuid.UUID | None = None) -> QuerySet[Run]:
    """Runs that wait for people none of whom can decide any more, in this room or in any."""
    with connection.cursor() as cursor:
        cursor.execute(FORSAKEN, {"room": room_id})
        return Run.objects.filter(pk__in=[row[0] for row in cursor.fetchall()])


def give_up(run: Run) -> None:
    """Nobody is left to wait for."""
    run.withdraw("nobody_to_decide", "Nobody who may decide is left in this room.")


def run_ended(run: Run) -> None:
    """What it waited for is not wanted any more; and who waited for it goes on. The room is held."""
    if run.start is not None:  # most runs have never waited, and end without being asked
        approving.withdraw_of(run)
        asking.withdraw_of(run)
        delegating.withdraw_of(run)
    if run.handed is not None:
        delegating.child_ended(run)


def _is_known(run: Run, attempt: int, step: int) -> bool:
    """The bot did not hear the answer to this, and says it again."""
    same = run.attempt == attempt and run.start is not None and run.start["step"] == step
    return same and run.state != ACTIVE
