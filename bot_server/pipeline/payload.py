"""The payload: one JSON document that is the whole state of a run (I2).

It starts as what the delivery says and grows with every step. Copies are made through JSON, which also proves that it is JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from errors import PayloadError
from storable import storable, storable_json

if TYPE_CHECKING:
    from pipeline.bot_file import BotFile

MAX_BYTES = 256 * 1024
HIDDEN = "[secret]"
_COMMAND = re.compile(r"\s*/(?P<name>[A-Za-z][A-Za-z0-9-]*)(?:\s+(?P<words>.*))?", re.DOTALL)

Payload = dict[str, Any]


# Who runs what, where and for whom: always what the delivery says, whatever payload the run goes on with (I8, W21).
IDENTITY = ("run", "attempt", "bot", "room", "asker")


def from_delivery(delivery: dict[str, Any], bot: BotFile | None = None) -> Payload:
    """The payload a run starts with: who asked, where, and the conversation so far; with a command of the bot's as it reads it."""
    payload = {key: delivery[key] for key in (*IDENTITY, "trigger", "messages")}
    return expanded(payload, bot) if bot is not None and bot.commands else payload


def resumed(delivery: dict[str, Any], bot: BotFile) -> Payload:
    """The payload of a run that goes on. One that a person made is as they made it, and no longer than any other.

    Raises PayloadError when it is too long.
    """
    resume = delivery["resume"]
    began = from_delivery(delivery, bot) if resume.get("handmade") else {}
    return unpack(pack(began | resume["payload"] | {key: delivery[key] for key in IDENTITY}))


def expanded(payload: Payload, bot: BotFile) -> Payload:
    """The payload with a command in the newest message that asked: `/joke cats` reads as the bot's file says it.

    `payload["command"]` is {"name", "words"} then. What the person wrote stays in the room.
    """
    messages = payload["messages"]
    newest = next((index for index in range(len(messages) - 1, -1, -1) if messages[index]["id"] in payload["trigger"]), None)
    said = messages[newest] if newest is not None else None
    match = said and _COMMAND.fullmatch(re.sub(rf"@{re.escape(bot.name)}(?![a-z0-9-])", " ", said["body"], flags=re.IGNORECASE))
    command = bot.commands.get(match["name"].lower()) if match else None
    if said is None or not match or command is None:
        return payload
    words = (match["words"] or "").strip()
    body = command.say.replace("{words}", words)
    told = [*messages[:newest], said | {"body": body}, *messages[(newest or 0) + 1 :]]
    return payload | {"messages": told, "command": {"name": match["name"].lower(), "words": words}}


class Secrets:
    """Texts that must not leave the environment (I7). What is shown, stored or sent goes through `hide`."""

    def __init__(self, texts: Iterable[str]) -> None:
        # Shorter ones would turn up by chance in ordinary text and guard nothing.
        self._texts = tuple(sorted({text for text in texts if len(text) >= 8}, key=len, reverse=True))
        self._escaped = tuple(json.dumps(text, ensure_ascii=False)[1:-1] for text in self._texts)

    def hide(self, text: str) -> str:
        """`text` with every secret in it replaced."""
        for secret in self._texts:
            if secret in text:
                text = text.replace(secret, HIDDEN)
        return text

    def hide_in_json(self, text: str) -> str:
        """The same for JSON text, in which a secret may stand escaped."""
        for secret in self._escaped:
            if secret in text:
                text = text.replace(secret, HIDDEN)
        return text


NO_SECRETS = Secrets(())


def pack(payload: Any, secrets: Secrets = NO_SECRETS) -> str:
    """The payload as JSON text without secrets and without what cannot be stored.

    Raises PayloadError when it is no JSON object, or too big.
    """
    if not isinstance(payload, dict):
        raise PayloadError(f"A step must return the payload, and this one returned {_named(payload)}.")
    try:
        text = _dumped(payload)
        if not storable_json(text):
            text = _dumped(storable(json.loads(text)))
        size = len(text.encode())
    except RecursionError:
        raise PayloadError("The payload is nested too deep, or holds itself.") from None
    except (TypeError, ValueError) as error:
        # The message names types and positions, never values, except for NaN and infinity.
        raise PayloadError(f"The payload holds something that is not JSON: {type(error).__name__}: {str(error)[:120]}.") from None
    if size > MAX_BYTES:
        raise PayloadError(f"The payload has grown to {size // 1024} KB; it may have {MAX_BYTES // 1024} KB.", code="payload_too_big")
    return secrets.hide_in_json(text)


def unpack(text: str) -> Payload:
    """A fresh copy of a packed payload."""
    payload: Payload = json.loads(text)
    return payload


def changes(before: Payload, after: Payload) -> Payload:
    """What a step changed, by top-level key; a key that is gone is null."""
    changed = {key: value for key, value in after.items() if key not in before or before[key] != value}
    return changed | {key: None for key in before if key not in after}


def _dumped(payload: Any) -> str:
    return json.dumps(payload, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _named(value: Any) -> str:
    return "nothing" if value is None else f"a value of type {type(value).__name__}"
