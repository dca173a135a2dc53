"""What can be wrong with a wish, in words for the person who had it.

ChatError
├── NotFound        404  there is no such thing, or it is not for you: both read the same
├── NotAllowed      403  you can see it, but this is not yours to do
├── BadInput        400  the text, name or id cannot be taken as it is
├── ClientIdReused  409  this client_id already stands for another message
└── TooFast         429  wait `retry_after` seconds
"""

from __future__ import annotations


class ChatError(Exception):
    """The message is plain words; `code` and `status` are for programs."""

    code = "refused"
    status = 400

    def __init__(self, message: str, **fields: str) -> None:
        super().__init__(message)
        self.message = message
        self.fields = fields


class NotFound(ChatError):
    code = "not_found"
    status = 404


class NotAllowed(ChatError):
    code = "not_allowed"
    status = 403


class BadInput(ChatError):
    code = "bad_input"
    status = 400


class ClientIdReused(ChatError):
    code = "client_id_reused"
    status = 409

    def __init__(self) -> None:
        super().__init__("This client_id already stands for another message of yours. Use a new one for a new message.")


class TooFast(ChatError):
    code = "too_fast"
    status = 429

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"You are sending faster than this room can follow. Wait {retry_after} s and send again.")
        self.retry_after = retry_after


class NoSpace(ChatError):
    code = "no_space"
    status = 507

    def __init__(self) -> None:
        super().__init__("The server has no space for this file. Tell whoever runs it, and send it again later.")
