"""Thumbs under a bot's reply: one per person, with a reason, and what was expected instead becomes a case (C30)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from bots import access, lessons
from bots.errors import BadInput, NotAllowed
from bots.models import Case, Feedback
from bots.models.case import FEEDBACK, PROPOSED
from bots.models.feedback import DOWN, UP
from chat.limits import storable
from chat.models import Message
from chat.models.event import MESSAGE_EDITED

if TYPE_CHECKING:
    from accounts.models import User

NONE = 0
REASON_LIMIT = 500
EXPECTED_LIMIT = 4000


def rate(message: Message, by: User, value: int, reason: str = "", expected: str = "") -> Feedback | None:
    """Thumb up, down, or taken back. What is said again replaces what was said before."""
    reason, expected = _clean(reason, REASON_LIMIT, "reason"), _clean(expected, EXPECTED_LIMIT, "expected")
    if value not in (UP, DOWN, NONE):
        raise BadInput("A thumb is up (1), down (-1) or taken back (0).", value="is none of these")
    if by.is_bot:
        raise NotAllowed("Only people rate replies.")
    with transaction.atomic():
        message.room.lock()
        # As it is now: the room is shown it anew, and somebody may have corrected it since it was read.
        message = Message.objects.select_related("author", "room").get(pk=message.pk)
        run = access.run_behind(message)
        if value == NONE:
            Feedback.objects.filter(message=message, by=by).delete()
            found = None
        else:
            said = {"bot": run.bot, "run": run, "value": value, "reason": reason, "expected": expected if value == DOWN else ""}
            found, _ = Feedback.objects.update_or_create(message=message, by=by, defaults=said)
        if value == DOWN and expected:
            lessons.propose(run, message, by, FEEDBACK, {"contains": expected})
        else:
            Case.objects.filter(message=message, made_by=by, source=FEEDBACK, state=PROPOSED).delete()
        message.room.record(MESSAGE_EDITED, message=message)
    return found


def of(message: Message, by: User) -> Feedback | None:
    """What this person said of it."""
    return Feedback.objects.filter(message=message, by=by).first()


def _clean(text: str, limit: int, name: str) -> str:
    text = storable(text, name).replace("\r\n", "\n").strip()
    if len(text) > limit:
        raise BadInput(f"This has {len(text):,} characters; {limit:,} is the most it can have.", **{name: "is too long"})
    return text
