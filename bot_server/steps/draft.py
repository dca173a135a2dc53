"""The step Draft."""

from __future__ import annotations

from steps.step import Payload, Step, StepConfig


class DraftConfig(StepConfig):
    """`fallback`: what to say when no later step has anything better."""

    fallback: str = "¯\\_(ツ)_/¯"


class Draft(Step):
    """Starts the draft, so that there is an answer whatever happens later."""

    Config = DraftConfig
    settings: DraftConfig

    def process(self, payload: Payload) -> Payload:
        """Set payload['draft'] to the fallback, with no metadata."""
        payload["draft"] = {"body": self.settings.fallback, "metadata": {}}
        self.note = f"started with {self.settings.fallback}"
        return payload
