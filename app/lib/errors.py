"""What can go wrong on the way out. A message is in plain words and names no secret; `permanent` decides whether trying again can help.

OutboundError
├── EndpointRefused   permanent   the address is not one that we call
├── AnswerTooLarge    permanent   more than we read
├── Unreachable       transient   no such host, nobody listens, or the certificate does not hold
├── TimedOut          transient   too slow, at any point
└── BadAnswer         transient   what came back is no HTTP, or was cut off
"""

from __future__ import annotations


class OutboundError(Exception):
    """A request that did not come back with an answer."""

    code = "unreachable"
    permanent = False


class EndpointRefused(OutboundError):
    code = "endpoint_refused"
    permanent = True


class AnswerTooLarge(OutboundError):
    code = "answer_too_large"
    permanent = True


class Unreachable(OutboundError):
    code = "unreachable"


class TimedOut(OutboundError):
    code = "timed_out"


class BadAnswer(OutboundError):
    code = "bad_answer"
