"""The web process: a socket that stores and passes on, and two addresses for the worker. It speaks the frames of Parley's /ws."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.bare.settings")
django.setup()

import httpx  # noqa: E402 (models exist only after the line above)
from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402
from channels.layers import get_channel_layer  # noqa: E402
from channels.routing import ProtocolTypeRouter  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.asgi import get_asgi_application  # noqa: E402
from django.http import HttpRequest, HttpResponse, JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402

from bench.bare.models import Message  # noqa: E402

bots = httpx.AsyncClient(base_url=settings.BOT_API, trust_env=False, limits=httpx.Limits(keepalive_expiry=4.0))
under_way: set[asyncio.Task[Any]] = set()


class Socket(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    async def connect(self) -> None:
        await self.accept()
        await self.send(json.dumps({"type": "hello"}))

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        frame = json.loads(text_data or "")
        if frame["type"] == "open":
            await self.channel_layer.group_add(frame["room"], self.channel_name)
            await self.send(json.dumps({"type": "opened", "room": frame["room"]}))
        else:
            message = await stored(frame["room"], "person", frame["body"])
            await self.send(json.dumps({"type": "ack", "client_id": frame["client_id"], "message": message}))
            if frame["room"].startswith("bot"):
                delivery = asyncio.create_task(bots.post("/deliveries", json={"room": frame["room"], "body": frame["body"]}))
                under_way.add(delivery)
                delivery.add_done_callback(under_way.discard)

    async def frame(self, message: dict[str, Any]) -> None:
        await self.send(message["text"])


async def stored(room: str, author: str, body: str) -> dict[str, Any]:
    """One INSERT, and everybody in the room hears it."""
    row = Message(room=room, author=author, body=body)
    await row.asave(force_insert=True)
    message = {"id": row.pk, "room": room, "author": {"is_bot": author == "bot"}, "body": body, "created_at": row.created_at.isoformat()}
    await tell(room, {"type": "event", "room": room, "kind": "message.posted", "message": message})
    return message


async def tell(room: str, frame: dict[str, Any]) -> None:
    await get_channel_layer().group_send(room, {"type": "frame", "text": json.dumps(frame)})


async def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("<!doctype html><title>Bare</title>")


async def drafts(request: HttpRequest) -> HttpResponse:
    for frame in json.loads(request.body):
        await tell(frame["room"], {"type": "draft", **frame})
    return JsonResponse({})


async def replies(request: HttpRequest) -> HttpResponse:
    reply = json.loads(request.body)
    return JsonResponse(await stored(reply["room"], "bot", reply["body"]))


urlpatterns = [path("", page), path("drafts", drafts), path("replies", replies)]
application = ProtocolTypeRouter({"http": get_asgi_application(), "websocket": Socket.as_asgi()})
