"""Every error of the bot server's own packages.

BotServerError
├── SettingsError            a variable of the environment is wrong or missing
├── BotFileError             a bot file cannot be used
├── StepError                a step cannot be built or could not do its work
│   ├── StepMisconfigured    its settings are wrong
│   ├── ApprovalUnfit        what was approved is not what the step would do (pipeline/approving.py)
│   └── PayloadError         the payload lacks what the step needs, or holds something of the wrong type
├── Cancelled                somebody stopped the run: no failure, nothing is said
├── StaleAttempt             the app has moved on to another attempt: stop quietly
└── OutboundError            a request to the outside failed
    ├── Unreachable          no connection, or it broke
    ├── AnswerTimedOut       connected, but no answer in time
    ├── AnswerTooBig         more bytes than we accept
    └── AnswerRefused        answered with a status that says no

The libraries (dosaku, …) have trees of their own with the same four attributes; `failure_of` reads any of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from dosaku.errors import DosakuError


class BotServerError(Exception):
    """What failed, in a form that decides what happens next.

    `code` is a stable reason code; `explanation` is said in the room, in plain words; `permanent` means that trying
    again cannot help; `retry_after` is how many seconds to wait before trying again, if the other side said so.
    """

    code = "bot_error"
    permanent = True

    def __init__(
        self, explanation: str, *, code: str | None = None, permanent: bool | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(explanation)
        self.explanation = explanation
        self.code = code or type(self).code
        self.permanent = type(self).permanent if permanent is None else permanent
        self.retry_after = retry_after


class SettingsError(BotServerError):
    """A variable of the environment is wrong or missing."""

    code = "settings_wrong"


class BotFileError(BotServerError):
    """A bot file cannot be used."""

    code = "bot_file_wrong"


class StepError(BotServerError):
    """A step cannot be built or could not do its work."""

    code = "step_failed"


class StepMisconfigured(StepError):
    """The settings of a step are wrong."""

    code = "step_misconfigured"


class PayloadError(StepError):
    """The payload lacks what the step needs, or holds something of the wrong type."""

    code = "payload_wrong"


class Cancelled(BotServerError):
    """Somebody stopped the run."""

    code = "cancelled"

    def __init__(self, explanation: str = "The run was stopped.") -> None:
        super().__init__(explanation)


class StaleAttempt(BotServerError):
    """The app has moved on to another attempt of this run."""

    code = "stale_attempt"


class OutboundError(BotServerError):
    """A request to the outside failed. Trying again may help."""

    code = "outbound_failed"
    permanent = False


class Unreachable(OutboundError):
    """No connection, or it broke."""

    code = "unreachable"


class AnswerTimedOut(OutboundError):
    """Connected, but no answer in time."""

    code = "answer_timed_out"


class AnswerTooBig(OutboundError):
    """More bytes than we accept."""

    code = "answer_too_big"
    permanent = True


class AnswerRefused(OutboundError):
    """The other side answered with a status that says no: `status`, and what it said in `body`."""

    code = "answer_refused"

    def __init__(self, explanation: str, *, status: int, body: bytes = b"", retry_after: float | None = None) -> None:
        super().__init__(explanation, permanent=status < 500 and status not in {408, 425, 429}, retry_after=retry_after)
        self.status = status
        self.body = body


@dataclass(frozen=True)
class Failure:
    """A failure as the app stores it."""

    code: str
    explanation: str
    permanent: bool
    retry_after: float | None = None


def failure_of(error: BaseException, step: str = "") -> Failure:
    """What the app is told of any exception.

    Ours and Dosaku's say it themselves. Anything else came out of a step's own code: its message may hold anything (a
    path, a key), so only the type is named; the worker's log has the rest.
    """
    if isinstance(error, BotServerError | DosakuError):
        return Failure(error.code, error.explanation, error.permanent, error.retry_after)
    where = f"The step {step}" if step else "The bot"
    return Failure("step_broke", f"{where} stopped with an error of its own: {type(error).__name__}.", permanent=True)
