"""From the messages of a room to the turns of a conversation with a model."""

from __future__ import annotations

from typing import Any

from errors import PayloadError
from steps.placeholders import fill, times, timestamp
from steps.step import Payload, StepContext

ROOM_CONTENT = "{username}: {content}"


def turns(payload: Payload, context: StepContext, each_user_message: str = "", *, named: bool = True) -> list[dict[str, Any]]:
    """The context window as turns, oldest first: the bot's own messages are the assistant's, all others the user's.

    Args:
        payload: with `messages`, and `room` to know whether several people may speak.
        context: whose bot it is, and what time it is.
        each_user_message: how to show a message to the model; placeholders {content} {timestamp} {username}
            {current_time} {date}. Without {username}, speakers of a group room are named in front.
        named: whether to name them at all.
    """
    template = each_user_message or "{content}"
    in_group = _room_kind(payload) == "group"
    if named and in_group and "{username}" not in template:
        template = fill(ROOM_CONTENT, {"content": template})
    return [_turn(message, context, template) for message in messages(payload)]


def messages(payload: Payload) -> list[dict[str, Any]]:
    """The messages of the payload. Raises PayloadError when they are none."""
    found = payload.get("messages")
    if not isinstance(found, list) or not all(isinstance(message, dict) for message in found):
        raise PayloadError("The payload has no list of messages.")
    return found


def draft_of(payload: Payload) -> dict[str, Any]:
    """The draft of the payload, begun if there is none: {"body": str, "metadata": {}}."""
    draft = payload.setdefault("draft", {})
    if isinstance(draft, str):
        draft = payload["draft"] = {"body": draft}
    if not isinstance(draft, dict):
        raise PayloadError("The payload's draft must be text, or a body with metadata.")
    for key, empty in (("body", ""), ("metadata", {})):
        if not isinstance(draft.setdefault(key, empty), type(empty)):
            raise PayloadError(f"The {key} of the payload's draft has the wrong type.")
    return draft


def prompt_of(payload: Payload) -> list[dict[str, Any]]:
    """The prompt of the payload. Raises PayloadError when it is no list of turns."""
    found = payload["prompt"]
    if not isinstance(found, list) or not all(isinstance(turn, dict) and "role" in turn and "content" in turn for turn in found):
        raise PayloadError("The payload's prompt must be a list of turns, each with a role and content.")
    return found


def _turn(message: dict[str, Any], context: StepContext, template: str) -> dict[str, Any]:
    author = message.get("author")
    username = str(author.get("username", "")) if isinstance(author, dict) else ""
    content = _content(message)
    if username == context.bot_name:
        return {"role": "assistant", "content": content}
    written = timestamp(str(message.get("created_at", "")), context.timezone)
    values = {"content": content, "timestamp": written, "username": username} | times(context.now(), context.timezone)
    return {"role": "user", "content": fill(template, values)}


def _content(message: dict[str, Any]) -> str:
    """What was said, and which files came along: a message may be nothing but a file."""
    files = message.get("attachments")
    named = [f"[file: {each.get('name')}]" for each in files if isinstance(each, dict)] if isinstance(files, list) else []
    return "\n".join(part for part in (str(message.get("body", "")), *named) if part or not named)


def _room_kind(payload: Payload) -> str:
    room = payload.get("room")
    return str(room.get("kind", "")) if isinstance(room, dict) else ""
