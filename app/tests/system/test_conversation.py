"""A conversation with bots through the whole product: over HTTP and a socket, with a worker, a relay and a scripted model server."""

from __future__ import annotations

import itertools
from datetime import datetime

import pytest

from tests.system.person import Person
from tests.system.product import Product

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

# The machine of a test is busy with other tests: what takes a second there may take a little more here.
SLACK = 1.0
WORDS = " ".join(f"word{number}" for number in range(60))


def test_echo_answers_once_and_its_run_tells_how(product: Product, bea_there: Person) -> None:
    room = bea_there.direct("echo")
    with bea_there.listening(room) as ear:
        asked = bea_there.post(room, "Let's go for a walk")
        ended = ear.first(lambda frame: frame.get("kind") == "run.ended", "the run ended")[1]
        posted = [event["message"] for event in ear.events("message.posted")]
    assert ended["data"]["outcome"] == "replied"
    reply = posted[-1]
    assert [message["id"] for message in posted] == [asked["id"], reply["id"]]
    assert reply["author"]["username"] == "echo"
    assert "Let's go for a walk" in reply["body"]
    run = bea_there.run(ended["data"]["run"])
    assert reply["metadata"]["run"] == run["id"]
    assert (run["state"], run["outcome"], run["attempt"], run["tries"], run["trigger"]) == ("done", "replied", 1, 1, [asked["id"]])
    assert [(step["index"], step["name"], step["state"]) for step in run["steps"]] == [(0, "Chat", "done"), (1, "Reply", "done")]
    assert [message["id"] for message in bea_there.messages(room)] == [asked["id"], reply["id"]]


def test_p6_a_streamed_answer_grows_and_is_stored_once_with_its_tokens(product: Product, ada_there: Person) -> None:
    room = ada_there.direct("storyteller")
    with ada_there.listening(room) as ear:
        ada_there.post(room, "Tell me a story")
        ear.first(lambda frame: frame.get("kind") == "run.ended", "the run ended")
        ear.first(lambda frame: frame["type"] == "draft.end", "the draft is taken away")
        drafts, posted = ear.drafts(), ear.events("message.posted")
    assert drafts[0]["activity"] == "thinking with tokens-60-25"
    with_text = [frame for frame in drafts if frame["text"]]
    assert len(with_text) >= 10, "It did not stream: it came in lumps."
    ends = itertools.accumulate(len(frame["text"]) for frame in with_text)
    assert [frame["offset"] for frame in with_text] == [0, *ends][:-1]
    written = "".join(frame["text"] for frame in with_text)
    assert WORDS.startswith(written.strip())
    assert [event["message"]["body"].strip() for event in posted[1:]] == [WORDS]
    (run,) = ada_there.ended(room)
    assert run["outcome"] == "replied"
    assert (run["usage"]["tokens_in"], run["usage"]["tokens_out"], run["usage"]["estimated"]) == (7, 60, False)
    first_word, end = (datetime.fromisoformat(run[moment]) for moment in ("first_word_at", "ended_at"))
    assert (end - first_word).total_seconds() > 0.5, "Its first word is that of the draft, not of the reply."
    step = ada_there.run(run["id"])["steps"][0]
    assert (step["usage"]["module"], step["usage"]["tokens_out"]) == ("OpenAIChat", 60)
    assert step["prompt"][-1]["content"] == "Tell me a story"


def test_p6_whoever_comes_in_the_middle_sees_the_text_so_far(product: Product, ada_there: Person, bea_there: Person) -> None:
    room = ada_there.room("novelist")
    with ada_there.listening(room) as first:
        ada_there.post(room, "@novelist write")
        product.until(lambda: "word9 " in first.text(), "ten words are there")
        with bea_there.listening(room) as second:
            (draft,) = second.first(lambda frame: frame["type"] == "opened", "the room is open")[1]["drafts"]
            assert draft["offset"] == 0
            assert draft["text"].startswith("word0 word1 word2 ")
            product.until(lambda: second.text().count(" ") > 40, "the text goes on")
            assert second.text().split()[:40] == [f"word{number}" for number in range(40)]
        ada_there.cancel(ada_there.runs(room)[0]["id"])


