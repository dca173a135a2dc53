"""The step Guide."""

from __future__ import annotations

from steps.conversation import prompt_of, turns
from steps.placeholders import fill, times
from steps.step import Payload, Step, StepConfig


class GuideConfig(StepConfig):
    """`before` and `after`: what the model is told ahead of the conversation and behind it: {current_time} {date}."""

    before: str = ""
    after: str = ""


class Guide(Step):
    """Tells the model who it is and what to keep in mind."""

    Config = GuideConfig
    settings: GuideConfig

    def process(self, payload: Payload) -> Payload:
        """Put the system turns `before` and `after` around payload['prompt'], made from the messages if it is not there."""
        prompt = prompt_of(payload) if "prompt" in payload else turns(payload, self.context)
        values = times(self.context.now(), self.context.timezone) | {"username": self._asker(payload)}
        before = [{"role": "system", "content": fill(text, values)} for text in [self.settings.before] if text.strip()]
        after = [{"role": "system", "content": fill(text, values)} for text in [self.settings.after] if text.strip()]
        payload["prompt"] = before + prompt + after
        self.note = " and ".join(name for name, there in (("before", before), ("after", after)) if there) or "nothing to say"
        return payload

    def _asker(self, payload: Payload) -> str:
        asker = payload.get("asker")
        return str(asker.get("username", "")) if isinstance(asker, dict) else ""
