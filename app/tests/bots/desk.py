"""A bot manager's desk as a real HTTP server: checks the app's signatures, remembers what it was asked, says what it is told to."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

EXAMPLE = Path(__file__).parents[3] / "docs" / "api" / "examples" / "desk.json"
KEY = "a key of tests only"
ECHO = "name: echo\nsteps:\n  - Chat\n  - Reply\n"


class Desk:
    """`answers` by path: (status, JSON), or bytes to send as they are. `asked` has (method, path, body) of what was signed right."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        told = json.loads(EXAMPLE.read_text())
        self.answers: dict[str, tuple[int, Any] | bytes] = {
            "/checks": (200, told["check"]["response"] | {"name": "my-bot"}),
            "/templates": (200, told["templates"]),
            "/schema": (200, {"type": "object", "properties": {}}),
            "/cases": (200, told["cases"]["response"] | {"cases": []}),
            "/files/echo": (200, told["save"]["response"] | {"version": 2, "yaml": ECHO}),
        }
        self._server = _Server(("127.0.0.1", 0), _Request)
        self._server.desk = self
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def paths(self) -> list[str]:
        return [path for _, path, _ in self.asked]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    desk: Desk


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        secret = hmac.new(KEY.encode(), b"app", hashlib.sha256).hexdigest()
        said = f"{self.headers['X-Parley-Timestamp']}.{self.command} {self.path}\n".encode() + body
        right = "sha256=" + hmac.new(secret.encode(), said, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(self.headers.get("X-Parley-Signature", ""), right):
            self._say(401, b"{}")
            return
        self.server.desk.asked.append((self.command, self.path, json.loads(body) if body else None))
        answer = self.server.desk.answers.get(self.path, (404, {"error": {"code": "not_found", "message": "no"}}))
        if isinstance(answer, bytes):
            self._say(200, answer)
        else:
            self._say(answer[0], json.dumps(answer[1]).encode())

    do_GET = do_POST  # noqa: N815 (the name is the standard library's)

    def _say(self, status: int, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Quiet."""
