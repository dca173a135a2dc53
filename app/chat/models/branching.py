"""Alternatives and branches: several messages in one place, of which the room shows one, and what was said within each.

A bot's reply has alternatives when it is generated again: what came later stays. A person's message in a direct room with a bot has
them when it is said in other words: that makes a true branch, and everything said after it belongs to it (`within`). All of it is
changed with the room held, so that two who choose at once come one after the other. `hidden` is kept beside the message, because
every page, count and window asks for it.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, OuterRef, Q

from chat.errors import BadInput, ClientIdReused, NotAllowed, NotFound
from chat.limits import clean_body, clean_client_id
from chat.mentions import labels, mentioned_in
from chat.models.event import BRANCH_CHOSEN, MESSAGE_EDITED
from chat.models.message import NO_MESSAGE, TEXT, Message
from chat.models.storing import Posted
from chat.signals import message_posted, message_resubmitted
from lib.markdown import render

if TYPE_CHECKING:
    from accounts.models import User
    from chat.models.room import Room

# Down from a message to what is within it. What is hidden by itself stays so, with all that is within it.
HIDE = """
WITH RECURSIVE gone AS (
    SELECT id FROM chat_message WHERE id = %(top)s
    UNION ALL
    SELECT message.id FROM chat_message message JOIN gone ON message.within_id = gone.id WHERE NOT message.hidden
)
UPDATE chat_message SET hidden = true WHERE id IN (SELECT id FROM gone) AND NOT hidden RETURNING id
"""
SHOW = """
WITH RECURSIVE back AS (
    SELECT id FROM chat_message WHERE id = %(top)s
    UNION ALL
    SELECT message.id FROM chat_message message JOIN back ON message.within_id = back.id WHERE message.chosen
)
UPDATE chat_message SET hidden = false WHERE id IN (SELECT id FROM back) AND hidden RETURNING id
"""
# What stands after a message, no deeper than it, belongs to it from now on, also what is not chosen there. What is deeper already stays
# where it is: it follows the message that it belongs to.
ENCLOSE = """
UPDATE chat_message SET within_id = %(top)s
WHERE room_id = %(room)s AND position > %(position)s AND within_id IS NOT DISTINCT FROM %(within)s::uuid
"""
NOT_SHOWN = "The room shows another version of what came before this message. Show this one first."


def post_alternative(room: Room, to: Message, author: User, body: str, *, client_id: str | None, metadata: dict[str, Any] | None,
                     choose: bool) -> Posted:  # fmt: skip
    """Another message in the place of `to`. The same client_id again gives the stored message."""
    body, client_id = clean_body(body), clean_client_id(client_id)
    with transaction.atomic():
        to = _held(room, to, author)
        if known := _known(room, author, client_id, body):
            return Posted(known, created=False)
        message = _placed_beside(room, to, author, body, client_id, metadata)
        if choose:
            _record_choice(room, message, _switch(message))
        elif shown := _shown_beside(message):
            room.record(MESSAGE_EDITED, message=shown)  # how many there are has changed
    return Posted(message, created=True)


def choose(room: Room, message: Message, by: User) -> Message:
    """Show it, and whatever it is within. Choosing what is shown already changes nothing."""
    with transaction.atomic():
        message = _held(room, message, by)
        unchosen = [each for each in _way_to(message) if not each.chosen]
        if not unchosen:
            return message
        others = sum(_switch(each) for each in unchosen) + len(unchosen) - 1
        message.refresh_from_db(fields=["chosen", "hidden"])
        branches = [each for each in unchosen if makes_a_branch(each)]
        if branches:
            _enter(room, _innermost(room, branches[0]))
        _record_choice(room, message, others)
    return message


def resubmit(room: Room, message: Message, by: User, body: str, client_id: str | None) -> Posted:
    """In a direct room with a bot a branch of its own, which the room is in from now on. Elsewhere the message itself is edited, and
    bots are asked anew: what others have said meanwhile stays."""
    client_id = clean_client_id(client_id)
    with transaction.atomic():
        message = _held(room, message, by)
        body = clean_body(body, blank=message.attachments.exists())
        if known := _known(room, by, client_id, body):
            return Posted(known, created=False)
        if message.author_id != by.pk or by.is_bot or message.kind != TEXT:
            raise NotAllowed("Only its author can change a message.")
        if message.deleted_at:
            raise BadInput("This message has been deleted.")
        # In another tab it may be another version by now: this is one more.
        if not message.alternatives().filter(hidden=False).exists():
            raise BadInput(NOT_SHOWN)
        return _branch_off(room, message, body, client_id) if _is_with_a_bot(room) else _ask_anew(room, message, body)


def makes_a_branch(message: Message) -> bool:
    """Whether what is said after it belongs to it."""
    return not message.author.is_bot and not message.room.is_group and message.place.total > 1


def seen_with(message: Message) -> Q:
    """What is shown in the room whenever this message is. Mostly it is, and that is what is shown now."""
    if not message.hidden:
        return Q(hidden=False)
    way = _way_to(message)
    pks = [each.pk for each in way]
    beside = Q(position__in=[each.position for each in way])
    around = Q(within=None) | Q(within__in=pks)
    # What else a run said is within its first words, which may have alternatives like any.
    around |= Q(within__chosen=True, within__author__is_bot=True) & (Q(within__within=None) | Q(within__within__in=pks))
    return Q(pk__in=pks) | (Q(chosen=True) & around & ~beside)


def _branch_off(room: Room, message: Message, body: str, client_id: str | None) -> Posted:
    message_resubmitted.send(Message, message=message)
    _enclose_what_follows(room, message)
    new = _placed_beside(room, message, message.author, body, client_id, {})
    for attachment in message.attachments.all():
        attachment.copied_to(new)
    others = _switch(new)
    _enter(room, new)
    _record_choice(room, new, others)
    message_posted.send(Message, message=new, mentions=mentioned_in(room, body))
    return Posted(new, created=True)


def _enclose_what_follows(room: Room, message: Message) -> None:
    wish: dict[str, Any] = {"top": message.pk, "room": room.pk, "position": message.position, "within": message.within_id}
    with connection.cursor() as cursor:
        cursor.execute(ENCLOSE, wish)


def _ask_anew(room: Room, message: Message, body: str) -> Posted:
    """Pressing twice sends the same words, and asks once."""
    if message.body == body:
        return Posted(message, created=False)
    message_resubmitted.send(Message, message=message)
    edited = message.edit(message.author, body)
    message_posted.send(Message, message=edited, mentions=mentioned_in(room, body))
    return Posted(edited, created=False)


def _held(room: Room, message: Message, by: User) -> Message:
    """The message as it is now, with the room held until the transaction ends, for a member."""
    room.lock()
    found = Message.objects.select_related("author").filter(pk=message.pk, room=room.pk).first()
    if found is None or not room.memberships.filter(user=by).exists():
        raise NotFound(NO_MESSAGE)
    found.room = room
    return found


def _known(room: Room, author: User, client_id: str | None, body: str) -> Message | None:
    is_known = client_id is not None and Message.objects.filter(author=author, client_id=client_id).exists()
    return room.known(author, client_id, body) if is_known else None


def _placed_beside(room: Room, to: Message, author: User, body: str, client_id: str | None, metadata: dict[str, Any] | None) -> Message:
    message = Message(
        room=room, author=author, body=body, html=render(body, labels(mentioned_in(room, body))), client_id=client_id,
        position=to.position, within=to.within, metadata=metadata or {}, chosen=False, hidden=True,
    )  # fmt: skip
    try:
        with transaction.atomic():
            message.save(force_insert=True)
    except IntegrityError:  # the same client_id at the same moment in another room
        raise ClientIdReused from None
    return message


def _switch(message: Message) -> int:
    """Choose it instead of the one that was. How many other messages come and go with them."""
    before = message.alternatives().filter(chosen=True).first()
    if before:
        Message.objects.filter(pk=before.pk).update(chosen=False)
    Message.objects.filter(pk=message.pk).update(chosen=True)
    gone = _ids(HIDE, before.pk) - {before.pk} if before else set()
    around_is_hidden = Message.objects.filter(branch=message.pk, hidden=True).exists()  # asked anew: a switch further up may have shown it
    back = set() if around_is_hidden else _ids(SHOW, message.pk)
    message.chosen, message.hidden = True, around_is_hidden
    return len(gone) + len(back - {message.pk})


def _ids(statement: str, top: uuid.UUID) -> set[uuid.UUID]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"top": top})
        return {row[0] for row in cursor.fetchall()}


def _record_choice(room: Room, message: Message, others: int) -> None:
    """Where other messages come or go, a client must read the room again."""
    message.__dict__.pop("place", None)
    about = {"position": message.position, "message": str(message.pk), "reload": others > 0}
    room.record(BRANCH_CHOSEN, message=message, data=about)


def _shown_beside(message: Message) -> Message | None:
    return message.alternatives().filter(hidden=False).first()


def _way_to(message: Message) -> list[Message]:
    """What it is within, the outermost first, and itself."""
    way = [message]
    while (within := way[0].within) is not None:
        within.room = message.room
        way.insert(0, within)
    return way


def _innermost(room: Room, branch: Message) -> Message | None:
    """Of the branches that are shown from this one on, the last: whatever is posted goes there."""
    beside = Message.objects.filter(room=room.pk, position=OuterRef("position"), chosen=False)
    shown = Message.objects.filter(Exists(beside), room=room.pk, hidden=False, author__is_bot=False, position__gte=branch.position)
    return shown.order_by("-position").first()


def _enter(room: Room, branch: Message | None) -> None:
    room.branch = branch
    room.save(update_fields=["branch"])


def _is_with_a_bot(room: Room) -> bool:
    return not room.is_group and room.members.filter(is_bot=True).exists()
