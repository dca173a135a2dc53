"""A bot's endpoint as a real HTTP server on this machine: checks signatures, remembers what it got, and misbehaves on demand."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "s" * 64
Got = dict[str, Any]


class Endpoint:
    """`answer` decides what happens to a delivery; it gets the request and its JSON."""

    def __init__(self) -> None:
        self.deliveries: list[Got] = []
        self.cancellations: list[Got] = []
        self.answer: Callable[[Request, Got], None] = accept
        self._lock = threading.Lock()
        self._server = Server(("127.0.0.1", 0), Request)
        self._server.endpoint = self
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def url(self, name: str = "echo") -> str:
        return f"http://127.0.0.1:{self.port}/bots/{name}"

    def remember(self, got: Got) -> None:
        with self._lock:
            (self.deliveries if got["type"] == "run" else self.cancellations).append(got)

    def pairs(self) -> list[tuple[str, int]]:
        return sorted((got["run"], got["attempt"]) for got in self.deliveries)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    endpoint: Endpoint


class Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self._is_signed(body):
            self.say(401, {"error": "bad signature"})
            return
        got: Got = json.loads(body)
        got["path"], got["headers"] = self.path, dict(self.headers)
        self.server.endpoint.remember(got)
        self.server.endpoint.answer(self, got)

    def say(self, status: int, body: Any, **headers: str) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        # The relay may have hung up meanwhile, as it may on any bot's server.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.end_headers()
            self.wfile.write(data)

    def _is_signed(self, body: bytes) -> bool:
        stamp = self.headers.get("X-Parley-Timestamp", "0")
        right = hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        fresh = abs(time.time() - int(stamp)) < 300
        return fresh and hmac.compare_digest(self.headers.get("X-Parley-Signature", ""), f"sha256={right}")

    def log_message(self, *_: Any) -> None:
        """Quiet."""


def accept(request: Request, got: Got) -> None:
    request.say(202, {"accepted": True})


def known(request: Request, got: Got) -> None:
    request.say(200, {"accepted": False, "duplicate": True})


def status(code: int, **headers: str) -> Callable[[Request, Got], None]:
    return lambda request, got: request.say(code, {"error": "no"}, **headers)


def html(request: Request, got: Got) -> None:
    request.say(200, b"<html>hello</html>")


def huge(request: Request, got: Got) -> None:
    request.say(202, b"x" * 10_000_000)


class Held:
    """Answers nothing until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def __call__(self, request: Request, got: Got) -> None:
        if self.go.wait(30):
            accept(request, got)


def until(true: Callable[[], Any], seconds: float = 20, pause: float = 0.02) -> Any:
    """Wait for a condition; its value."""
    deadline = time.monotonic() + seconds
    while not (value := true()):
        if time.monotonic() > deadline:
            raise AssertionError("it did not come true in time")
        time.sleep(pause)
    return value
