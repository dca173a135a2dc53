"""What can be wrong with a bot's wish. They are chat errors, so every door answers them in the one shape.

ChatError
├── NotFound          404  no such bot or run, or it is somebody else's
├── NotAllowed        403  not yours to do
├── BadInput          400  what was sent cannot be taken
├── StaleAttempt      409  another attempt has the run, or it has ended: stop quietly
├── Decided           409  somebody has decided or answered already, or the time for it is over
├── ContentChanged    409  what was decided on is not what is stored
├── Unshowable        422  what a run waits for cannot be put to anybody as it was sent
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


class Decided(ChatError):
    code = "decided"
    status = 409


class ContentChanged(ChatError):
    code = "content_changed"
    status = 409

    def __init__(self) -> None:
        super().__init__("This is not what you were shown. Load the page again, read it once more, then decide.")


class Unshowable(ChatError):
    code = "unshowable"
    status = 422


class EndpointRefused(ChatError):
    code = "endpoint_refused"
    status = 400


__all__ = [
    "NO_BOT", "NO_RUN", "BadInput", "ChatError", "ContentChanged", "Decided", "EndpointRefused", "NotAllowed", "NotFound", "StaleAttempt",
    "Unshowable",
]  # fmt: skip
