"""I1, I6, I7, I10: what others send to the bot server, and what nobody may ever read."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import threading
import time
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.system.conftest import CANARIES
from tests.system.person import Json, Person
from tests.system.product import PROCESSES, ROOT, Product

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

EXAMPLE = json.loads((ROOT / "docs" / "api" / "examples" / "delivery.json").read_text())
DEEP = b'{"contract": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"
ROOMS = "select room_id::text from chat_membership m join accounts_user u on u.id = m.user_id where username = 'ada'"
SAID = "Tell me every little thing you know"
NOISY = {b"X-Parley-Timestamp": b"\xb2", b"X-Parley-Signature": b"\xff"}
RUBBISH = [
    b"", b"\x00\xff\xfe", b"{", b"null", b"[]", b'"text"', b"NaN", b'{"contract": 1e999}', b'{"contract": 1, "type": "run"}', DEEP,
    json.dumps(EXAMPLE | {"attempt": -1}).encode(), json.dumps(EXAMPLE | {"run": "../../etc/passwd"}).encode(),
    json.dumps(EXAMPLE | {"messages": [None] * 1000}).encode(), json.dumps(EXAMPLE | {"run": "\ud800"}).encode(),
    json.dumps(EXAMPLE | {"bot": {"name": "guide", "version": 1}}).encode(), b"x" * (1024 * 1024 + 1),
]  # fmt: skip


class Forger:
    """Somebody who knows the key of the deployment, and sends deliveries by hand."""

    def __init__(self, product: Product) -> None:
        self.product = product

    def post(self, bot: str, body: bytes, *, key: str | None = None, signed_for: str | None = None, age: int = 0) -> httpx.Response:
        secret = hmac.new((key or self.product.environment["BOT_KEY"]).encode(), f"bot:{signed_for or bot}".encode(), hashlib.sha256)
        timestamp = str(int(time.time()) - age)
        signature = hmac.new(secret.hexdigest().encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        headers = {"X-Parley-Timestamp": timestamp, "X-Parley-Signature": f"sha256={signature}", "Content-Type": "application/json"}
        with httpx.Client(trust_env=False, timeout=20) as client:
            return client.post(f"{self.product.bot_url}/bots/{bot}", content=body, headers=headers)


@pytest.fixture
def forger(product: Product) -> Forger:
    return Forger(product)


def delivery(run: Json, attempt: int, **changes: Any) -> bytes:
    """The delivery of this run, as the relay may have sent it."""
    about = {"run": run["id"], "attempt": attempt, "bot": {"name": run["bot"]["username"], "version": run["version"]}}
    room = {"id": run["room"], "kind": "group", "name": "A room"}
    return json.dumps(EXAMPLE | about | {"room": room, "trigger": run["trigger"]} | changes).encode()


def test_i1_p7_f11_f18_deliveries_that_come_again_are_answered_once(product: Product, ada_there: Person, forger: Forger) -> None:
    """P7, P8, F11, F18: ten at once while the run is under way; then after it has ended, and after Redis has forgotten it."""
    room = ada_there.room("storyteller")
    with ada_there.listening(room) as ear:
        ada_there.post(room, "@storyteller go on")
        product.until(lambda: "word1 " in ear.text(), "it streams")
        run = ada_there.runs(room)[0]
        answers: list[httpx.Response] = []
        posts = [threading.Thread(target=lambda: answers.append(forger.post("storyteller", delivery(run, 1)))) for _ in range(10)]
        for post in posts:
            post.start()
        for post in posts:
            post.join(30)
    assert [(answer.status_code, answer.json()["duplicate"]) for answer in answers] == [(200, True)] * 10
    (ended,) = ada_there.ended(room)
    assert forger.post("storyteller", delivery(run, 1)).status_code == 200
    assert forger.post("storyteller", delivery(run, 1), age=301).status_code == 401
    stale = product.log("worker").count("attempt is stale")
    product.flush_redis()
    for attempt in (1, 2):
        assert forger.post("storyteller", delivery(run, attempt)).status_code == 202
    product.until(lambda: product.log("worker").count("attempt is stale") == stale + 2, "the worker was told that both are stale", 40)
    assert len(ada_there.replies(room)) == 1
    assert ada_there.runs(room) == [ended]


def test_i10_rubbish_is_answered_and_changes_nothing_at_the_bot_server(product: Product, ada_there: Person, forger: Forger) -> None:
    """I10: every door of the bot server, unsigned and signed, and what is not even HTTP."""
    bots, worker = product.pid("bots"), product.pid("worker")
    statuses = [forger.post("echo", body).status_code for body in RUBBISH]
    assert set(statuses) <= {413, 422}, statuses
    good = delivery({"id": "r-1", "bot": {"username": "echo"}, "version": 1, "room": "r", "trigger": ["m"]}, 1)
    assert forger.post("echo", good, key="another key").status_code == 401
    assert forger.post("echo", good, signed_for="guide").status_code == 401
    assert forger.post("no-such-bot", good).status_code == 404
    with httpx.Client(base_url=product.bot_url, trust_env=False, timeout=20) as stranger:
        for path in (
            "/",
            "/bots/echo",
            "/bots/%2e%2e%2fx",
            "/bots/" + "x" * 3000,
            "/docs",
            "/openapi.json",
            "/healthz",
            "/readyz",
            "/metrics",
        ):
            for method in ("POST", "PUT", "PATCH", "DELETE", "TRACE"):
                answer = stranger.request(method, path, content=DEEP, headers=NOISY)
                assert answer.status_code in (401, 404, 405), (method, path, answer.status_code)
        assert [stranger.get(path).status_code for path in ("/", "/bots/echo", "/docs", "/openapi.json")] == [404, 405, 404, 404]
    address = urlsplit(product.bot_url)
    for noise in (
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /bots/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{",
    ):
        with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=10) as line:
            line.sendall(noise)
    room = ada_there.room("echo")
    ada_there.post(room, "@echo still there?")
    assert ada_there.ended(room)[0]["outcome"] == "replied"
    assert (product.pid("bots"), product.running("bots"), product.pid("worker"), product.running("worker")) == (bots, True, worker, True)


def test_i6_i7_no_secret_is_anywhere_after_a_careless_bot(product: Product, ada_there: Person) -> None:
    """I7: a bot that puts every secret it finds into all that it can reach, and a model that fails. No log, no key of Redis, no row of
    the database, no answer of the API, no page and no prompt holds one. I6: what it may do is the operator's list, not its file."""
    room = ada_there.direct("tattler")
    ada_there.post(room, SAID)
    (run,) = ada_there.ended(room)
    assert run["outcome"] == "failed"
    assert "[secret]" in json.dumps(ada_there.messages(room)), "It did not tell anything; this test shows nothing."
    unpaid = ada_there.room("freeloader")
    ada_there.post(unpaid, "@freeloader spend")
    assert "ALLOW_SERVICES" in ada_there.replies(unpaid)[0]["body"]
    assert product.model_requests()["by_model"].get("freeloader", 0) == 0
    everything = _everything(product, ada_there)
    seen = {where for where, text in everything.items() if any(form in text for form in _forms(SAID))}
    assert {"the table chat_message", f"the room {room}", f"the page of {room}"} <= seen, (
        "What was said is not seen; nor would a secret be."
    )
    assert any(where.startswith("Redis") for where in seen), "What Celery was given is not seen; nor would a secret be."
    for where, text in everything.items():
        found = [name for name, secret in CANARIES.items() for form in _forms(secret) if form in text]
        assert not found, f"{', '.join(found)} in {where}"


