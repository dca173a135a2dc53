"""What messages and events look like: one HTML and one JSON, the same for every viewer, made once for all of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.template.loader import get_template
from django.utils import timezone

from chat import extras, showing

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    from accounts.models import User
    from chat.models import Message, RoomEvent


def as_author(user: User) -> dict[str, Any]:
    """How users stand in messages, events and drafts."""
    return {"id": user.pk, "username": user.username, "name": user.label, "is_bot": user.is_bot}


def message_html(message: Message) -> str:
    """The article of a message. The viewer's own controls are shown by the browser: this is the same for everybody."""
    return _articles([message])[message.pk]


def message_json(message: Message, viewer: User | None = None) -> dict[str, Any]:
    """The message of the contract. Its author alone also gets the client_id back."""
    shown = {
        "id": str(message.pk),
        "room": str(message.room_id),
        "position": message.position,
        "author": as_author(message.author),
        "body": message.body,
        "html": message.html,
        "kind": message.kind,
        "reply_to": str(message.reply_to_id) if message.reply_to_id else None,
        "created_at": moment(message.created_at),
        "edited_at": moment(message.edited_at),
        "deleted_at": moment(message.deleted_at),
        "attachments": showing.attachments_json(message),
        "metadata": message.metadata,
        "alternative": message.place.number,
        "alternatives": message.place.total,
        "hidden": message.hidden,
    }
    if viewer is not None and viewer.pk == message.author_id:
        shown["client_id"] = message.client_id
    return shown


def event_frame(event: RoomEvent) -> dict[str, Any]:
    """An event as sockets send it."""
    return event_frames([event])[0]


def event_frames(events: Sequence[RoomEvent]) -> list[dict[str, Any]]:
    """The same of many, live and on resume alike. A message stands in them as it is now, and is rendered once; one that is not shown has
    no article."""
    shown = {event.message.pk: event.message for event in events if event.message and not event.message.hidden}
    html = _articles(list(shown.values()))
    return [
        {
            "type": "event",
            "room": str(event.room_id),
            "seq": event.seq,
            "kind": event.kind,
            "message": message_json(event.message) if event.message else None,
            "html": html.get(event.message.pk, "") if event.message else "",
            "data": event.data,
        }
        for event in events
    ]


def _articles(messages: Sequence[Message]) -> dict[uuid.UUID, str]:
    found, template = extras.of(messages), get_template("chat/_message.html")
    # In nobody's time zone: whose request this happens to be is not what the others should read.
    with timezone.override(UTC):
        return {each.pk: template.render({"message": each, "extra": found.get(each.pk, extras.NONE)}) for each in messages}


def moment(time: datetime | None) -> str | None:
    """RFC 3339 in UTC, with a Z."""
    return time.isoformat().replace("+00:00", "Z") if time else None