def test_i4_ten_messages_meanwhile_become_one_next_run_over_the_newest_context(product: Product, ada_there: Person) -> None:
    room = ada_there.direct("two-thoughts")
    with ada_there.listening(room) as ear:
        first = ada_there.post(room, "Begin")
        ear.first(lambda frame: frame["type"] == "draft" and frame["text"], "it writes")
        more = [ada_there.post(room, f"And this: {number}") for number in range(10)]
    one, two = ada_there.ended(room, 2)
    assert (one["outcome"], one["trigger"]) == ("replied", [first["id"]])
    assert (two["outcome"], two["trigger"]) == ("replied", [message["id"] for message in more])
    said = [turn["content"] for turn in ada_there.run(two["id"])["steps"][0]["prompt"]]
    assert said[0] == "Begin"
    assert all(any(f"And this: {number}" in turn for turn in said) for number in range(10))
    assert len(ada_there.replies(room)) == 2


def test_i4_rooms_go_side_by_side_and_askers_one_after_the_other(product: Product, ada_there: Person, bea_there: Person) -> None:
    room, other = ada_there.room("novelist", "storyteller"), ada_there.room("novelist")
    with ada_there.listening(room) as here, ada_there.listening(other) as there:
        ada_there.post(room, "@novelist one")
        ada_there.post(other, "@novelist two")
        product.until(lambda: "word3 " in here.text() and "word3 " in there.text(), "both rooms are answered at the same time")
        bea_there.post(room, "@novelist three")
        bea_there.post(room, "@novelist four")
        ada_there.post(room, "@storyteller five")
        product.until(lambda: any(run["outcome"] == "replied" for run in ada_there.runs(room)), "another bot is not held up", 60)
        by_asker = {run["asker"]["username"]: run for run in ada_there.runs(room) if run["bot"]["username"] == "novelist"}
        assert (by_asker["ada"]["state"], by_asker["bea"]["state"], len(by_asker["bea"]["trigger"])) == ("active", "pending", 2)
        ada_there.cancel(by_asker["ada"]["id"])
        product.until(lambda: bea_there.run(by_asker["bea"]["id"])["state"] == "active", "Bea's turn has come")
        bea_there.cancel(by_asker["bea"]["id"])
        for run in ada_there.runs(other):
            ada_there.cancel(run["id"])
    assert len(ada_there.ended(room, 3)) == 3


def test_stop_ends_a_run_within_a_second_and_closes_the_model_connection(product: Product, ada_there: Person, bea_there: Person) -> None:
    room = ada_there.room("novelist")
    closed = _closed(product, "tokens-400-50")
    with ada_there.listening(room) as ear:
        ada_there.post(room, "@novelist write")
        run = ear.first(lambda frame: frame["type"] == "draft" and "word" in frame["text"], "it writes")[1]["run"]
        ada_there.post(room, "@novelist and then this")
        pending = ada_there.runs(room)[1]
        assert ada_there.cancel(pending["id"])["outcome"] == "cancelled"
        assert bea_there.http.post(f"runs/{run}/cancellation").status_code == 403, "Bea has not asked, and owns no bot."
        stopped = ada_there.cancel(run)
        assert (stopped["state"], stopped["outcome"], stopped["reason"]) == ("done", "cancelled", "stopped")
        product.until(lambda: _closed(product, "tokens-400-50") == closed + 1, "the model's connection is closed", 1 + SLACK)
        ear.first(lambda frame: frame["type"] == "draft.end" and frame["run"] == run, "the draft is taken away")
        assert ada_there.cancel(run)["ended_at"] == stopped["ended_at"], "Stopping twice changed something."
        # What comes after it proves that the bot is free, and that nothing of the stopped run comes late.
        ada_there.post(room, "@novelist again")
        ear.first(lambda frame: frame["type"] == "draft" and frame["run"] != run and frame["text"], "the next run writes")
        ada_there.cancel(ada_there.runs(room)[-1]["id"])
    assert [run["outcome"] for run in ada_there.ended(room, 3)] == ["cancelled"] * 3
    assert ada_there.replies(room) == []
    assert ada_there.run(pending["id"])["attempt"] == 0


def _closed(product: Product, behaviour: str) -> int:
    return int(product.model_requests()["closed"].get(behaviour, 0))
