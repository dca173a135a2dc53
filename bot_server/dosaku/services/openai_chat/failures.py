"""The SDK's errors, mapped once to ours.

code                    permanent   what happened
key_refused             yes         401, 403: the key is wrong or may not use the model
model_unknown           yes         404
context_too_long        yes         400: the conversation does not fit into the model
request_refused         yes         400, 422, redirects, and other statuses below 500
quota_used_up           yes         429 that no waiting helps against: no money left
model_rate_limited      no          429
model_failed            no          500 and above, 408, 409
model_unreachable       no          no connection: refused, name not found, TLS, or broken before the answer began
model_timeout           no          connected, but no text within the first deadline
stream_stalled          no          text came, then none within the idle deadline
model_too_slow          no          all tries together ran into the total deadline
stream_cut              no          the connection broke in the middle
stream_incomplete       no          the stream ended without saying that the answer is complete
stream_malformed        no          something in the stream cannot be read
stream_error            no          the model said in the stream that it failed
not_a_stream            yes         status 200, but no event stream: probably not an OpenAI-compatible address
answer_too_long         yes         more than a million characters
"""

from __future__ import annotations

import email.utils
import math
import time
from typing import Any

import httpx2
import openai

from dosaku.errors import ServiceError

# Whatever the SDK, its transport or our reading of the stream may raise. Anything else is a mistake of ours and not hidden.
BROKEN = (ServiceError, openai.OpenAIError, httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL, OSError)

DAY = 86_400.0

ONCE_MORE = frozenset({"model_rate_limited", "model_failed", "model_unreachable"})
RESTART = frozenset({"stream_cut", "stream_incomplete", "stream_malformed", "stream_error"})


def mapped(error: Exception, *, began: bool) -> ServiceError:
    """Our error for any exception of a request. `began`: whether the answer's headers had come."""
    if isinstance(error, ServiceError):
        return error
    if isinstance(error, openai.APIStatusError):
        return _status(error)
    if isinstance(error, openai.APITimeoutError | httpx2.TimeoutException):
        return ServiceError("The model's server could not be reached in time.", code="model_unreachable")
    if began:
        return ServiceError("The connection to the model broke in the middle of its answer.", code="stream_cut")
    return ServiceError("The model's server could not be reached.", code="model_unreachable")


def fell_silent(error: Exception) -> bool:
    """Whether a kept connection turned out to be dead: worth a try at once, on a fresh one."""
    cause = error.__cause__
    return isinstance(cause, httpx2.RemoteProtocolError | httpx2.ReadError | httpx2.WriteError)


def _status(error: openai.APIStatusError) -> ServiceError:
    status, said = error.status_code, _said(error.body)
    if status == 429:
        if "insufficient_quota" in said:
            return ServiceError("The account at the model's provider has no credit left.", code="quota_used_up", permanent=True)
        text = "The model answered 429 (too many requests)."
        return ServiceError(text, code="model_rate_limited", retry_after=_retry_after(error.response.headers))
    if status >= 500 or status in {408, 409}:
        text = f"The model's server answered {status} (it failed)."
        return ServiceError(text, code="model_failed", retry_after=_retry_after(error.response.headers))
    if status in {401, 403}:
        text = f"The model's server answered {status}: the key is wrong, or it may not use this model."
        return ServiceError(text, code="key_refused", permanent=True)
    if status == 404:
        return ServiceError("The model's server answered 404: it does not know this model.", code="model_unknown", permanent=True)
    if "context_length" in said or "maximum context" in said:
        return ServiceError("The conversation is too long for the model.", code="context_too_long", permanent=True)
    return ServiceError(f"The model's server refused the request ({status}).", code="request_refused", permanent=True)


def complaint(error: Exception) -> str:
    """What a 400 says is wrong, in lower case; empty for any other error. Never shown: it may quote the prompt."""
    if isinstance(error, openai.BadRequestError):
        return _said(error.body)
    return ""


def _said(body: Any) -> str:
    if isinstance(body, dict):
        inner = body.get("error", body)
        fields = inner if isinstance(inner, dict) else {"message": inner}
        return " ".join(str(fields.get(name) or "") for name in ("param", "code", "type", "message")).lower()
    return str(body or "").lower()


def _retry_after(headers: httpx2.Headers) -> float | None:
    """The seconds that the server asks to wait, from any of the three forms it may use; None when it does not. A day at most."""
    milliseconds, value = headers.get("retry-after-ms"), headers.get("retry-after", "")
    try:
        seconds = float(milliseconds) / 1000 if milliseconds else float(value)
    except ValueError:
        moment = email.utils.parsedate_tz(value)
        seconds = email.utils.mktime_tz(moment) - time.time() if moment else math.nan
    return None if math.isnan(seconds) else min(max(0.0, seconds), DAY)
