"""Cards: messages of a bot that wait for somebody. Posted, changed and shown here; the same HTML for everybody in the room."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.urls import reverse

from bots import placing
from bots.models import Run
from chat.models import Message
from chat.models.event import MESSAGE_EDITED
from chat.models.message import CARD
from lib.markdown import render

if TYPE_CHECKING:
    from accounts.models import User

APPROVAL, QUESTION, DELEGATION = "approval", "question", "delegation"


def post(run: Run, card: str, pk: uuid.UUID, words: str) -> Message:
    """The card as a message, with words for whoever sees no cards. The room is held."""
    about = {"run": str(run.pk), "card": card, "id": str(pk)}
    client_id, branch = f"card:{pk}", placing.branch_of(run)
    return run.room.post(speaker_of(run), words, client_id=client_id, kind=CARD, metadata=about, within=branch).message


def settled(run: Run, message_id: uuid.UUID | None, words: str, *, answered: bool = False) -> None:
    """What the card asked is decided: its words say so, and the room sees it. Answered ones are read by bots as what was said."""
    message = standing(message_id)
    if message is None:
        return
    message.body, message.html = words, render(words)
    message.metadata = {**message.metadata, "answered": True} if answered else message.metadata
    message.save(update_fields=["body", "html", "metadata"])
    changed(run, message)


def standing(message_id: uuid.UUID | str | None) -> Message | None:
    """The card as a message, unless it was deleted."""
    if message_id is None:
        return None
    return Message.objects.select_related("author", "room").filter(pk=message_id, deleted_at=None).first()


def changed(run: Run, message: Message) -> None:
    """Show the card anew to everybody in the room, which is held."""
    if run.room.removed_at is None:
        message.room = run.room
        run.room.record(MESSAGE_EDITED, message=message)


def place_of(run: Run, message: Message | None) -> str:
    """Where in its room the card stands."""
    room = reverse("room", args=[run.room_id])
    return f"{room}?before={message.position + 25}#message-{message.pk}" if message else room


def speaker_of(run: Run) -> User:
    """In whose name a run's card stands: its bot's, or, when that works here for another bot without being a member, that one's."""
    while run.parent is not None and not run.room.memberships.filter(user=run.bot.user_id).exists():
        run = run.parent
    return run.bot.user
