"""Django under ASGI, shaped for views that are plain functions."""

from __future__ import annotations

import asyncio
import contextvars
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.signals import request_started
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix, set_urlconf

from lib.database import let_go

# More than the database's pool has connections: a request waits for one of those, and must not keep others from what needs none.
THREADS = ThreadPoolExecutor(max_workers=64, thread_name_prefix="pages")
TOO_LARGE = b'{"error": {"code": "too_large", "message": "This is more than one request may carry."}}'


class Pages(ASGIHandler):
    """Runs a request from its first signal to its last in one thread of a pool.

    Django's own makes a thread for each request, hops into it and back for signals, view and end, and for every middleware.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

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
            await self.handle(scope, receive_limited, send)
        if _says_too_large(scope) or carried > settings.LARGEST_BODY:
            headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
            await send({"type": "http.response.start", "status": 413, "headers": headers})
            await send({"type": "http.response.body", "body": TOO_LARGE})

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        # A copy, as for a task: what a request notes beside itself (its id in the logs, its time zone) is seen by no other.
        inside, loop = contextvars.copy_context(), asyncio.get_running_loop()
        response = await loop.run_in_executor(THREADS, inside.run, self._answered, scope, body)
        await self.send_response(response, send)
        if response.streaming:
            await loop.run_in_executor(THREADS, inside.run, response.close)

    def _answered(self, scope: Any, body: Any) -> HttpResponseBase:
        """The whole of a request that needs a thread. What is not streamed is complete, so its end (and that of its database connection)
        need not wait for the client."""
        set_script_prefix(get_script_prefix(scope))
        set_urlconf(settings.ROOT_URLCONF)
        request_started.send(sender=self.__class__, scope=scope)
        request, refused = self.create_request(scope, body)
        response: Any = refused if request is None else self.get_response(request)
        response._handler_class = self.__class__
        if not response.streaming:
            response.close()
        else:  # its end comes in another thread, which cannot give back this one's connection; what is streamed reads no database
            let_go()
        return cast("HttpResponseBase", response)


def _says_too_large(scope: Any) -> bool:
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return length.isdigit() and int(length) > settings.LARGEST_BODY
