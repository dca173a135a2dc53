"""The only way out of the bot server's own packages. (Dosaku's services bring their own; they go where the operator says.)

`client` makes connections to addresses that the operator named. It neither follows redirects nor uses proxies of the environment. `send`
bounds how long and how large an answer may be, and maps every error once.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from errors import AnswerRefused, AnswerTimedOut, AnswerTooBig, Unreachable

SECONDS = 10.0
MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class Answer:
    """A whole answer with a status below 400; `headers` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def client(
    base_url: str = "",
    *,
    headers: Mapping[str, str] | None = None,
    connections: int = 64,
    keep_alive: float = 4.0,
    seconds: float = SECONDS,
    transport: httpx.BaseTransport | None = None,
) -> httpx.Client:
    """A client for addresses that the operator named. `keep_alive` is below the 5 s after which uvicorn closes idle connections."""
    return httpx.Client(
        base_url=base_url,
        headers=headers,
        timeout=httpx.Timeout(seconds, connect=min(5.0, seconds)),
        limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=keep_alive),
        follow_redirects=False,
        trust_env=False,
        transport=transport,
    )


def send(through: httpx.Client, method: str, url: str, *, seconds: float = SECONDS, most_bytes: int = MOST_BYTES, **options: Any) -> Answer:
    """Send a request and read the whole answer.

    A connection that was kept and turns out dead is replaced once; so only send what is safe to repeat.

    Raises:
        AnswerRefused: the status is 300 or above; a 3xx too, since redirects are not followed.
        Unreachable, AnswerTimedOut, AnswerTooBig: what kept the answer away.
    """
    deadline = time.monotonic() + seconds
    try:
        try:
            return _exchange(through, method, url, deadline, most_bytes, options)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            return _exchange(through, method, url, deadline, most_bytes, options)
    except httpx.TimeoutException as error:
        raise AnswerTimedOut(f"No whole answer came within {seconds:g} s.") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unreachable("The address could not be reached, or the connection broke.") from error


def _exchange(through: httpx.Client, method: str, url: str, deadline: float, most_bytes: int, options: Mapping[str, Any]) -> Answer:
    with through.stream(method, url, **options) as response:
        body = _body(response, deadline, most_bytes)
        if response.status_code >= 300:
            text = f"The other side answered {response.status_code}."
            raise AnswerRefused(text, status=response.status_code, body=body, retry_after=_seconds(response.headers.get("retry-after", "")))
        return Answer(response.status_code, dict(response.headers), body)


def _body(response: httpx.Response, deadline: float, most_bytes: int) -> bytes:
    """The body, however slowly it drips: the deadline is for the whole of it."""
    parts, size = [], 0
    for part in response.iter_bytes():
        size += len(part)
        if size > most_bytes:
            raise AnswerTooBig(f"The answer is larger than {most_bytes:,} bytes.")
        if time.monotonic() > deadline:
            raise httpx.ReadTimeout("the deadline for the whole answer")
        parts.append(part)
    return b"".join(parts)


def _seconds(text: str) -> float | None:
    """What a Retry-After asks for, a day at most; None when it is no number of seconds."""
    return min(float(text), 86_400.0) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text) else None
