"""What can be wrong with a bot's wish. They are chat errors, so every door answers them in the one shape.

ChatError
├── NotFound          404  no such bot or run, or it is somebody else's
├── NotAllowed        403  not yours to do
├── BadInput          400  what was sent cannot be taken
├── StaleAttempt      409  another attempt has the run, or it has ended: stop quietly
└── EndpointRefused   400  deliveries may not go to this address
"""

from __future__ import annotations

from chat.errors import BadInput, ChatError, NotAllowed, NotFound

NO_BOT = "There is no such bot, or it is not yours."
NO_RUN = "There is no such run, or its bot is not yours."


class StaleAttempt(ChatError):
    code = "stale_attempt"
    status = 409

    def __init__(self) -> None:
        super().__init__("This attempt does not have the run any more: another one does, or the run has ended. Stop working on it.")


class EndpointRefused(ChatError):
    code = "endpoint_refused"
    status = 400


__all__ = ["NO_BOT", "NO_RUN", "BadInput", "ChatError", "EndpointRefused", "NotAllowed", "NotFound", "StaleAttempt"]
