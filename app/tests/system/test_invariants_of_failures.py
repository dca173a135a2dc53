"""I9, I10: what fails says so in the room, in plain words and soon; what is broken takes nothing else with it."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.system.person import Json, Listener, Person
from tests.system.product import Product

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

# What the model does, and the reason code that the run ends with.
TEMPORARY = {"429": "model_rate_limited", "500": "model_failed", "cut": "stream_cut", "malformed": "stream_malformed"}
EMPTY_WORDS = re.compile(r"went wrong|traceback|exception|none|\{|\bnull\b|http:", re.IGNORECASE)
SOON = 5.0


def test_i9_f17_failures_of_a_model_are_told_within_5_s_and_in_plain_words(product: Product, ada_there: Person) -> None:
    """I9, F17: 429, 500, cut and malformed are tried again, and the room hears that; in the end it hears what it was, once."""
    with contextlib.ExitStack() as stack:
        ears = {behaviour: stack.enter_context(ada_there.listening(ada_there.room("parrot"))) for behaviour in TEMPORARY}
        for behaviour, ear in ears.items():
            ada_there.post(ear.room, f"@parrot [[behave:{behaviour}]]")
        known: dict[str, float] = {}

        def all_known() -> bool:
            for (room,) in product.sql("select distinct room_id::text from bots_run where reason <> ''"):
                known.setdefault(room, time.time())
            return all(ear.room in known for ear in ears.values())

        product.until(all_known, "each has failed once", 60)
        for behaviour, ear in ears.items():
            at, frame = ear.first(lambda frame: "Trying again in" in frame.get("activity", ""), f"{behaviour} is tried again", SOON)
            assert at - known[ear.room] < SOON
            assert not EMPTY_WORDS.search(frame["activity"]), frame["activity"]
        told = {behaviour: _told(ear, seconds=150) for behaviour, ear in ears.items()}
    assert {behaviour: message["metadata"]["reason"] for behaviour, message in told.items()} == TEMPORARY
    for ear in ears.values():
        (run,) = ada_there.ended(ear.room)
        assert (run["outcome"], run["tries"], len(ada_there.replies(ear.room))) == ("failed", 5, 1)


def test_i9_a_silent_model_and_a_used_up_quota_are_told_at_once(product: Product, ada_there: Person) -> None:
    """I9, F17: a model that says nothing, within its deadline; and what trying again cannot help is not tried again."""
    for bot, said, reason in (("thinker", "@thinker hello", "step_timeout"), ("parrot", "@parrot [[behave:quota]]", "quota_used_up")):
        room = ada_there.room(bot)
        with ada_there.listening(room) as ear:
            ada_there.post(room, said)
            assert _told(ear, seconds=30)["metadata"]["reason"] == reason
        (run,) = ada_there.ended(room)
        assert (run["outcome"], run["tries"], run["permanent"]) == ("failed", 1, True)


def test_retry_asks_again_what_has_failed(product: Product, ada_there: Person) -> None:
    room = ada_there.direct("parrot")
    ada_there.post(room, "[[behave:once-400]]")
    (failed,) = ada_there.ended(room)
    assert failed["outcome"] == "failed"
    with ada_there.signed_in() as browser:
        for _ in range(2):  # a double click
            answer = browser.post(f"/runs/{failed['id']}/retry/", data={"csrfmiddlewaretoken": browser.cookies["parley_csrf"]})
            assert answer.status_code == 302, answer.text
    assert [run["outcome"] for run in ada_there.ended(room, 2)] == ["failed", "replied"]
    assert [(message["kind"], message["body"]) for message in ada_there.replies(room)][1:] == [("text", "Hello there.")]


@pytest.fixture
def bot_file(product: Product) -> Iterator[Path]:
    path = product.config / "mender.yaml"
    yield path
    path.unlink()


def test_i10_a_bot_file_that_breaks_is_held_back_and_harms_nobody(product: Product, ada_there: Person, bot_file: Path) -> None:
    """I10: it names the place and the nearest word, the last good version goes on, and so do all others; mended, it is live again."""
    bot_file.write_text("name: mender\nsteps:\n  - Chat\n  - Reply\n")
    product.wait_for_bots("mender")
    room, other = ada_there.direct("mender"), ada_there.room("echo")
    bot_file.write_text("name: mender\nsteps:\n  - Chatt\n  - Reply\n")
    held = product.until(lambda: ada_there.ask("GET", "bots/mender")["held_back"], "it is held back", SOON)
    assert "mender.yaml:3" in held
    assert 'Did you mean "Chat"?' in held
    ada_there.post(room, "Are you there?")
    ada_there.post(other, "@echo and you?")
    assert [ada_there.ended(each)[0]["outcome"] for each in (room, other)] == ["replied", "replied"]
    bot_file.write_text("name: mender\npersona: {title: Mended}\nsteps:\n  - Chat\n  - Reply\n")
    product.until(lambda: ada_there.ask("GET", "bots/mender")["title"] == "Mended", "it is mended", SOON)
    mended = ada_there.ask("GET", "bots/mender")
    assert (mended["held_back"], mended["status"], mended["version"]) == ("", "on", 2)


def test_i10_a_step_that_raises_ends_its_own_run_alone(product: Product, ada_there: Person) -> None:
    """I10: the room hears which step it was, the trace has the detail, and the worker goes on."""
    worker, room, other = product.pid("worker"), ada_there.room("stumbler"), ada_there.room("echo")
    with ada_there.listening(room) as ear:
        ada_there.post(room, "@stumbler go on")
        ada_there.post(other, "@echo go on")
        message = _told(ear, seconds=30)
    assert (message["metadata"]["reason"], "Stumble" in message["body"]) == ("step_broke", True)
    (failed,), (replied,) = ada_there.ended(room), ada_there.ended(other)
    assert (failed["outcome"], replied["outcome"]) == ("failed", "replied")
    (step,) = ada_there.run(failed["id"])["steps"]
    assert (step["name"], step["state"], step["error"]["code"]) == ("Stumble", "failed", "step_broke")
    assert product.pid("worker") == worker
    assert product.running("worker")


def test_i10_the_longest_message_is_answered_whole(product: Product, ada_there: Person) -> None:
    """I10: what the bot adds makes its answer longer than a message may be; it comes as two."""
    room = ada_there.room("echo")
    ada_there.post(room, "@echo " + "歩" * 19_994)
    assert ada_there.http.post(f"rooms/{room}/messages", json={"body": "@echo " + "x" * 19_995}).status_code == 400
    (run,) = ada_there.ended(room)
    assert run["outcome"] == "replied", (run["reason"], run["explanation"])
    first, second = ada_there.replies(room)
    assert (first["body"] + second["body"]).count("歩") == 19_994


def _told(ear: Listener, seconds: float) -> Json:
    """The message of a failure, which comes within 5 s of it and says in words what it was."""
    at, frame = ear.first(lambda frame: (frame.get("message") or {}).get("kind") == "failure", "the failure is said", seconds)
    message: Json = frame["message"]
    ended = ear.person.run(message["metadata"]["run"])["ended_at"]
    assert at - datetime.fromisoformat(ended).timestamp() < SOON
    assert len(message["body"].split()) >= 5
    assert not EMPTY_WORDS.search(message["body"]), message["body"]
    return message
