"""C28: five steps that each cost money, failing in the fourth, retried from there. The scripted model server counts what is asked of it."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from tests.system.person import Json, Person
from tests.system.product import Product

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

BEFORE, FAILS, AFTER = ("tokens-2-1", "tokens-4-1", "tokens-6-1"), "once-401", "tokens-8-1"


class Paid:
    """How often each model was asked since this was made."""

    def __init__(self, product: Product) -> None:
        self._product = product
        self._before = self._now()

    def __call__(self) -> dict[str, int]:
        return dict(self._now() - self._before)

    def _now(self) -> Counter[str]:
        counted: Any = self._product.model_requests()["by_model"]
        return Counter({model: counted.get(model, 0) for model in (*BEFORE, FAILS, AFTER)})


def failed_run(ada: Person) -> tuple[str, Json]:
    room = ada.room("five-thoughts")
    # The first request with these very words fails; the same words again are answered.
    ada.post(room, f"@five-thoughts think of room {room}")
    (run,) = ada.ended(room)
    return room, run


def test_c28_a_run_that_failed_in_the_fourth_of_five_paid_steps_goes_on_without_paying_for_three_again(
    product: Product, ada_there: Person
) -> None:
    """C28, I2: with a real worker; the three answers are in the new run, marked as kept, and counted once."""
    paid = Paid(product)
    room, run = failed_run(ada_there)
    assert (run["outcome"], paid()) == ("failed", dict.fromkeys((*BEFORE, FAILS), 1))

    made = ada_there.ask("POST", f"runs/{run['id']}/retry", json={"step": 3, "key": "click"})
    twice = ada_there.ask("POST", f"runs/{run['id']}/retry", json={"step": 3, "key": "click"})
    _, retried = ada_there.ended(room, 2)

    assert made["id"] == twice["id"] == retried["id"]
    assert (retried["outcome"], retried["how"], retried["origin"]) == ("replied", "retried", run["id"])
    assert paid() == {**dict.fromkeys(BEFORE, 1), FAILS: 2, AFTER: 1}, "Something was paid for twice."
    assert len([reply for reply in ada_there.replies(room) if reply["kind"] == "text"]) == 1
    steps = ada_there.ask("GET", f"runs/{retried['id']}/export")["steps"]
    assert [(step["name"], step["carried"]) for step in steps] == [("Chat", True)] * 3 + [("Chat", False)] * 2 + [("Reply", False)]
    assert retried["usage"]["tokens_out"] == 3 + 8  # "hello" says three tokens, the last model eight


def test_c28_a_retry_survives_the_worker_that_dies_in_it(product: Product, ada_there: Person) -> None:
    """I1, I2, C28: whoever takes the retried run on begins where it was told to, and pays for what was not recorded only."""
    paid = Paid(product)
    room, run = failed_run(ada_there)
    product.terminate("worker")
    ada_there.ask("POST", f"runs/{run['id']}/retry", json={"step": 3})
    product.flush_redis()
    product.start("worker")
    _, retried = ada_there.ended(room, 2)

    assert retried["outcome"] == "replied"
    assert paid() == {**dict.fromkeys(BEFORE, 1), FAILS: 2, AFTER: 1}


def test_c26_a_person_supplies_what_the_fourth_step_should_have_said(product: Product, ada_there: Person) -> None:
    """C26: the run goes on with the fifth step and the person's words; the fourth model is not asked again."""
    paid = Paid(product)
    room, run = failed_run(ada_there)
    payload = ada_there.ask("GET", f"runs/{run['id']}/export")["steps"][3]["before"]
    payload["draft"] = {"body": "By hand."}
    text = json.dumps(payload)

    ada_there.ask("POST", f"runs/{run['id']}/takeover", json={"way": "output", "text": text, "key": "once"})
    _, made = ada_there.ended(room, 2)

    assert (made["outcome"], made["how"]) == ("replied", "taken_over")
    assert paid() == {**dict.fromkeys(BEFORE, 1), FAILS: 1, AFTER: 1}
    steps = ada_there.run(made["id"])["steps"]
    assert steps[3]["summary"] == "Ada supplied the output of this step."


def test_c28_a_replay_sends_the_model_what_it_was_sent_and_its_reply_stands_beside_the_old_one(product: Product, ada_there: Person) -> None:
    """C28: the same version, from the first input, whatever was said since."""
    room = ada_there.room("parrot")
    ada_there.post(room, "@parrot a garden room")
    (run,) = ada_there.ended(room)
    (old,) = ada_there.replies(room)
    ada_there.post(room, "I have changed my mind")

    ada_there.ask("POST", f"runs/{run['id']}/replay", json={"version": "same"})
    _, made = ada_there.ended(room, 2)

    assert (made["outcome"], made["version"]) == ("replied", run["version"])
    (new,) = ada_there.replies(room)
    assert (new["position"], new["body"], new["metadata"]["run"]) == (old["position"], old["body"], made["id"])
    first, second = (ada_there.run(each["id"])["steps"][0]["prompt"] for each in (run, made))
    assert first == second
