"""The step Delegate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from errors import PayloadError, StepError
from steps.asking import Delegation, Edits, Part, Username
from steps.paths import FreeKey, put
from steps.step import Payload, Step, StepConfig, StepContext
from steps.words import filled


class DelegateConfig(StepConfig):
    """`to`: the bot. `say`: what it is told, which may name values of the payload. `into`: the key for what it answers."""

    to: Username
    say: str = Field("{message}", min_length=1)
    into: FreeKey = "draft.body"


class Delegate(Step):
    """Hands work to another bot, in sight of everybody in the room, and goes on with what it answers."""

    Config = DelegateConfig
    settings: DelegateConfig

    def __init__(self, config: Mapping[str, Any], context: StepContext) -> None:
        """Nothing was edited so far."""
        super().__init__(config, context)
        self._said: str | None = None

    @classmethod
    def callees(cls, config: Mapping[str, Any]) -> list[str]:
        """The one bot. Its name is written out in the file: no model chooses it."""
        return [str(config.get("to", ""))]

    @classmethod
    def detail(cls, config: Mapping[str, Any]) -> str:
        """To whom."""
        return f"to {config.get('to', '')}"

    def preview(self, payload: Payload) -> list[Part]:
        """What the other bot is told."""
        return [Part("recipients", "To", self.settings.to), Part("text", "Message", self._body(payload), "body", editable=True)]

    def edited(self, payload: Payload, texts: Edits) -> Payload:
        """What it is told, in other words."""
        self._said = texts.get("body")
        return payload

    def wants(self, payload: Payload) -> Delegation:
        """The work. Raises PayloadError when there are no words for it."""
        body = self._body(payload)
        if not body.strip():
            raise PayloadError(f"There is nothing to hand to {self.settings.to}: `say` came out empty with this payload.")
        return Delegation(self.settings.to, body)

    def answered(self, payload: Payload, answer: Mapping[str, Any]) -> Payload:
        """What it answered, in its place. Raises StepError when it failed."""
        if answer.get("outcome") not in ("replied", "silent"):
            said = answer.get("explanation") or f"{self.settings.to} gave no reason."
            raise StepError(f"{self.settings.to} could not do it. {said}", code="delegate_failed")
        replies = [str(reply) for reply in answer.get("replies", [])]
        if self.settings.into.partition(".")[0] == "draft":
            payload.setdefault("draft", {"body": "", "metadata": {}})
        put(payload, self.settings.into, "\n\n".join(replies))
        self.note = f"{len(replies)} answer{'' if len(replies) == 1 else 's'} from {self.settings.to}"
        return payload

    def process(self, payload: Payload) -> Payload:
        """It was answered."""
        return payload

    def _body(self, payload: Payload) -> str:
        return filled(self.settings.say, payload) if self._said is None else self._said
