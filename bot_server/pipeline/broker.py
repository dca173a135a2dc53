"""kombu's Redis transport, with one mistake mended: losing the broker in the middle of a job must not end the worker."""

from __future__ import annotations

import functools
from typing import Any

import redis
from kombu.transport import redis as transport


def survive_lost_connections() -> None:
    """Have channels say that their connection is lost when it is.

    kombu 5.7.0 forgets a lost connection before it closes the connection's channel, and before jobs in hand acknowledge on it. Both then
    fail on None with an AttributeError, which Celery takes for a bug of its own and ends the worker. A redis.ConnectionError is what it
    expects, and goes on from.
    """
    kind: Any = transport.Channel
    parameters = kind._connparams
    if getattr(parameters, "__wrapped__", None):
        return

    @functools.wraps(parameters)
    def checked(channel: Any, *args: Any, **options: Any) -> Any:
        if channel.connection is None or channel.connection.client is None:
            raise redis.ConnectionError("The connection of this channel is lost.")
        return parameters(channel, *args, **options)

    kind._connparams = checked
