"""A scripted server that speaks chat.completions over real sockets, well or badly as it is told.

    python -m testing.model_server --port 4000        # then OPENAI_BASE_URL=http://127.0.0.1:4000/v1

The behaviour is named by the model ("model": "stall"), or, so that a test can drive it through a bot, by the last user
message: `[[behave:stall]]`. `once-<behaviour>` behaves so to the first request of a prompt and answers the next ones.
Any other model answers like an assistant that repeats: `You said: …`. testing/behaviours.py lists the behaviours.
`GET /requests` tells how many requests came, and which behaviours were playing when the client went away:
{"total", "by_model", "by_prompt", "closed"}.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from testing.behaviours import Exchange, play

BEHAVE = re.compile(r"\[\[behave:([a-z0-9-]+)\]\]")


@dataclass
class Journal:
    """What was asked so far."""

    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    ports: set[int] = field(default_factory=set)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def note(self, request: dict[str, Any], key: str, port: int) -> int:
        """Add a request; which time its prompt is asked of its model, from 1."""
        with self.changed:
            self.requests.append(request)
            self.keys.append(key)
            self.ports.add(port)
            self.changed.notify_all()
            return sum(_same(request, other) for other in self.requests)

    def note_closed(self, behaviour: str) -> None:
        """The client closed its connection while `behaviour` was playing."""
        with self.changed:
            self.closed.append(behaviour)
            self.changed.notify_all()

    def wait_for(self, count: int, timeout: float = 10) -> bool:
        """Wait until `count` requests have come."""
        with self.changed:
            return self.changed.wait_for(lambda: len(self.requests) >= count, timeout)

    def wait_for_closed(self, count: int = 1, timeout: float = 10) -> bool:
        """Wait until the client has closed `count` connections before their answer ended."""
        with self.changed:
            return self.changed.wait_for(lambda: len(self.closed) >= count, timeout)

    def counts(self) -> dict[str, Any]:
        """How many requests came, by model and by last user message; and how many clients went away, by behaviour."""
        with self.changed:
            models = Counter(str(request.get("model")) for request in self.requests)
            prompts = Counter(last_said(request) for request in self.requests)
            counts = {"by_model": dict(models), "by_prompt": dict(prompts), "closed": dict(Counter(self.closed))}
            return {"total": len(self.requests)} | counts


class ModelServer(ThreadingHTTPServer):
    """The server. `url` is its OPENAI_BASE_URL, `journal` what it was asked."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 512

    def __init__(self, port: int = 0) -> None:
        """Listen on a port of this machine, by default any free one."""
        self.journal = Journal()
        self.stopping = threading.Event()
        super().__init__(("127.0.0.1", port), _Connection)

    @property
    def url(self) -> str:
        """The address for OPENAI_BASE_URL."""
        return f"http://127.0.0.1:{self.server_port}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that break off are what this server is for."""


@contextmanager
def running(port: int = 0) -> Iterator[ModelServer]:
    """A server that runs while the block does."""
    server = ModelServer(port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stopping.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ModelServer
    timeout = 60
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        request = json.loads(body)
        model = str(request.get("model"))
        time = self.server.journal.note(request, self.headers.get("authorization", ""), self.client_address[1])
        named = BEHAVE.search(last_said(request))
        behaviour = named[1] if named else model
        if behaviour.startswith("once-"):
            behaviour = behaviour.removeprefix("once-") if time == 1 else "hello"
        exchange = Exchange(self.connection, request, self.server.stopping)
        self.close_connection = True
        try:
            self.close_connection = not play(behaviour, exchange)
        except OSError:
            self.server.journal.note_closed(behaviour)

    def do_GET(self) -> None:
        body = json.dumps(self.server.journal.counts()).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name is the standard library's)
        """Be quiet."""


def last_said(request: dict[str, Any]) -> str:
    """The last user message of a request."""
    said = [str(turn.get("content", "")) for turn in request.get("messages", []) if turn.get("role") == "user"]
    return said[-1] if said else ""


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.get("model") == other.get("model") and one.get("messages") == other.get("messages")


def main() -> None:
    """Run until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m testing.model_server", description="A scripted model server.")
    parser.add_argument("--port", type=int, default=4000)
    server = ModelServer(parser.parse_args().port)
    sys.stdout.write(f"The model server listens on {server.url}\n")
    sys.stdout.flush()
    with suppress(KeyboardInterrupt):
        server.serve_forever()
    server.server_close()


if __name__ == "__main__":
    main()
