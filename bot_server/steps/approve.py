"""The step Approve."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from errors import PayloadError
from steps.asking import DAY, By, Edits, Expires, Part, Terms
from steps.conversation import draft_of
from steps.paths import put, taken
from steps.step import Payload, Step, StepConfig

DRAFT = ("draft", "reply")


class ApproveConfig(StepConfig):
    """`say`: the question on the card. `show`: what is approved: the draft, or a key of the payload."""

    say: str = Field("May I go on with this?", min_length=1, max_length=200)
    show: str = Field("draft", min_length=1)
    by: By = "asker"
    expires: Expires = DAY


class Approve(Step):
    """Shows a person what the steps below will work with, and goes on when they approve it. They may edit a text first."""

    Config = ApproveConfig
    settings: ApproveConfig

    @classmethod
    def detail(cls, config: Mapping[str, Any]) -> str:
        """Who decides."""
        by = config.get("by", "asker")
        return f"by {', '.join(by) if isinstance(by, list) else by}"

    def asks(self, payload: Payload) -> Terms:
        """Always."""
        return Terms(say=self.settings.say, by=self.settings.by, expires=self.settings.expires)

    def preview(self, payload: Payload) -> list[Part]:
        """What stands at `show`: text that can be edited, or anything else as JSON. Raises PayloadError when nothing stands there."""
        shown = draft_of(payload)["body"] if self.settings.show in DRAFT else taken(payload, self.settings.show)
        label = "Draft" if self.settings.show in DRAFT else self.settings.show
        if not isinstance(shown, str):
            return [Part("code", label, json.dumps(shown, ensure_ascii=False, indent=2))]
        if not shown.strip():
            raise PayloadError(f"There is nothing to approve: the payload's `{self.settings.show}` is empty.")
        return [Part("text", label, shown, name="shown", editable=True)]

    def edited(self, payload: Payload, texts: Edits) -> Payload:
        """The edited text, in its place."""
        if "shown" in texts:
            put(payload, "draft.body" if self.settings.show in DRAFT else self.settings.show, texts["shown"])
        return payload

    def process(self, payload: Payload) -> Payload:
        """It was approved."""
        self.note = "approved"
        return payload
