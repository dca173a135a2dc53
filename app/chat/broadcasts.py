"""Hints to the sockets. All on commit: a hint about what was rolled back would be a lie.

A frame is made into JSON once, here; every socket sends the same text. What a socket itself must know of it stands beside the text.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import TYPE_CHECKING, Any

from django.db import transaction

from chat.publisher import publisher
from chat.rendering import event_frame

if TYPE_CHECKING:
    from chat.models import RoomEvent

Frame = dict[str, Any]


def room_group(room_id: uuid.UUID | str) -> str:
    return f"room.{room_id}"


def drafts_group(room_id: uuid.UUID | str) -> str:
    return f"drafts.{room_id}"


def user_group(user_id: int) -> str:
    return f"user.{user_id}"


def to_room(room_id: uuid.UUID | str, frame: Frame) -> None:
    """To every socket of every member."""
    _on_commit(room_group(room_id), frame)


def to_viewers(room_id: uuid.UUID | str, frame: Frame) -> None:
    """To the sockets that have the room open."""
    _on_commit(drafts_group(room_id), frame)


def to_user(user_id: int, frame: Frame) -> None:
    """To every socket of one user."""
    _on_commit(user_group(user_id), frame)


def event(event: RoomEvent) -> None:
    """Something in a room has changed: rendered once for all who see it. Called on commit."""
    frame = event_frame(event)
    publisher.send(room_group(event.room_id), as_hint(frame))


def revoke(user_id: int, session_key: str | None = None, token_id: int | None = None) -> None:
    """Close the sockets that rest on this session or token, or with neither all of the user's."""
    hint = {"type": "revoked", "session": hash_of(session_key) if session_key else None, "token": token_id}
    transaction.on_commit(lambda: publisher.send(user_group(user_id), hint), robust=True)


def hash_of(session_key: str) -> str:
    """How a session is named in hints: whoever reads Redis must not learn the key itself."""
    return hashlib.sha256(session_key.encode()).hexdigest()


def as_hint(frame: Frame) -> dict[str, Any]:
    """The message of the channel layer that carries a frame."""
    about: dict[str, Any] = {key: frame[key] for key in ("room", "seq", "change") if key in frame}
    return {"type": "frame", "frame": frame["type"], **about, "text": as_text(frame)}


def as_text(frame: Frame) -> str:
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":"))


def _on_commit(group: str, frame: Frame) -> None:
    transaction.on_commit(lambda: publisher.send(group, as_hint(frame)), robust=True)
