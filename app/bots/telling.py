"""What a room hears of a run besides the bot's own words: that it takes long, that it failed, that it ended."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from django.db import transaction

from bots import placing
from chat import drafts
from chat.models import Message
from chat.models.event import MESSAGE_EDITED, RUN_ENDED
from chat.models.message import FAILURE, TEXT
from chat.rendering import as_author

if TYPE_CHECKING:
    from bots.models import Run

# Answers to a delivery that no waiting mends, and what the room hears when they have come a few times. The others may heal: a bot server
# that restarts has not read its files yet, and a clock or a key is put right.
REFUSED = {
    "answered_413": "This conversation is longer than my server takes, so I could not read your message. Write /reset and ask me again.",
    "answered_422": "My server does not understand what this chat sends it, so I could not read your message. Tell whoever runs me.",
}
SIGNATURE = "The server of {bot} does not accept this chat's signature just now."
UNREADABLE = "The server of {bot} cannot take your message as it is sent."
ODD = "The server of {bot} gives no answer that this chat understands."
WHY = {
    "answered_401": SIGNATURE,
    "answered_403": SIGNATURE,
    "answered_404": "The server of {bot} answers, but does not know {bot} just now.",
    "answered_413": UNREADABLE,
    "answered_422": UNREADABLE,
    "bad_answer": ODD,
    "answer_too_large": ODD,
    "endpoint_refused": "This chat may not send anything to the address of {bot}.",
    "relay_error": "This chat could not hand your message to {bot} yet.",
}


def undelivered(bot: str, reason: str) -> str:
    """Why a message has not been read yet, for the people in the room."""
    if why := WHY.get(reason):
        return f"{why.format(bot=bot)} Your message is kept and tried again."
    return f"{bot} cannot be reached just now. Your message is kept and delivered when it is back."


def activity(run: Run, words: str) -> None:
    """Shown while the run goes on, and gone with it: never a message, so that retries do not fill the room."""
    frame = drafts.Frame(
        run=str(run.pk), attempt=run.attempt, author=as_author(run.bot.user), offset=0, text="", activity=words,
        position=run.regenerates.position if run.regenerates else None,
    )  # fmt: skip
    transaction.on_commit(lambda: drafts.put(run.room_id, [frame]), robust=True)


def ended(run: Run, said: Message | None = None) -> None:
    """The outcome, as an event of the room; a failure also as a message in the bot's name (I9). The room is held by the caller.

    `said` was posted in the same transaction: it is rendered after it, and need not be rendered anew.
    """
    if run.room.removed_at is None:
        # Of work that was handed over hears who handed it over, and the card shows it.
        if run.outcome == "failed" and run.handed is None and run.room.memberships.filter(user=run.bot.user_id).exists():
            about = {"run": str(run.pk), "reason": run.reason}
            placing.say(run, failure(run), client_id=f"{run.pk}:failure", kind=FAILURE, metadata=about)
        about = {"run": str(run.pk), "outcome": run.outcome, "reason": run.reason, "bot": run.bot.name}
        # Its replies stand there with the strip of a run under way: the end renders them anew.
        replies = [reply for reply in replies_of(run) if reply != said]
        for reply in replies[:-1]:
            run.room.record(MESSAGE_EDITED, message=reply)
        run.room.record(RUN_ENDED, message=replies[-1] if replies else None, data=about)
    transaction.on_commit(lambda: drafts.end(run.room_id, run.pk, run.attempt), robust=True)


def replies_of(run: Run) -> list[Message]:
    """What it has said in the room, as far as it is shown. What it answers stands before it: no long room is searched."""
    said = Message.objects.filter(room=run.room, position__gt=run.trigger_position, author=run.bot.user_id, kind=TEXT, hidden=False)
    return list(said.filter(client_id__startswith=f"{run.pk}:").select_related("author").order_by("position"))


def failure(run: Run) -> str:
    if run.explanation.strip():
        return run.explanation
    return f"I could not finish this. The reason given is “{run.reason or 'none'}”; whoever runs me finds more in the run's steps."


def trying_again(explanation: str, seconds: float) -> str:
    why = f"{explanation.strip()} " if explanation.strip() else ""
    return f"{why}Trying again in {max(1, math.ceil(seconds))} s."
