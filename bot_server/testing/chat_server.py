"""A small chat app that speaks the contract to bots (docs/api): for tests of the bot server without program 1.

It fences attempts, keeps replies by their key, gives out versions, and can be away, slow or forgetful as a test wishes. Every request is
checked against the keys of docs/api/examples (I3): what does not fit is listed in `wrong`.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Json = dict[str, Any]

EXAMPLES = Path(__file__).parents[2] / "docs" / "api" / "examples"
STALE: Json = {"error": {"code": "stale_attempt", "message": "Another attempt of this run is under way."}}
NOT_FOUND: Json = {"error": {"code": "not_found", "message": "There is no such thing."}}
RUN = re.compile(r"runs/([^/]+)/(steps|replies|sendings|outcome)")
BUDGET = re.compile(r"runs/([^/]+)/budget\?attempt=\d+")
# The examples in outcome.json, by what is waited for.
WAITS = {"approval": "waiting", "question": "question", "delegation": "delegation"}
BOT = re.compile(r"bots/([^/]+)(?:/versions/(\d+))?")


def example(name: str) -> Any:
    """One of the contract's examples."""
    return json.loads((EXAMPLES / f"{name}.json").read_text())


@dataclass
class Room:
    """All that bots told. `changed` is notified at every request; `wait` waits for a condition."""

    bots: dict[str, Json] = field(default_factory=dict)
    versions: dict[str, list[Json]] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    outcomes: dict[str, Json] = field(default_factory=dict)
    steps: dict[str, dict[int, Json]] = field(default_factory=dict)
    replies: dict[str, dict[str, str]] = field(default_factory=dict)
    drafts: dict[str, str] = field(default_factory=dict)
    frames: list[Json] = field(default_factory=list)
    beats: list[Json] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    stopped: set[str] = field(default_factory=set)
    waits: dict[str, list[Json]] = field(default_factory=dict)
    sent: dict[str, dict[str, str]] = field(default_factory=dict)
    left: int | None = None
    refuse_waits: int = 0
    away: bool = False
    refuse: dict[str, int] = field(default_factory=dict)
    refuse_steps: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)

    def wait(self, condition: Callable[[], Any], seconds: float = 20) -> bool:
        """Wait until the condition holds."""
        with self.changed:
            return bool(self.changed.wait_for(condition, seconds))

    def publish(self, name: str, yaml: str) -> int:
        """A version that needs no registration; its number."""
        kept = self.versions.setdefault(name, [])
        kept.append({"number": len(kept) + 1, "yaml": yaml, "code_hash": ""})
        return len(kept)

    def answer(self, method: str, path: str, body: Json) -> tuple[int, Json]:
        """What the app says to one request."""
        self.requests.append(f"{method} {path}")
        if self.away:
            return 503, {"error": {"code": "away", "message": "The database is away."}}
        run = RUN.fullmatch(path)
        if run:
            return self._run(run[1], run[2], body)
        if BUDGET.fullmatch(path):
            return 200, {"tokens_left": self.left, "said": "My budget for today is spent." if self.left == 0 else ""}
        bot = BOT.fullmatch(path)
        if bot and method == "PUT":
            return self._register(bot[1], body)
        if bot and bot[2]:
            return next(((200, one) for one in self.versions.get(bot[1], []) if one["number"] == int(bot[2])), (404, NOT_FOUND))
        if path == "registrations":
            return 200, {"bots": [self._kept(name) for name in self.bots.keys() | self.versions.keys()]}
        plain = {"drafts": self._drafts, "heartbeats": self._beat}
        return plain[path](body) if path in plain else (404, NOT_FOUND)

    def _register(self, name: str, body: Json) -> tuple[int, Json]:
        self._check("registration", body, example("registration")["request"])
        if name in self.refuse:
            return self.refuse[name], {"error": {"code": "forbidden", "message": "The name belongs to somebody else."}}
        created = name not in self.bots
        self.bots[name] = body
        kept = self.versions.setdefault(name, [])
        if body["yaml"] and (not kept or (kept[-1]["yaml"], kept[-1]["code_hash"]) != (body["yaml"], body["code_hash"])):
            kept.append({"number": len(kept) + 1, "yaml": body["yaml"], "code_hash": body["code_hash"]})
        return 201 if created else 200, {"name": name, "user": name, "version": len(kept), "status": body["status"]}

    def _kept(self, name: str) -> Json:
        shown: Json = example("bots")["registrations"]["bots"][0]
        told = {key: value for key, value in self.bots.get(name, {}).items() if key in shown}
        return shown | told | {"name": name, "version": len(self.versions.get(name, [])) or None}

    def _run(self, run: str, what: str, body: Json) -> tuple[int, Json]:
        stopped = run in self.stopped
        if body["attempt"] != self.attempts.setdefault(run, body["attempt"]) or run in self.outcomes or (stopped and what != "outcome"):
            return 409, STALE
        if what == "replies":
            last = body.pop("last", None)
            self._check("reply", body, example("reply")["request"])
            if last is not None:
                self._check("last", last, example("reply")["last"]["last"])
                status, said = self._run(run, "outcome", {**example("outcome")["request"], **last, "attempt": body["attempt"]})
                if status != 200:
                    return status, said
            kept = self.replies.setdefault(run, {})
            known = body["key"] in kept
            kept.setdefault(body["key"], body["body"])
            return 200 if known else 201, {"message": {}}
        if what == "sendings":
            kept = self.sent.setdefault(run, {})
            known = body["key"] in kept
            kept.setdefault(body["key"], body["approval"])
            return 200 if known else 201, {"message": {}}
        waiting = body.pop("waiting", None) if what == "outcome" else None
        if what == "outcome":
            self._check("outcome", body, example("outcome")["request"])
        if waiting:
            self._check("waiting", waiting, example("outcome")[WAITS[waiting["kind"]]]["waiting"])
        if waiting and self.refuse_waits:
            return self.refuse_waits, {"error": {"code": "unshowable", "message": "This cannot be shown to anybody."}}
        if self.refuse_steps and body["steps"]:
            return self.refuse_steps, {"error": {"code": "bad_input", "message": "A step cannot be stored."}}
        for step in body["steps"]:
            self._check("step", step, example("steps")["request"]["steps"][0])
            self.steps.setdefault(run, {})[step["index"]] = step
        if waiting:
            # As the app does: the same attempt may ask once more, and nothing changes.
            self.waits.setdefault(run, []).append(waiting)
            return 200, {"state": "waiting", "due_in": None}
        if what == "steps":
            return 200, {"recorded": len(body["steps"])}
        if body["outcome"] == "failed" and not body["permanent"] and not stopped:
            self.attempts[run] += 1
            return 200, {"state": "pending", "due_in": 1}
        self.outcomes[run] = body
        return 200, {"state": "done", "due_in": None}

    def _drafts(self, body: Json) -> tuple[int, Json]:
        stale, resend = [], []
        for frame in body["frames"]:
            self._check("drafts", frame, example("drafts")["request"]["frames"][0])
            self.frames.append(frame)
            run, known = frame["run"], self.drafts.get(frame["run"], "")
            if frame["attempt"] != self.attempts.setdefault(run, frame["attempt"]) or run in self.outcomes or run in self.stopped:
                stale.append(run)
            elif frame["text"] and frame["offset"] not in (0, len(known)):
                resend.append(run)
            elif frame["text"]:
                self.drafts[run] = known[: frame["offset"]] + frame["text"]
        return 200, {"stale": stale, "resend": resend}

    def _beat(self, body: Json) -> tuple[int, Json]:
        self._check("heartbeats", body, example("heartbeats")["request"])
        self.beats.append(body)
        ended = self.outcomes.keys() | self.stopped
        held = [(one["run"], one["attempt"]) for one in body["runs"]]
        return 200, {"stale": [run for run, attempt in held if attempt != self.attempts.setdefault(run, attempt) or run in ended]}

    def _check(self, what: str, body: Json, wanted: Json) -> None:
        if body.keys() != wanted.keys():
            self.wrong.append(f"{what}: {sorted(body.keys() ^ wanted.keys())}")


class ChatServer(ThreadingHTTPServer):
    """The server. `url` is its CHAT_API, `room` what it was told."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 512

    def __init__(self, port: int = 0) -> None:
        """Listen on a port of this machine, by default any free one."""
        self.room = Room()
        super().__init__(("127.0.0.1", port), _Connection)

    @property
    def url(self) -> str:
        """The address for CHAT_API."""
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Bots that are killed break off; that is what this server is for."""


@contextmanager
def running(port: int = 0) -> Iterator[ChatServer]:
    """A server that runs while the block does."""
    server = ChatServer(port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ChatServer
    disable_nagle_algorithm = True
    # As uvicorn does: an idle connection is closed, and a bot server must not mind.
    timeout = 5

    def _do(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        room = self.server.room
        with room.changed:
            room.bodies.append(raw.decode())
            status, body = room.answer(self.command, self.path.removeprefix("/api/v1/"), json.loads(raw) if raw else {})
            room.changed.notify_all()
        said = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def do_GET(self) -> None:
        self._do()

    def do_PUT(self) -> None:
        self._do()

    def do_POST(self) -> None:
        self._do()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name is the standard library's)
        """Be quiet."""
