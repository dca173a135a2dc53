"""The step Draft."""

from __future__ import annotations

from steps.step import Payload, Step, StepConfig
from steps.words import filled


class DraftConfig(StepConfig):
    """`fallback`: what to say when no later step has anything better; may name values of the payload."""

    fallback: str = "¯\\_(ツ)_/¯"


class Draft(Step):
    """Starts the draft, so that there is an answer whatever happens later."""

    Config = DraftConfig
    settings: DraftConfig

    def process(self, payload: Payload) -> Payload:
        """Set payload['draft'] to the fallback, with no metadata."""
        body = filled(self.settings.fallback, payload)
        payload["draft"] = {"body": body, "metadata": {}}
        self.note = f"started with {body[:200]}"
        return payload
