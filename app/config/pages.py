"""Django under ASGI, shaped for views that are plain functions."""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import set_urlconf

TOO_LARGE = b'{"error": {"code": "too_large", "message": "This is more than one request may carry."}}'


class Pages(ASGIHandler):
    """Runs the whole chain of middlewares and the view in one thread.

    Django's own would run each middleware beside the event loop and hop into a thread and back for every one of them.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        set_urlconf(settings.ROOT_URLCONF)
        return await sync_to_async(self.get_response, thread_sensitive=True)(request)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Refuses a body that is too large before a byte of it is on the disk."""
        carried = 0

        async def receive_limited() -> Any:
            nonlocal carried
            message = await receive()
            carried += len(message.get("body", b""))
            # To Django a body that is too large is one that broke off; the answer is below.
            return {"type": "http.disconnect"} if carried > settings.LARGEST_BODY else message

        if not _says_too_large(scope):
            await super().__call__(scope, receive_limited, send)
        if _says_too_large(scope) or carried > settings.LARGEST_BODY:
            headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
            await send({"type": "http.response.start", "status": 413, "headers": headers})
            await send({"type": "http.response.body", "body": TOO_LARGE})


def _says_too_large(scope: Any) -> bool:
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return length.isdigit() and int(length) > settings.LARGEST_BODY
