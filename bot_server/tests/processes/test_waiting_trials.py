"""A trial that asks goes on with the answer: behind what it was paid for, and for nobody but whom it asked."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import httpx
import pytest

from testing.chat_server import example

from .conftest import Rig
from .test_editing import ECHO, ask, trial

Json = dict[str, Any]

PAID = """\
name: paid
permissions: {services: true}
steps:
  - Chat: {module: OpenAIChat, model: hello}
  - Ask: {question: "How many, {username}?", kind: number, into: count}
  - Approve: {say: "May I say this?"}
  - Reply
"""
LETTER = "name: echo\nsteps:\n  - Chat\n  - Reply: {to: luke}\n"
CHOICE = "name: echo\nsteps:\n  - Ask: {question: 'Tea?', choices: ['yes', 'no'], into: draft.body}\n  - Reply\n"
COUNT = "  - Ask: {question: 'How many?', kind: number, into: count}\n  - Draft: {fallback: '{count} rooms'}\n"
NUMBER = f"name: echo\nsteps:\n{COUNT}  - Reply\n"
WORK = "name: echo\ndelegates: [paid]\nsteps:\n  - Delegate: {to: paid, say: 'Where? {message}', into: draft.body}\n  - Reply\n"


@pytest.fixture
def waiting(rig: Rig) -> Rig:
    """A manager with two bots, one of which may ask a model that costs."""
    rig.write("echo.yaml", ECHO)
    rig.write("paid.yaml", "name: paid\npermissions: {services: true}\nsteps: [{Chat: {module: OpenAIChat, model: hello}}, Reply]\n")
    rig.manager()
    assert rig.room.wait(lambda: {"echo", "paid"} <= rig.room.bots.keys())
    return rig


def answered(rig: Rig, yaml: str, state: str, value: str, *, name: str | None = "echo", by: str = "bea", **parts: str) -> httpx.Response:
    answer = {"state": state, "value": value, "parts": {number.strip("_"): text for number, text in parts.items()}}
    return ask(rig, "POST", "/trials", {"yaml": yaml, "name": name, "answer": answer, "asker": {"username": by}})


def go_on(rig: Rig, yaml: str, last: Json, value: str, *, name: str | None = "echo", **parts: str) -> Json:
    """The last line after an answer to the last line before."""
    answer = answered(rig, yaml, last["asks"]["state"], value, name=name, **parts)
    assert answer.status_code == 200, answer.text
    told: Json = json.loads(answer.text.splitlines()[-1])
    return told


def test_i2_it_goes_on_behind_what_was_paid_for(waiting: Rig) -> None:
    asked = trial(waiting, PAID, "book", name="paid")[-1]
    assert (asked["outcome"], asked["asks"]["text"], asked["asks"]["question"]) == ("waiting", "How many, bea?", "number")
    assert sum(one["tokens_out"] for one in asked["used"]) > 0
    shown = go_on(waiting, PAID, asked, "2,5", name="paid")
    assert (shown["asks"]["title"], shown["used"]) == ("May I say this?", [])
    assert json.loads(shown["asks"]["content"])["parts"][0]["text"].startswith("Hello")
    last = go_on(waiting, PAID, shown, "yes", name="paid", _0="Three rooms\r\nplease")
    assert (last["outcome"], last["replies"], last["asks"]) == ("replied", ["Three rooms\nplease"], None)
    assert [step["name"] for step in last["steps"]] == ["Approve", "Reply"]
    assert len(waiting.models.journal.requests) == 1


def test_w19_a_long_answer_is_not_told_anew_with_every_word(waiting: Rig) -> None:
    text = "name: paid\npermissions: {services: true}\nsteps: [{Chat: {module: OpenAIChat, model: tokens-1500-0, stream: true}}, Reply]\n"
    lines = trial(waiting, text, "tell", name="paid")
    told = [len(line["text"]) for line in lines if line.get("text")]
    assert len(lines[-1]["replies"][0]) >= max(told) > 3000
    assert sum(told) < 120 * max(told)


def test_a_no_ends_it_and_says_who_said_so(waiting: Rig) -> None:
    asked = trial(waiting, LETTER, "We fly on Friday")[-1]
    last = go_on(waiting, LETTER, asked, "no")
    assert (last["outcome"], last["replies"], last["sent"]) == ("cancelled", [], [])
    assert last["explanation"] == "Bea rejected “May I send this to luke for you?”."


def test_i5_what_would_be_sent_to_a_person_is_shown_and_goes_nowhere(waiting: Rig) -> None:
    asked = trial(waiting, LETTER, "We fly on Friday")[-1]
    assert [part["kind"] for part in json.loads(asked["asks"]["content"])["parts"]] == ["recipients", "text"]
    assert (asked["asks"]["effect"], asked["sent"]) == (False, [])
    last = go_on(waiting, LETTER, asked, "yes", _1="We fly on Sunday.")
    assert last["sent"] == [{"to": "luke", "text": "We fly on Sunday."}]
    assert not [request for request in waiting.room.requests if "sendings" in request or "replies" in request]


def test_w22_w24_work_for_another_bot_is_shown_and_done_by_whoever_tries(waiting: Rig) -> None:
    asked = trial(waiting, WORK, "we stay")[-1]
    assert {key: asked["asks"][key] for key in ("kind", "to", "body")} == {"kind": "delegation", "to": "paid", "body": "Where? we stay"}
    last = go_on(waiting, WORK, asked, "By the canal.")
    assert (last["outcome"], last["replies"]) == ("replied", ["By the canal."])
    assert waiting.models.journal.requests == []


def test_a_file_is_given_as_its_text_and_kept_while_it_waits_again(waiting: Rig) -> None:
    head = "from steps import Step\nclass ReadIt(Step):\n    def process(self, p):\n"
    waiting.write("read_it.py", head + "        p['reply'] = self.context.attachment(p['file']['id']).data.decode()\n        return p\n")
    asks = "  - Ask: {question: 'Which file?', kind: file, into: file}\n  - Ask: {question: 'Sure?', into: sure}\n"
    text = f"name: echo\nsteps:\n{asks}  - ReadIt\n"
    sure = go_on(waiting, text, trial(waiting, text, "hi")[-1], "three\nlines of it")
    assert sure["asks"]["text"] == "Sure?"
    assert go_on(waiting, text, sure, "I am")["replies"] == ["three\nlines of it"]


def test_a_reply_before_the_question_counts_after_it(waiting: Rig) -> None:
    text = "name: echo\nsteps:\n  - Draft: {fallback: First}\n  - Reply\n  - Ask: {question: 'When?', into: answer}\n"
    asked = trial(waiting, text, "hi")[-1]
    assert asked["replies"] == ["First"]
    last = go_on(waiting, text, asked, "today")
    assert (last["outcome"], last["replies"]) == ("replied", [])


def test_what_does_not_fit_is_refused_and_can_be_answered_anew(waiting: Rig) -> None:
    good = {NUMBER: "2,5", CHOICE: "no", WORK: "By the canal.", LETTER: "yes"}
    states = {yaml: trial(waiting, yaml, "hi")[-1]["asks"]["state"] for yaml in good}
    wrong: list[tuple[str, str, dict[str, str], str]] = [
        (NUMBER, "many", {}, "is a number"),
        (NUMBER, "nan", {}, "is a number"),
        (CHOICE, "perhaps", {}, "Choose one"),
        (WORK, " ", {}, "needed"),
        (LETTER, "of course", {}, "needed"),
        (LETTER, "yes", {"_0": "ada"}, "cannot be edited"),
    ]
    for yaml, value, parts, said in wrong:
        refused = answered(waiting, yaml, states[yaml], value, **parts)
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "answer_unfit"), value
        assert said in refused.json()["error"]["message"]
    for yaml, state in states.items():
        assert answered(waiting, yaml, state, good[yaml]).status_code == 200
    assert "2.5 rooms" in answered(waiting, NUMBER, states[NUMBER], "2,5").text


def test_w21_nobody_goes_on_with_what_they_were_not_asked(waiting: Rig) -> None:
    """Whoever tries carries the payload; they can read it, and make nothing of it."""
    state = trial(waiting, LETTER, "We fly on Friday")[-1]["asks"]["state"]
    packed, _, signature = state.partition(".")
    told = json.loads(zlib.decompress(base64.urlsafe_b64decode(packed)))
    told["told"]["payload"]["asker"]["username"] = "ada"
    forged = base64.urlsafe_b64encode(zlib.compress(json.dumps(told).encode())).decode()
    other = LETTER.replace("luke", "cyd")
    borrowed = trial(waiting, other, "hi")[-1]["asks"]["state"]
    fresh = LETTER.replace("name: echo", "name: fresh")
    for refused in (
        *(answered(waiting, LETTER, wrong, "yes") for wrong in (f"{forged}.{signature}", forged, f".{signature}", "", "é.é", borrowed)),
        answered(waiting, other, state, "yes"),
        answered(waiting, LETTER, state, "yes", by="ada"),
        answered(waiting, fresh, state, "yes", name=None),
    ):
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "not_asked"), refused.text
    assert answered(waiting, LETTER, state, "yes").status_code == 200


def test_i3_a_waiting_trial_speaks_as_documented(waiting: Rig) -> None:
    told = example("desk")["pause"]
    request = told["request"]
    first = {key: value for key, value in request.items() if key != "answer"} | {"messages": [{"by": "you", "text": "hi"}]}
    asked = json.loads(ask(waiting, "POST", "/trials", first).text.splitlines()[-1])
    state = asked["asks"].pop("state")
    assert asked == told["line"] | {"asks": {key: value for key, value in told["line"]["asks"].items() if key != "state"}}
    went_on = ask(waiting, "POST", "/trials", request | {"answer": request["answer"] | {"state": state}})
    approval = json.loads(went_on.text.splitlines()[-1])["asks"]
    assert approval | {"state": ""} == told["approval"] | {"state": ""}
    assert ask(waiting, "POST", "/trials", request).json() == told["refused"]
    assert trial(waiting, WORK, "hi")[-1]["asks"].keys() == told["delegation"].keys()
    both = request | {"messages": first["messages"]}
    assert ask(waiting, "POST", "/trials", both).status_code == 400
