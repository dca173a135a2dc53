"""The builder's first step of its own: whoever may not have bots here hears it before any question, not after the last."""

from __future__ import annotations

from contextlib import suppress

from dosaku import DosakuError
from errors import StepError
from steps import Payload, Step

SORRY = (
    "You cannot have a bot of your own here yet. The operator of this place decides who may: ask them to add you "
    "to the bot authors (`BOT_AUTHORS` in `.env` names their group) or to the staff, and write `/newbot` again."
)


class MayMakeBots(Step):
    """Sets payload['may_make_bots'], and says in the draft why not; and ['has_model']: whether a model can draft the file."""

    def process(self, payload: Payload) -> Payload:
        """Without a chat, in a terminal, the file is only printed: anybody may."""
        try:
            may = bool(self.context.workshop.rights()["may_make_bots"])
        except StepError as error:
            if error.code != "no_workshop":
                raise
            may = True
        payload["may_make_bots"], payload["has_model"] = may, self._has_model()
        if not may:
            payload["draft"]["body"] = SORRY
        self.note = "yes" if may else f"{payload['asker']['username']} may not have new bots"
        return payload

    def _has_model(self) -> bool:
        with suppress(DosakuError):
            self.context.agent.learn("Chat", "OpenAIChat").check()
            return True
        return False
