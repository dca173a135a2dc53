"""What stands under a bot's message: how its run went, in one line, and its steps; and in the place of a failure, a card.

Two queries for all the messages of a page, however many there are: one for the runs with their steps, one for what people made of
the messages.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.template.loader import get_template

from bots import access, glances, marks
from bots.course import Course
from chat import drafts
from chat.extras import Extra
from chat.models.message import CARD, FAILURE, TEXT

if TYPE_CHECKING:
    from bots.glances import Glance
    from bots.models import Run
    from chat.models import Message

KINDS = (TEXT, FAILURE, CARD)


def extras_of(messages: Sequence[Message]) -> dict[uuid.UUID, Extra]:
    """The strips and failure cards of these messages, of those that a run has posted here."""
    asked = {message: pk for message in messages if message.kind in KINDS and (pk := access.run_id_of(message))}
    runs = glances.of(set(asked.values())) if asked else {}
    # A message names its run; only one that this bot had in this room counts.
    told = {message: runs[pk] for message, pk in asked.items() if pk in runs and _fits(message, runs[pk])}
    made = marks.of([message.pk for message in told if message.kind == TEXT])
    return {message.pk: _extra(message, Course(run), made) for message, run in told.items()}


def live_course(run: Run) -> Course:
    """The run as it stands now; what it is at, its drafts tell."""
    at = next((draft.step for draft in drafts.glance(run.room_id) if draft.run == str(run.pk)), "")
    return Course(glances.of([run.pk])[run.pk], at)


def _fits(message: Message, run: Glance) -> bool:
    return run.room_id == message.room_id and run.bot_user_id == message.author_id


def _extra(message: Message, course: Course, made: dict[uuid.UUID, marks.Marks]) -> Extra:
    about: dict[str, Any] = {"message": message, "course": course, "run": course.run, "steerers": access.steerers(course.run)}
    if message.kind == FAILURE:
        return Extra(card=get_template("bots/_failure.html").render(about))
    if message.kind == CARD:
        # A card says itself what the run waits for; that of work handed on leads to the run that does it.
        return Extra(footer="" if message.metadata.get("card") == "delegation" else get_template("bots/_open_run.html").render(about))
    mark = made.get(message.pk, marks.NONE)
    return Extra(footer=get_template("bots/_strip.html").render(about | {"marks": mark}))
