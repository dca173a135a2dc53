"""What a step may ask of people and of other bots before it does its work, and what it shows them.

The run does not wait for it: the app keeps the payload, and the answer comes with a later delivery.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

USERNAME = re.compile(r"[a-z][a-z0-9-]{1,40}")
DAY = 24 * 3600.0
MAX_CHOICES = 20
_DURATION = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?) ?(ms|s|m|h|d)?")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": DAY, None: 1.0}


def seconds(given: Any) -> float:
    """`2s`, `500ms`, `1.5m`, `1h`, `7d` or a number of seconds. Raises ValueError in plain words."""
    match = None if isinstance(given, bool) else _DURATION.fullmatch(str(given))
    if match is None:
        raise ValueError("this must be a time such as 2s, 500ms or 1m")
    return float(match[1]) * _UNITS[match[2]]


def who(given: Any) -> Any:
    """`asker`, `admins` or a list of usernames. Raises ValueError in plain words."""
    names = [given] if isinstance(given, str) and given not in ("asker", "admins") else given
    if isinstance(names, list) and not (names and all(isinstance(name, str) and USERNAME.fullmatch(name) for name in names)):
        raise ValueError("this must be asker, admins, or a list of usernames such as [bea, luke]")
    if not isinstance(names, str | list):
        raise ValueError("this must be asker, admins, or a list of usernames such as [bea, luke]")
    return names


def username(given: Any) -> str:
    """A username, written out: neither a model nor a message may choose who it is. Raises ValueError in plain words."""
    if not isinstance(given, str) or not USERNAME.fullmatch(given):
        raise ValueError("this must be a username written out, such as luke")
    return given


Duration = Annotated[float, BeforeValidator(seconds)]
Expires = Annotated[Duration, Field(ge=60, le=30 * DAY)]
By = Annotated[Literal["asker", "admins"] | list[str], BeforeValidator(who)]
Username = Annotated[str, BeforeValidator(username)]


class Terms(BaseModel):
    """How to ask for an approval: in which words, of whom, and how many seconds until it has expired to no."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    say: str = Field("", max_length=200)
    by: By = "asker"
    expires: Expires = DAY


@dataclass(frozen=True)
class Part:
    """One piece of what a step will do, byte for byte as people see and approve it. Those with a `name` may be `editable`."""

    kind: Literal["text", "code", "file", "recipients"]
    label: str
    text: str
    name: str = ""
    editable: bool = False

    def as_json(self) -> dict[str, Any]:
        """The part as the contract spells it."""
        told: dict[str, Any] = {"kind": self.kind, "label": self.label, "text": self.text}
        return told | ({"name": self.name} if self.name else {}) | ({"editable": True} if self.editable else {})


@dataclass(frozen=True)
class Question:
    """A question to a person. The answer is text, a number, one of the choices, or a reference to a file."""

    text: str
    kind: Literal["choice", "text", "number", "file"] = "text"
    choices: tuple[str, ...] = ()
    by: Any = "asker"
    expires: float = DAY

    def as_json(self) -> dict[str, Any]:
        """The question as the contract spells it."""
        return {"kind": "question", "text": self.text, "choices": list(self.choices), "by": self.by, "expires": self.expires} | {
            "question": self.kind
        }


@dataclass(frozen=True)
class Delegation:
    """Work for another bot: what it is told."""

    to: str
    body: str

    def as_json(self) -> dict[str, Any]:
        """The delegation as the contract spells it."""
        return {"kind": "delegation", "to": self.to, "body": self.body}


Edits = Mapping[str, str]
