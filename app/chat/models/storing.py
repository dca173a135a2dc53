"""Storing a message, in one statement: the path every message takes, so each trip to the database counts."""

from __future__ import annotations

import enum
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connection

from chat.models.event import MESSAGE_POSTED
from chat.models.message import ALONE, Message

if TYPE_CHECKING:
    from chat.models.room import Room


class Posted(NamedTuple):
    message: Message
    created: bool


class Here(enum.Enum):
    """In the branch that the room is in."""

    HERE = enum.auto()


HERE = Here.HERE

# Takes the room's next seq, and with it the lock on the room until the transaction ends. Nothing happens when the room is gone, the
# author is not in it, or the client_id is known; when the same client_id is on its way in another transaction, the insert fails instead.
# What is posted belongs to the branch the room is in, unless the caller names another; one that is not shown hides it.
# What this statement sees is from before it waited for the room; that the author was removed meanwhile, only the update of their row tells.
STORE = """
WITH room AS (
    UPDATE chat_room SET seq = seq + 1
    WHERE id = %(room)s AND removed_at IS NULL
      AND EXISTS (SELECT 1 FROM chat_membership WHERE room_id = %(room)s AND user_id = %(author)s)
      AND NOT EXISTS (SELECT 1 FROM chat_message WHERE author_id = %(author)s AND client_id = %(client_id)s)
    RETURNING *
), reading AS (
    UPDATE chat_membership SET last_read = room.seq FROM room WHERE room_id = room.id AND user_id = %(author)s RETURNING room_id
), message AS (
    INSERT INTO chat_message (id, room_id, author_id, body, html, position, client_id, reply_to_id, kind, created_at, metadata, within_id,
                              hidden)
    SELECT %(id)s, room.id, %(author)s, %(body)s, %(html)s, room.seq, %(client_id)s, %(reply_to)s::uuid, %(kind)s, %(now)s,
           %(metadata)s::jsonb, CASE WHEN %(here)s THEN room.branch_id ELSE %(within)s::uuid END,
           NOT %(here)s AND EXISTS (SELECT FROM chat_message WHERE id = %(within)s::uuid AND hidden)
    FROM room JOIN reading ON true
    RETURNING within_id, hidden
), event AS (
    INSERT INTO chat_roomevent (room_id, seq, kind, message_id, data, created_at)
    SELECT room.id, room.seq, %(event)s, %(id)s, '{{}}', %(now)s FROM room JOIN reading ON true
)
SELECT {columns}, message.within_id, message.hidden FROM room JOIN reading ON true JOIN message ON true
"""


class NotStored(Exception):
    """The room is gone, the author is not in it, or the client_id is known. A seq may be taken: the transaction must not be committed."""


def store(room: Room, message: Message, within: Message | Here | None = HERE) -> None:
    """Store the message and its event, and read the room as it is now."""
    fields = room._meta.concrete_fields
    values: dict[str, Any] = {
        "room": room.pk,
        "author": message.author_id,
        "id": message.pk,
        "body": message.body,
        "html": message.html,
        "client_id": message.client_id,
        "reply_to": message.reply_to_id,
        "kind": message.kind,
        "now": message.created_at,
        "metadata": json.dumps(message.metadata),
        "event": MESSAGE_POSTED,
        "here": within is HERE,
        "within": within.pk if isinstance(within, Message) else None,
    }
    with connection.cursor() as cursor:
        cursor.execute(STORE.format(columns=", ".join(f"room.{field.column}" for field in fields)), values)
        row = cursor.fetchone()
    if row is None:
        raise NotStored
    *columns, message.within_id, message.hidden = row
    for field, value in zip(fields, columns, strict=True):
        setattr(room, field.attname, value)
    message.position, message.place = room.seq, ALONE
    for stored in (room, message):
        stored._state.adding, stored._state.db = False, connection.alias
