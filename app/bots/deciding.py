"""Who may decide on what a run waits for, and what a decision does to the run. The run and its room are held by the caller."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db.models.functions import Now

from bots import wakeups
from bots.errors import Decided, NotAllowed
from bots.models import Run
from bots.models.run import CANCELLED, FAILED, PENDING, WAITING

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User

ASKER, ADMINS = "asker", "admins"


def deciders_of(run: Run, by: str | Sequence[str]) -> list[User]:
    """The people of the room whom a bot's file names. Never a bot, whatever the file says (I5)."""
    people = _people_in(run)
    if by == ASKER:
        return list(people.filter(pk=run.asker_id))
    if by == ADMINS:
        return [user for user in people if run.bot.is_admin(user)]
    return list(people.filter(username__in=[by] if isinstance(by, str) else by))


def must_decide(user: User, run: Run, deciders: Sequence[int]) -> None:
    """Asked again at the moment of the decision: who has left the room, or is a bot, decides nothing."""
    if user.pk not in deciders or not _people_in(run).filter(pk=user.pk).exists():
        raise NotAllowed("This is not yours to decide.")


def must_wait(run: Run) -> None:
    if run.state != WAITING:
        raise Decided("This run does not wait any more: it has ended, or goes on already.")


def must_be_on(run: Run) -> None:
    """A yes that nobody could carry out now would be forgotten, and the person would think it was done."""
    if not run.bot.is_on:
        raise Decided(f"{run.bot.title} is switched off at the moment, so nothing was decided. Try again when it is back.")


def go_on(run: Run, answer: dict[str, Any]) -> None:
    """The answer is there: the run is due, from the step that waited, with tries of its own."""
    run.start = {**(run.start or {}), "answer": answer}
    run.state, run.tries = PENDING, 1
    Run.objects.filter(pk=run.pk).update(
        state=PENDING, start=run.start, tries=1, due_at=Now(), lease_until=None, unstarted=0, undelivered_since=None, told_at=None,
        reason="", explanation="",
    )  # fmt: skip
    wakeups.due()


def turn_down(run: Run, reason: str, explanation: str) -> None:
    """Nothing happens, and nothing is tried again."""
    run._end(CANCELLED, reason, explanation, permanent=True)


def nobody(run: Run, what: str) -> None:
    """Waiting would be in vain."""
    run._end(FAILED, "nobody_to_decide", f"{what}, but none of those who may decide is in this room.", permanent=True)


def _people_in(run: Run) -> QuerySet[User]:
    return get_user_model().objects.filter(is_bot=False, is_active=True, memberships__room=run.room_id)
