"""C26: answers made again and questions put in other words, with the bots, the relay and a worker that is killed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.system.person import Person
from tests.system.product import Product

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]
SLACK = 4.0


@pytest.fixture
def ada(ada_there: Person) -> Iterator[Person]:
    """Ada, who leaves nothing running."""
    yield ada_there
    for room in ada_there.ask("GET", "rooms")["rooms"]:
        for run in ada_there.runs(room["id"]):
            if run["state"] != "done":
                ada_there.cancel(run["id"])


def test_c26_other_words_stop_the_answer_to_the_old_ones_and_close_the_connection(product: Product, ada: Person) -> None:
    room = ada.direct("novelist")
    before = len(ada.runs(room))
    closed = product.model_requests()["closed"].get("tokens-400-50", 0)
    with ada.listening(room) as ear:
        question = ada.post(room, "Write about cats")
        ear.first(lambda frame: frame["type"] == "draft" and "word" in frame["text"], "it writes")
        old = ada.runs(room)[before]

        other = ada.ask("POST", f"messages/{question['id']}/resubmission", json={"body": "Write about dogs", "client_id": f"{room}-dogs"})

        assert (other["alternative"], other["alternatives"]) == (2, 2)
        ear.first(lambda frame: frame["type"] == "draft" and frame["run"] != old["id"] and frame["text"], "the other words are answered")
        product.until(
            lambda: product.model_requests()["closed"].get("tokens-400-50", 0) > closed, "the model's connection is closed", 1 + SLACK
        )
        stopped, new = ada.runs(room)[before:]
        assert (stopped["id"], stopped["outcome"], stopped["reason"]) == (old["id"], "cancelled", "resubmitted")
        ada.cancel(new["id"])
        # The trace of what was stopped comes with its end.
        steps = product.until(lambda: ada.run(new["id"])["steps"], "the trace is there")
        assert [turn["content"] for turn in steps[0]["prompt"]][-1] == "Write about dogs"
        assert not any("cats" in turn["content"] for turn in steps[0]["prompt"])


def test_p8_a_worker_that_is_killed_while_it_answers_again_leaves_one_more_version(product: Product, ada: Person) -> None:
    room = ada.room("storyteller")
    ada.post(room, "@storyteller tell")
    ada.ended(room)
    (reply,) = ada.replies(room)
    ada.post(room, "And what came later?")

    with ada.listening(room) as ear:
        run = ada.ask("POST", f"messages/{reply['id']}/regeneration")
        assert ada.ask("POST", f"messages/{reply['id']}/regeneration")["id"] == run["id"]
        ear.first(lambda frame: frame["type"] == "draft" and frame["run"] == run["id"] and "word" in frame["text"], "it writes")
        product.kill("worker")
        product.start("worker")
        (again,) = [each for each in ada.ended(room, 2) if each["id"] == run["id"]]

    assert (again["how"], again["origin"], again["outcome"], again["attempt"]) == ("regenerated", reply["metadata"]["run"], "replied", 2)
    versions = ada.ask("GET", f"messages/{reply['id']}/alternatives")["alternatives"]
    assert [(each["metadata"]["run"], each["hidden"]) for each in versions] == [(reply["metadata"]["run"], True), (run["id"], False)]
    assert [message["id"] for message in ada.messages(room)][1] == versions[1]["id"]
    assert [message["body"] for message in ada.messages(room)][-1] == "And what came later?"
