"""The bot in docs/api/another-language.md, taken out of the page and run: the real app, the real relay, a real Node.

P7 (a delivery is accepted once), P8 (a reply is posted once), I3 (a bot in any language can speak the contract).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from accounts.models import ApiToken, User
from bots.deliveries import delivery_of
from bots.models import Bot, Run
from bots.relay import Relay
from bots.signing import signed
from chat.models import Message, Room
from embedded import free_port

PAGE = Path(__file__).parents[1] / "api" / "another-language.md"
SECRET = "only-for-tests-" + "s" * 32


@dataclass
class NodeBot:
    """The listing, running."""

    url: str
    process: subprocess.Popen[bytes]

    def deliver(self, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        request = urllib.request.Request(self.url, body, headers | {"Content-Type": "application/json"})  # noqa: S310
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


@pytest.fixture
def bea(transactional_db: None) -> User:
    return User.objects.create_user("bea", "bea@example.com", None, name="Bea")


@pytest.fixture
def node_bot(live_server: LiveServer, settings: Any, tmp_path: Path) -> Iterator[NodeBot]:
    """The listing of the page, registered by Ada's token."""
    ada = User.objects.create_superuser("ada", "ada@example.com", None, name="Ada")
    token = ApiToken.objects.make(ada, "node", ["bots"])[1]
    port = free_port()
    settings.BOT_ENDPOINTS = [f"127.0.0.1:{port}"]
    listing = tmp_path / "node-echo.mjs"
    listing.write_text(_listing())
    environment = {"PATH": os.environ["PATH"], "PARLEY": live_server.url, "TOKEN": token, "SECRET": SECRET, "PORT": str(port)}
    with (tmp_path / "node.log").open("wb") as log:
        process = subprocess.Popen([_node(), str(listing)], env=environment, stdout=log, stderr=log)
    try:
        _until(lambda: Bot.objects.filter(user__username="node-echo").exists(), "the bot registers itself", process, tmp_path / "node.log")
        yield NodeBot(f"http://127.0.0.1:{port}/", process)
    finally:
        process.kill()
        process.wait(10)


@pytest.fixture
def relay(node_bot: NodeBot) -> Iterator[Relay]:
    relay = Relay()
    yield relay
    relay.stop()
    relay.run()  # told to stop already: it finishes what is in hand and lets go of its threads


@pytest.fixture
def room(bea: User, node_bot: NodeBot) -> Room:
    return Room.direct(bea, User.objects.get(username="node-echo"))


def test_it_answers_what_a_person_writes(room: Room, bea: User, relay: Relay) -> None:
    """I3: the listing speaks the contract; the app and the relay are the real ones."""
    run = _asked(room, bea, "Let's go for a walk", relay)
    assert (run.outcome, run.tries, run.attempt) == ("replied", 1, 1)
    assert _said(room) == ["Let's go for a walk", "You said: Let's go for a walk"]


def test_it_drops_a_delivery_that_comes_twice(room: Room, bea: User, relay: Relay, node_bot: NodeBot) -> None:
    """P7, P8: the same run and attempt again is a duplicate, and the room reads one reply."""
    run = _asked(room, bea, "Once", relay)
    body = json.dumps(delivery_of(run)).encode()
    status, answer = node_bot.deliver(body, signed(SECRET, body))
    assert (status, json.loads(answer)) == (200, {"accepted": False, "duplicate": True})
    assert _said(room) == ["Once", "You said: Once"]


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(lambda body: signed("another secret", body), id="another secret"),
        pytest.param(lambda body: signed(SECRET, body + b" "), id="another body"),
        pytest.param(lambda body: signed(SECRET, body, now=time.time() - 310), id="too old"),
        pytest.param(lambda body: signed(SECRET, body, now=time.time() + 310), id="from the future"),
        pytest.param(lambda body: signed(SECRET, body) | {"X-Parley-Signature": "sha256="}, id="cut off"),
        pytest.param(lambda body: {}, id="unsigned"),
    ],
)
def test_it_refuses_what_we_did_not_sign(
    headers: Callable[[bytes], dict[str, str]], room: Room, bea: User, node_bot: NodeBot, relay: Relay
) -> None:
    run = _asked(room, bea, "Really me", relay)
    forged = delivery_of(run)
    assert forged is not None
    forged["attempt"] = run.attempt + 1  # it has not seen this one, so nothing but the signature stands in its way
    body = json.dumps(forged).encode()
    assert node_bot.deliver(body, headers(body))[0] == 401
    assert _said(room) == ["Really me", "You said: Really me"]


def _asked(room: Room, by: User, body: str, relay: Relay) -> Run:
    """The run of a message, carried out."""
    room.post(by, body)
    run = Run.objects.get(room=room)

    def is_over() -> bool:
        relay.turn()
        run.refresh_from_db()
        return run.state == "done"

    _until(is_over, "the run ends")
    return run


def _said(room: Room) -> list[str]:
    return list(Message.objects.filter(room=room).order_by("position").values_list("body", flat=True))


def _listing() -> str:
    found = re.search(r"```js file=node-echo\.mjs\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found, "the page shows no listing"
    return found[1]


def _node() -> str:
    node = shutil.which("node", path=os.pathsep.join([os.environ["PATH"], str(Path(sys.executable).parent)]))
    assert node, "Node is missing: ./go test installs it"
    return node


def _until(
    condition: Callable[[], bool], what: str, process: subprocess.Popen[bytes] | None = None, log: Path | None = None, seconds: float = 20
) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        said = log.read_text() if log else ""
        assert process is None or process.poll() is None, f"it ended before: {what}.\n{said}"
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}.\n{said}"
        time.sleep(0.02)
