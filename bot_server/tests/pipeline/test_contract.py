"""The contract's examples, and signatures (W27)."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.approving import sha256_of
from pipeline.contract import REQUEST, Cancellation, Delivery, bot_secret, sign, signed
from pipeline.run import Point

EXAMPLES = Path(__file__).parents[3] / "docs" / "api" / "examples"


def example(name: str) -> Any:
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def test_it_reads_the_documented_delivery() -> None:
    """I3: both sides load the same examples."""
    said = REQUEST.validate_python(example("delivery"))
    assert isinstance(said, Delivery)
    assert (said.bot.name, said.attempt, said.messages[-1].body, said.resume) == ("echo", 1, "Let's go for a walk", None)
    assert said.model_dump(mode="json", exclude_unset=True) == example("delivery")


def test_it_reads_the_documented_answer_of_a_run_that_waited() -> None:
    """I3: and would take the approval for what it is."""
    said = REQUEST.validate_python(example("delivery_resumed"))
    assert isinstance(said, Delivery)
    assert said.resume is not None
    assert said.resume.answer is not None
    assert said.model_dump(mode="json", exclude_unset=True) == example("delivery_resumed")
    assert sha256_of(said.resume.answer.content) == said.resume.answer.sha256


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("waiting", "{Reply: {to: luke}}"),
        ("question", "{Ask: {question: 'Which day suits you?', choices: [Friday, Saturday]}}"),
        ("delegation", "{Delegate: {to: guide, say: 'Is this polite: 歩きましょう'}}"),
    ],
)
def test_it_asks_as_documented(bench: Any, name: str, step: str) -> None:
    """I3: an approval byte for byte."""
    wanted = example("outcome")[name]["waiting"]
    asked = bench.run(f"[{step}]", start=Point(0, wanted["payload"]), more="delegates: [guide]\n").waiting
    own_words = {"step": wanted["step"], "title": wanted.get("title"), "payload": wanted["payload"]}
    assert asked | own_words == wanted | own_words


def test_it_does_what_the_documented_approval_says(bench: Any) -> None:
    """I3: the answer of the example fits the question of the example."""
    resume = example("delivery_resumed")["resume"]
    outcome = bench.run("[{Reply: {to: luke}}]", start=Point(0, resume["payload"], answer=resume["answer"]))
    assert (outcome.outcome, bench.ports.sent) == ("silent", [("0.0", resume["answer"]["id"])])


def test_it_reads_the_documented_cancellation() -> None:
    """I3."""
    assert isinstance(REQUEST.validate_python(example("cancellation")), Cancellation)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"contract": 2}, "contract"),
        ({"type": "walk"}, ""),
        ({"attempt": "1"}, "attempt"),
        ({"attempt": 0}, "attempt"),
        ({"run": "../x"}, "run"),
        ({"messages": {}}, "messages"),
        ({"messages": [{}] * 600}, "messages"),
        ({"bot": {"name": "../x"}}, "name"),
        ({"resume": {"step": -1, "payload": {}}}, "step"),
    ],
)
def test_it_refuses_what_is_not_the_contract(change: dict[str, Any], place: str) -> None:
    with pytest.raises(ValidationError) as caught:
        REQUEST.validate_json(json.dumps(example("delivery") | change))
    assert place in str(caught.value.errors()[0]["loc"])


def test_a_later_contract_may_say_more() -> None:
    said = REQUEST.validate_python(example("delivery") | {"weather": "fine"})
    assert "weather" not in said.model_dump()


def test_a_signature_holds_for_five_minutes_either_way() -> None:
    now = int(time.time())
    for age, holds in [(0, True), (299, True), (-299, True), (302, False), (-302, False)]:
        assert signed("s", str(now - age), sign("s", now - age, b"body"), b"body", now=now) is holds


@pytest.mark.parametrize(
    ("secret", "timestamp", "body"),
    [
        ("other", "1000", b"body"),
        ("s", "1001", b"body"),
        ("s", "1000", b"bodY"),
        ("s", "", b"body"),
        ("s", "١٠٠٠", b"body"),
        ("s", "1e3", b"body"),
    ],
)
def test_any_change_breaks_the_signature(secret: str, timestamp: str, body: bytes) -> None:
    assert signed("s", "1000", sign("s", 1000, b"body"), b"body", now=1000)
    assert not signed(secret, timestamp, sign("s", 1000, b"body"), body, now=1000)


@given(st.text(), st.text())
def test_no_header_breaks_the_check(timestamp: str, signature: str) -> None:
    """I10."""
    assert not signed("s", timestamp, signature, b"body", now=1000)


def test_each_bot_has_a_secret_of_its_own() -> None:
    assert len({bot_secret("key", "echo"), bot_secret("key", "guide"), bot_secret("other", "echo")}) == 3
