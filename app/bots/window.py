"""What a bot is shown of a room: its context window, made when a delivery is made."""

from __future__ import annotations

import json
from itertools import accumulate
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db.models import Q

from bots import commands
from chat.models import Message
from chat.models.branching import seen_with
from chat.models.message import CARD, TEXT

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from bots.models import Bot, Run

# What the messages of a window may weigh. A bot's payload holds them twice, as they came and as a prompt, and has 256 KB in all.
MOST_BYTES = 96 * 1024
# A question that a run asked, once it is answered, was said like anything else. No other card, notice or failure was.
SAID = Q(kind=TEXT) | Q(kind=CARD, metadata__answered=True)
# Its author, ids and time.
AROUND_A_MESSAGE = 300


def window_of(run: Run) -> list[Message]:
    """What the room shows by permitted authors, the newest, oldest first, back to the last `/reset`; and the question, even if far up."""
    messages = visible(run.bot, run).prefetch_related("attachments").order_by("-position")
    newest = _back_to_reset(run.bot, messages[: run.bot.context + 1])
    # One more was read only to see a /reset there.
    shown = _light(newest[: run.bot.context])
    asked = {message.pk for message in shown}
    if shown and not any(str(pk) in run.trigger for pk in asked):
        shown += _question(run, messages, newest)
    return shown[::-1]


def _light(newest_first: list[Message]) -> list[Message]:
    """As many of the newest as a bot can carry; the newest always."""
    weights = accumulate(_weight(message) for message in newest_first)
    return newest_first[: max(1, sum(weight <= MOST_BYTES for weight in weights))]


def _weight(message: Message) -> int:
    said = [message.body, *(each.name for each in message.attachments.all())]
    return sum(len(json.dumps(each, ensure_ascii=False).encode()) + AROUND_A_MESSAGE for each in said)


def visible(bot: Bot, run: Run) -> QuerySet[Message]:
    """Everything of the room that the run may see, by whoever its bot may talk to. Of work that was handed over: nothing but that (W24)."""
    if run.handed is not None:
        return Message.objects.none()
    messages = Message.objects.filter(SAID, _shown_to(run), room=run.room_id, deleted_at=None).select_related("author")
    if run.regenerates is not None:  # it answers as if nothing had come after
        messages = messages.filter(position__lt=run.regenerates.position)
    permitted = bot.permitted_authors()
    if permitted is not None:
        messages = messages.filter(author__in=get_user_model().objects.filter(permitted).values("pk"))
    return messages


def _shown_to(run: Run) -> Q:
    """What the room shows; for a question whose branch people have left meanwhile, what it shows when they come back to it."""
    asked = None
    if run.room.branch_id is not None:
        asked = Message.objects.filter(pk__in=run.trigger, room=run.room_id).order_by("-position").first()
    return seen_with(asked) if asked else Q(hidden=False)


def _back_to_reset(bot: Bot, newest_first: QuerySet[Message]) -> list[Message]:
    found: list[Message] = []
    for message in newest_first:
        if commands.read(message.body) is None:
            found.append(message)
        elif _resets_this(bot, message):
            break
    return found


def _question(run: Run, messages: QuerySet[Message], newest: list[Message]) -> list[Message]:
    """The newest message the run answers, when it lies before the window and no /reset lies between."""
    asked = messages.filter(pk__in=run.trigger).first()
    if asked is None:
        return []
    between = messages.filter(position__gt=asked.position, position__lt=newest[-1].position, body__icontains="/reset")
    return [] if any(_resets_this(run.bot, message) for message in between) else [asked]


def _resets_this(bot: Bot, message: Message) -> bool:
    command = commands.read(message.body)
    return command is not None and command.word == "reset" and not message.author.is_bot and command.means(bot)
