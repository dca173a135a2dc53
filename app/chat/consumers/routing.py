"""Websockets of the app: there is one, /ws, and nobody gets past the handshake without leave."""

from __future__ import annotations

import logging
from typing import Any

import redis
from django.db import Error as DatabaseError

from chat.consumers.door import admit
from chat.consumers.socket import Socket

log = logging.getLogger(__name__)


async def websocket(scope: Any, receive: Any, send: Any) -> None:
    """Refuse with 403, or hand over to a Socket. With PostgreSQL or Redis away the answer is 503: come back in a moment."""
    try:
        visitor = await admit(scope) if scope["path"] == "/ws" else None
        if visitor is None:
            await send({"type": "websocket.close"})  # before accept: 403
        else:
            await Socket(visitor)(scope, receive, send)
    except (DatabaseError, redis.RedisError) as error:
        log.warning("A socket could not be served: %s", error)
        await _come_back(scope, send)


async def _come_back(scope: Any, send: Any) -> None:
    if "websocket.http.response" in scope.get("extensions", {}):
        await send({"type": "websocket.http.response.start", "status": 503, "headers": [(b"retry-after", b"2")]})
        await send({"type": "websocket.http.response.body", "body": b""})
    else:
        await send({"type": "websocket.close"})
