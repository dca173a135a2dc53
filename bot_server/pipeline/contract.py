"""What the app sends to a bot, as types. Examples: docs/api/examples/delivery.json and cancellation.json."""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

SIGNATURE_SECONDS = 300

Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Number = Annotated[int, Field(ge=0, le=2**53)]


class _Said(BaseModel):
    """A later contract may say more; what is said must be of the right type."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class Author(_Said):
    """Who wrote a message."""

    username: str
    name: str = ""
    is_bot: bool = False


class AttachmentRef(_Said):
    """A file or picture of a message, by reference. A step reads it with `self.context.attachment(id)`."""

    id: Id
    name: str
    kind: Literal["image", "file"]
    content_type: str
    size: Number


class Said(_Said):
    """One message of the context window."""

    id: Id
    position: Number
    author: Author
    body: str
    created_at: str
    attachments: list[AttachmentRef] = []


class BotVersion(_Said):
    """Which bot, and which version of it."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,40}$")]
    version: Number | None = None


class Place(_Said):
    """The room."""

    id: Id
    kind: Literal["direct", "group"]
    name: str = ""


class Asker(_Said):
    """On whose behalf the bot answers."""

    username: str
    name: str = ""
    timezone: str = "UTC"


class Answer(_Said):
    """What the run has waited for. An approval carries the exact content that was approved, and its SHA-256."""

    kind: Literal["approval", "question", "delegation"]
    id: Id
    content: str = ""
    sha256: str = ""
    by: str = ""
    value: Any = None
    replies: list[str] = []
    outcome: str = ""
    explanation: str = ""


class Resume(_Said):
    """The next step, and the payload it gets: the app has recorded earlier ones, or a person says where to go on."""

    step: Annotated[int, Field(ge=0, le=1000)]
    payload: dict[str, Any]
    answer: Answer | None = None
    handmade: bool = False


class Delivery(_Said):
    """One run for one bot."""

    contract: Literal[1]
    type: Literal["run"]
    run: Id
    attempt: Annotated[int, Field(ge=1, le=2**31)]
    tries: Number = 0
    bot: BotVersion
    room: Place
    asker: Asker
    trigger: list[Id]
    messages: Annotated[list[Said], Field(max_length=500)]
    resume: Resume | None = None
    budgeted: bool = False


class Cancellation(_Said):
    """Somebody stopped a run."""

    contract: Literal[1]
    type: Literal["cancellation"]
    run: Id
    attempt: Annotated[int, Field(ge=1, le=2**31)]
    bot: BotVersion


Request = Annotated[Delivery | Cancellation, Field(discriminator="type")]
REQUEST: TypeAdapter[Delivery | Cancellation] = TypeAdapter(Request)


def bot_secret(key: str, name: str) -> str:
    """The secret of one of our bots, from the one key of the environment: replicas of the manager share nothing else."""
    return hmac.new(key.encode(), f"bot:{name}".encode(), hashlib.sha256).hexdigest()


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """The value of X-Parley-Signature."""
    return "sha256=" + hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


def signed(secret: str, timestamp: str, signature: str, body: bytes, now: float | None = None) -> bool:
    """Whether the body was signed with this secret within the last five minutes (or the next: clocks differ)."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    moment = time.time() if now is None else now
    if abs(moment - int(timestamp)) > SIGNATURE_SECONDS:
        return False
    return hmac.compare_digest(sign(secret, int(timestamp), body).encode(), signature.encode("utf-8", "replace"))
