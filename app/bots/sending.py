"""Sending a message on a person's behalf (I5). What is sent, and to whom, is read from what they approved, and from nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models.functions import Now

from bots import cards, contents
from bots.errors import NO_RUN, BadInput, NotAllowed, NotFound
from bots.models import Approval, Run
from bots.models.approval import APPROVED
from chat.access import as_uuid
from chat.models import Message, Posted, Room

if TYPE_CHECKING:
    from accounts.models import User

NOT_APPROVED = "Nobody has approved this for this run, so it is not sent."


def send(run: Run, attempt: int, key: str, approval_id: str) -> Posted:
    """Post what the asker approved, once, as them, in their direct room with the recipient. The same key again gives what was sent."""
    with run.held(attempt) as held:
        asker, approval = held.asker, _approval_of(held, approval_id)
    recipient, body = _read(approval)
    _may_write(asker, recipient)
    with transaction.atomic():
        room = Room.direct(asker, recipient)
        # Both rooms, in one order: two sendings crosswise never wait for each other.
        list(Room.objects.select_for_update(no_key=True).filter(pk__in=[run.room_id, room.pk]).order_by("pk"))
        with run.held(attempt) as held:
            return _post_once(held, approval, room, asker, body, key)


def _post_once(run: Run, approval: Approval, room: Room, asker: User, body: str, key: str) -> Posted:
    used = Approval.objects.select_for_update(no_key=True).values_list("used_at", flat=True).get(pk=approval.pk)
    client_id = f"{run.pk}:sent:{key}"
    if used:
        sent = Message.objects.select_related("author", "reply_to__author").filter(author=asker, client_id=client_id).first()
        if sent is None:
            raise NotAllowed("What was approved has been sent already. Sending it once more needs another approval.")
        return Posted(sent, created=False)
    about = {"run": str(run.pk), "via": run.bot.name, "approval": str(approval.pk)}
    posted = room.post(asker, body, client_id=client_id, metadata=about)
    Approval.objects.filter(pk=approval.pk).update(used_at=Now())
    if card := cards.standing(approval.message_id):
        cards.changed(run, card)
    return posted


def _approval_of(run: Run, approval_id: str) -> Approval:
    """An approval of this very run, by the person in whose name it is sent. Somebody else's yes speaks for nobody."""
    found = Approval.objects.filter(pk=as_uuid(approval_id, NO_RUN), run=run).first()
    if found is None:
        raise NotFound("There is no such approval of this run.")
    yes = found.state == APPROVED and contents.sha256_of(found.decided_content) == found.decided_sha256
    if not yes:
        raise NotAllowed(NOT_APPROVED)
    if found.decided_by_id != run.asker_id:
        raise NotAllowed(f"Only {run.asker.label} can let a message go out in their name, and somebody else approved this one.")
    return found


def _read(approval: Approval) -> tuple[User, str]:
    content = contents.read(approval.decided_content)
    recipients, texts = content.of(contents.RECIPIENTS), content.of(contents.TEXT)
    if len(content.parts) != 2 or len(recipients) != 1 or len(texts) != 1:
        raise NotAllowed("What was approved is not a message to one person: it has one part “recipients” and one part “text”.")
    username = recipients[0].text.strip().removeprefix("@").lower()
    recipient = get_user_model().objects.filter(username=username, is_active=True).first()
    if recipient is None:
        raise BadInput(f"Nobody here has the username {username[:50]!r}.", approval="names nobody")
    return recipient, texts[0].text


def _may_write(asker: User, recipient: User) -> None:
    """The asker's own rights, as if they wrote it themselves (W24)."""
    if not asker.is_active or asker.is_bot:
        raise NotAllowed("The person who asked cannot write messages any more.")
    bot = getattr(recipient, "bot", None) if recipient.is_bot else None
    if bot is not None and not bot.permits(asker):
        raise NotAllowed(f"{recipient.label} may not talk to {asker.label}.")
