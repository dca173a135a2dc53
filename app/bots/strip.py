"""What stands under a bot's message: how its run went, in one line, and its steps; and in the place of a failure, a card.

Two queries for all the messages of a page, however many there are: one for the runs with their steps, one for what people made of
the messages.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, ExpressionWrapper, OuterRef, Q
from django.db.models.functions import JSONObject
from django.template.loader import get_template

from bots import access, marks
from bots.course import Course
from bots.models import Run, RunStep
from chat import drafts
from chat.extras import Extra
from chat.models.message import FAILURE, TEXT

if TYPE_CHECKING:
    from chat.models import Message

# Whether it is recorded what a step was given or gave, so that a run can go on from there.
KNOWN = ExpressionWrapper(Q(before__isnull=False) | Q(after__isnull=False), output_field=BooleanField())
TRACE = JSONObject(
    known=KNOWN,
    index="index",
    name="name",
    state="state",
    summary="summary",
    ms="ms",
    carried="carried",
    error="error__message",
    usage="usage",
)


def extras_of(messages: Sequence[Message]) -> dict[uuid.UUID, Extra]:
    """The strips and failure cards of these messages, of those that a run has posted here."""
    asked = {message: pk for message in messages if message.kind in (TEXT, FAILURE) and (pk := access.run_id_of(message))}
    runs = courses(set(asked.values())) if asked else {}
    # A message names its run; only one that this bot had in this room counts.
    told = {message: runs[pk] for message, pk in asked.items() if pk in runs and _fits(message, runs[pk].run)}
    made = marks.of([message for message in told if message.kind == TEXT])
    return {message.pk: _extra(message, course, made) for message, course in told.items()}


def courses(run_ids: set[uuid.UUID]) -> dict[uuid.UUID, Course]:
    """The runs with what their steps took. The payloads and prompts of the steps stay where they are: they may be large."""
    trace = ArraySubquery(RunStep.objects.filter(run=OuterRef("pk")).order_by("index").values(step=TRACE))
    found = Run.objects.filter(pk__in=run_ids).select_related("bot__user", "bot__owner", "asker").defer("start", "handed")
    return {run.pk: Course(run, _trace_of(run)) for run in found.annotate(trace=trace)}


def live_course(run: Run) -> Course:
    """The run as it stands now; what it is at, its drafts tell."""
    at = next((draft.step for draft in drafts.glance(run.room_id) if draft.run == str(run.pk)), "")
    known = courses({run.pk})[run.pk]
    return Course(known.run, known.trace, at)


def _trace_of(run: Run) -> list[dict[str, Any]]:
    trace: list[dict[str, Any]] = run.trace  # type: ignore[attr-defined]  # annotated above
    return trace


def _fits(message: Message, run: Run) -> bool:
    return run.room_id == message.room_id and run.bot.user_id == message.author_id


def _extra(message: Message, course: Course, made: dict[uuid.UUID, marks.Marks]) -> Extra:
    about: dict[str, Any] = {"message": message, "course": course, "run": course.run, "steerers": access.steerers_of(course.run)}
    if message.kind == FAILURE:
        return Extra(card=get_template("bots/_failure.html").render(about))
    mark = made.get(message.pk, marks.NONE)
    return Extra(footer=get_template("bots/_strip.html").render(about | {"marks": mark}))
