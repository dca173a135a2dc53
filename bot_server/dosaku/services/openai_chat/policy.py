"""How long OpenAIChat waits, and how often it tries."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Timeouts:
    """Seconds. Deadlines are on text, so a server that only sends pings runs into them."""

    connect: float = 5
    first_token: float = 60
    idle: float = 30  # between two pieces of text
    total: float = 600  # all tries together
    farewell: float = 2  # for the token counts, after the text is complete


@dataclass(frozen=True)
class Retries:
    """When a request is sent again.

    `tries` requests at most for statuses 429 and 5xx and for connections that fail; `restarts` more when a stream broke,
    since what broke was paid for. A server that asks for more than `patience` seconds is not waited for: the error
    carries its `retry_after`, and the caller's thread is free meanwhile.
    """

    tries: int = 3
    restarts: int = 1
    backoff: float = 0.5
    longest: float = 8
    patience: float = 20

    def pause(self, failed: int, retry_after: float | None) -> float:
        """Seconds until the next try after `failed` of them: what the server asked for, else backoff with full jitter."""
        if retry_after is not None:
            return retry_after
        return random.uniform(0, min(self.longest, self.backoff * 2 ** (failed - 1)))  # noqa: S311 (spreads load, guards nothing)
