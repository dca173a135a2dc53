"""What a delegated run says: it goes to the run that handed it the work, not into the room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chat.limits import clean_body
from chat.models import Message, Posted
from chat.models.event import MESSAGE_EDITED

if TYPE_CHECKING:
    from bots.models.run import Run

MOST_REPLIES = 20


def keep_reply(run: Run, key: str, body: str) -> Posted:
    """Keep it with what was handed over, once for each key, and show it in the card. The run and its room are held."""
    handed = run.handed
    card = Message.objects.select_related("author", "room", "reply_to__author").get(pk=handed["card"])
    if any(reply["key"] == key for reply in handed["replies"]) or len(handed["replies"]) >= MOST_REPLIES:
        return Posted(card, created=False)
    run.handed = {**handed, "replies": [*handed["replies"], {"key": key, "body": clean_body(body)}]}
    type(run).objects.filter(pk=run.pk).update(handed=run.handed)
    run.room.record(MESSAGE_EDITED, message=card)
    return Posted(card, created=True)
