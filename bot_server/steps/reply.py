"""The step Reply."""

from __future__ import annotations

from steps.conversation import draft_of
from steps.step import Payload, Step, StepConfig


class Reply(Step):
    """Says the draft in the room."""

    Config = StepConfig
    # Not `effect`: the engine posts the reply under a key of its own, so doing the step twice says nothing twice.

    def process(self, payload: Payload) -> Payload:
        """Set payload['reply'] to the draft; an empty one is not said."""
        draft = draft_of(payload)
        if not draft["body"].strip():
            self.note = "nothing to say"
            return payload
        payload["reply"] = {"body": draft["body"], "metadata": dict(draft["metadata"])}
        self.note = f"{len(draft['body'])} characters"
        return payload
