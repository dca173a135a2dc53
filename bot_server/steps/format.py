"""The step Format."""

from __future__ import annotations

from steps.conversation import turns
from steps.step import Payload, Step, StepConfig


class FormatConfig(StepConfig):
    """`each_user_message`: how a message is shown to the model: {content} {timestamp} {username} {current_time} {date}."""

    each_user_message: str = "{content}"


class Format(Step):
    """Makes the prompt from the messages of the room."""

    Config = FormatConfig
    settings: FormatConfig

    def process(self, payload: Payload) -> Payload:
        """Set payload['prompt']: own messages as the assistant's, all others as the user's, oldest first.

        In a group room each speaker is named in front, unless the format names them itself.
        """
        prompt = payload["prompt"] = turns(payload, self.context, self.settings.each_user_message)
        self.note = f"{len(prompt)} message{'' if len(prompt) == 1 else 's'}, newest last"
        return payload
