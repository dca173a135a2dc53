"""What waits for people: of a run, as its page says it; and in which rooms something does."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Q

from accounts.models import User
from bots.models import Approval, Question, Run
from bots.models import approval as approvals
from bots.models import question as questions

if TYPE_CHECKING:
    import uuid


@dataclass(frozen=True)
class Wait:
    words: str
    until: datetime | None = None
    message: uuid.UUID | None = None
    child: Run | None = None


def wait_of(run: Run, viewer: User) -> Wait | None:
    """None when what it waited for has just come."""
    approval = Approval.objects.filter(run=run, state=approvals.PENDING).order_by("-created_at").first()
    if approval:
        return Wait(
            f"It waits for {_names(approval.deciders, viewer)} to decide: {approval.title}", approval.expires_at, approval.message_id
        )
    question = Question.objects.filter(run=run, state=questions.OPEN).order_by("-created_at").first()
    if question:
        return Wait(
            f"It waits for an answer by {_names(question.answerers, viewer)}: {question.text}", question.expires_at, question.message_id
        )
    child = run.delegated.exclude(state="done").select_related("bot__user").order_by("-created_at").first()
    if child:
        return Wait(f"It waits for {child.bot.title}, to whom it handed work.", child=child)
    return None


def rooms_awaiting(user: User, rooms: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those of these rooms in which a card that is shown waits for this user. One query. A source of marks in the list of rooms."""
    shown = Q(run__room__in=rooms, message__hidden=False)
    decisions = Approval.objects.filter(shown, state=approvals.PENDING, deciders__contains=[user.pk])
    answers = Question.objects.filter(shown, state=questions.OPEN, answerers__contains=[user.pk])
    found = decisions.order_by().values_list("run__room", flat=True).union(answers.order_by().values_list("run__room", flat=True))
    return set(found)


def _names(deciders: list[int], viewer: User) -> str:
    if viewer.pk in deciders:
        return "you"
    people = sorted(user.label for user in User.objects.filter(pk__in=deciders))
    return " or ".join(people) if people else "somebody who is not here any more"
