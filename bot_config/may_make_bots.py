"""The builder's first step of its own: whoever may not have bots here hears it before any question, not after the last."""

from __future__ import annotations

from errors import StepError
from steps import Payload, Step

SORRY = (
    "You cannot have a bot of your own here yet. The operator of this place decides who may: ask them to add you "
    "to the bot authors (`BOT_AUTHORS` in `.env` names their group) or to the staff, and write `/newbot` again."
)


class MayMakeBots(Step):
    """Sets payload['may_make_bots'], and says in the draft why not."""

    def process(self, payload: Payload) -> Payload:
        """Without a chat, in a terminal, the file is only printed: anybody may."""
        try:
            may = bool(self.context.workshop.rights()["may_make_bots"])
        except StepError as error:
            if error.code != "no_workshop":
                raise
            may = True
        payload["may_make_bots"] = may
        if not may:
            payload["draft"]["body"] = SORRY
        self.note = "yes" if may else f"{payload['asker']['username']} may not have new bots"
        return payload
