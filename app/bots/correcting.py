"""A bot's reply, mended by a person in the room. Both versions stay, and how far they are apart is known (C26, C30)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.db import transaction

from bots import access, lessons
from bots.differences import distance, share
from bots.errors import BadInput, NotAllowed
from bots.models import Correction
from bots.models.case import CORRECTION
from chat.limits import clean_body
from chat.models import Message

if TYPE_CHECKING:
    from accounts.models import User

CHANGED = "Somebody has changed this reply meanwhile. Look at what it says now; save again if your words should stand."


class ChangedMeanwhile(BadInput):
    """What the person saw is not what stands there any more. `now` is."""

    code = "changed_meanwhile"
    status = 409

    def __init__(self, now: str) -> None:
        super().__init__(CHANGED)
        self.now = now


def correct(message: Message, by: User, before: str, after: str) -> Correction:
    """Put the person's words in the place of the bot's. `before` is what they saw: nobody's words are overwritten unseen."""
    after = clean_body(after)
    with transaction.atomic():
        message.room.lock()
        stands = Message.objects.select_related("author", "room").get(pk=message.pk)
        check_correctable(stands, by)
        run = access.run_behind(stands)
        if lines_of(stands.body) != lines_of(before):
            raise ChangedMeanwhile(stands.body)
        before = stands.body
        if lines_of(before) == lines_of(after):
            raise BadInput("This is what the reply says already. Change something, or cancel.", body="is unchanged")
        correction = Correction.objects.create(
            message=stands, bot=run.bot, run=run, by=by, before=before, after=after, distance=distance(before, after),
            share=share(before, after),
        )  # fmt: skip
        stands.rewrite(by, after, {"corrected": by.username})
        lessons.propose(run, stands, by, CORRECTION, {"equals": after})
    return correction


def of(message: Message) -> list[Correction]:
    """All that people made of it, the oldest first."""
    return list(Correction.objects.filter(message=message).select_related("by").order_by("pk"))


def lines_of(text: str) -> str:
    """The text as a form gives it back: browsers know one end of a line."""
    return re.sub(r"\r\n?", "\n", text)


def check_correctable(message: Message, by: User) -> None:
    """Whether this person may correct this message; they are in its room."""
    access.run_behind(message)
    if by.is_bot:
        raise NotAllowed("Only people correct bots.")
