"""What a delegated run says: it goes to the run that handed it the work, not into the room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chat.errors import BadInput
from chat.limits import clean_body
from chat.models import Message, Posted
from chat.models.event import MESSAGE_EDITED

if TYPE_CHECKING:
    from bots.models.run import Run

# What comes back has to fit into the payload of the run that asked, and into a card.
MOST_REPLIES = 20
MOST_CHARACTERS = 60_000


def keep_reply(run: Run, key: str, body: str) -> Posted:
    """Keep it with what was handed over, once for each key, and show it in the card. The run and its room are held."""
    handed = run.handed
    card = Message.objects.select_related("author", "room", "reply_to__author").get(pk=handed["card"])
    if any(reply["key"] == key for reply in handed["replies"]):
        return Posted(card, created=False)
    said = sum(len(reply["body"]) for reply in handed["replies"]) + len(body)
    if len(handed["replies"]) >= MOST_REPLIES or said > MOST_CHARACTERS:
        raise BadInput(f"To another bot a run answers with at most {MOST_REPLIES} replies, and {MOST_CHARACTERS:,} characters in all.")
    run.handed = {**handed, "replies": [*handed["replies"], {"key": key, "body": clean_body(body)}]}
    type(run).objects.filter(pk=run.pk).update(handed=run.handed)
    run.room.record(MESSAGE_EDITED, message=card)
    return Posted(card, created=True)
