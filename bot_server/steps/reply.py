"""The step Reply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from steps.asking import Edits, Part, Terms, Username
from steps.conversation import draft_of
from steps.step import Payload, Step, StepConfig, StepContext


class ReplyConfig(StepConfig):
    """`to`: somebody to write to in the name of the person who asked, instead of saying it in the room."""

    to: Username | None = Field(None)


class Reply(Step):
    """Says the draft in the room; or sends it to somebody in the name of the person who asked, once they approved it."""

    Config = ReplyConfig
    # The app sends what was approved once, however often it is asked.
    repeatable = True
    settings: ReplyConfig

    def __init__(self, config: Mapping[str, Any], context: StepContext) -> None:
        """Saying it in the room is no `effect`: the engine posts it under a key of its own, so doing it twice says nothing twice."""
        super().__init__(config, context)
        self.effect = self.settings.to is not None

    @classmethod
    def on_behalf(cls, config: Mapping[str, Any]) -> bool:
        """Whether it writes to somebody."""
        return bool(config.get("to"))

    @classmethod
    def detail(cls, config: Mapping[str, Any]) -> str:
        """To whom, when not to the room."""
        return f"to {config['to']}" if config.get("to") else ""

    def asks(self, payload: Payload) -> Terms | None:
        """Always, when it writes to somebody and there is something to write."""
        if self.settings.to is None or not draft_of(payload)["body"].strip():
            return None
        return Terms(say=f"May I send this to {self.settings.to} for you?")

    def preview(self, payload: Payload) -> list[Part]:
        """The draft, and who gets it."""
        body = Part("text", "Message", draft_of(payload)["body"], name="body", editable=True)
        return [body] if self.settings.to is None else [Part("recipients", "To", self.settings.to), body]

    def edited(self, payload: Payload, texts: Edits) -> Payload:
        """The draft in the words of whoever approved it."""
        if "body" in texts:
            draft_of(payload)["body"] = texts["body"]
        return payload

    def process(self, payload: Payload) -> Payload:
        """Set payload['reply'] to the draft; an empty one is not said. With `to`, have the app send what was approved."""
        draft = draft_of(payload)
        if not draft["body"].strip():
            self.note = "nothing to say"
            return payload
        self.note = f"{len(draft['body'])} characters"
        if self.settings.to is not None:
            self.sends = True
            self.note += f" to {self.settings.to}"
        else:
            payload["reply"] = {"body": draft["body"], "metadata": dict(draft["metadata"])}
        return payload