def _everything(product: Product, ada: Person) -> dict[str, str]:
    """All that is written down or shown anywhere, by where it is."""
    found = {f"the log of {name}": product.log(name) for name in (*PROCESSES, "redis", "postgres")}
    # The append-only file has every command that Redis was given, also those of keys that are gone.
    for path in (product.home / "data" / "redis").rglob("*.aof*"):
        found[f"Redis's {path.name}"] = path.read_bytes().decode(errors="replace")
    for (table,) in product.sql("select table_name from information_schema.tables where table_schema = 'public'"):
        found[f"the table {table}"] = "\n".join(row for (row,) in product.sql(f'select t::text from "{table}" t'))  # noqa: S608 (the name is the database's own)
    for (room,) in product.sql(ROOMS):
        found[f"the room {room}"] = json.dumps([ada.messages(room), [ada.run(run["id"]) for run in ada.runs(room)]], ensure_ascii=False)
        with ada.signed_in() as browser:
            found[f"the page of {room}"] = browser.get(f"/rooms/{room}/").text
    found["the bots"] = json.dumps(ada.ask("GET", "bots"))
    found["the model's prompts"] = json.dumps(product.model_requests())
    found |= {f"{base}/metrics": product.get("/metrics", base)[1] for base in (product.url, product.bot_url)}
    assert all(found[f"the log of {name}"] for name in PROCESSES)
    assert any("aof" in where for where in found), "Redis keeps no file: what it was told is not seen."
    return found


def _forms(secret: str) -> list[str]:
    """The secret, and as it would stand within base64, which is how Celery packs its jobs."""
    packed = [base64.b64encode(b"\0" * shift + secret.encode()).decode()[4 if shift else 0 : -4] for shift in range(3)]
    return [secret, *packed]
