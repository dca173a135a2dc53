"""Runs that wait: for an approval, an answer, another bot. Pending never turns into yes (I5)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline.approving import canonical, sha256_of
from pipeline.run import Point
from pipeline.trace import Outcome
from testing.steps import payload_of

DRAFTED = "{Draft: {fallback: Dear Luke}}"
TEA = "[Draft, {Ask: {question: 'Tea?'}}, Reply]"
SEND = f"[{DRAFTED}, {{Reply: {{to: luke}}}}]"


def approval(outcome: Outcome, **texts: str) -> dict[str, Any]:
    """What the app tells after somebody approved what the outcome asked for, with other texts in the parts so named."""
    assert outcome.waiting is not None
    content = json.loads(outcome.waiting["content"])
    for part in content["parts"]:
        part["text"] = texts.get(part.get("name", ""), part["text"])
    decided = canonical(content)
    return {"kind": "approval", "id": "a1", "content": decided, "sha256": sha256_of(decided), "by": "bea"}


def resumed(outcome: Outcome, answer: dict[str, Any]) -> Point:
    assert outcome.waiting is not None
    return Point(outcome.waiting["step"], outcome.waiting["payload"], answer=answer)


def test_a_step_that_needs_an_approval_does_nothing_before_it(bench: Any) -> None:
    """I5, C37."""
    bench.step("buy", "p['bought'] = True\np['reply'] = 'bought'", head="effect = True")
    outcome = bench.run("[Draft, {Buy: {approve: {say: 'May I buy it?', by: [bea, luke], expires: 2h}}}, Reply]")
    assert (outcome.outcome, bench.ports.replies, [step["name"] for step in outcome.steps]) == ("waiting", [], ["Draft"])
    told = outcome.waiting
    assert {key: told[key] for key in ("kind", "step", "title", "by", "expires", "effect")} == {
        "kind": "approval", "step": 1, "title": "May I buy it?", "by": ["bea", "luke"], "expires": 7200, "effect": True,
    }  # fmt: skip
    assert "bought" not in told["payload"]
    assert told["sha256"] == sha256_of(told["content"])
    assert json.loads(told["content"])["action"] == "Buy"
    done = bench.run("[Draft, {Buy: {approve: true}}, Reply]", start=resumed(outcome, approval(outcome)))
    assert (done.outcome, bench.ports.replies[0][:2]) == ("replied", ("1.0", "bought"))
    assert bench.ports.recorded[0][0]["payload"]["approvals"] == [{"step": 1, "id": "a1", "by": "bea"}]


def test_asking_twice_asks_the_same(bench: Any) -> None:
    """A worker killed right after it asked: the next one asks once more, in the same bytes."""
    first, second = bench.run(SEND), bench.run(SEND)
    assert first.waiting["sha256"] == second.waiting["sha256"]
    assert (first.waiting["step"], second.waiting["step"]) == (1, 1)


def test_a_condition_that_does_not_hold_asks_nobody(bench: Any) -> None:
    assert bench.run("[Draft, {Reply: {approve: true, when: {asker.username: {equals: cyd}}}}]").outcome == "silent"


def test_a_reply_to_somebody_always_asks_who_asked_and_leaves_the_sending_to_the_app(bench: Any) -> None:
    """C37, W21: no text and no recipient goes along; the app reads both from what was approved."""
    outcome = bench.run(SEND)
    assert (outcome.waiting["by"], outcome.waiting["effect"]) == ("asker", True)
    assert outcome.waiting["title"] == "May I send this to luke for you?"
    assert json.loads(outcome.waiting["content"]) == {
        "action": "Reply",
        "parts": [
            {"kind": "recipients", "label": "To", "text": "luke"},
            {"editable": True, "kind": "text", "label": "Message", "name": "body", "text": "Dear Luke"},
        ],
    }
    done = bench.run(SEND, start=resumed(outcome, approval(outcome)))
    assert (done.outcome, bench.ports.sent, bench.ports.replies) == ("silent", [("1.0", "a1")], [])
    assert done.steps[0]["state"] == "done"


def test_nothing_to_send_asks_nobody(bench: Any) -> None:
    outcome = bench.run("[{Draft: {fallback: ' '}}, {Reply: {to: luke}}]")
    assert (outcome.outcome, bench.ports.sent) == ("silent", [])


def test_what_was_edited_before_it_was_approved_is_what_is_done(bench: Any) -> None:
    pipeline = f"[{DRAFTED}, {{Reply: {{approve: true}}}}]"
    outcome = bench.run(pipeline)
    bench.run(pipeline, start=resumed(outcome, approval(outcome, body="Dear Luke, or Ada")))
    assert [body for _, body, _ in bench.ports.replies] == ["Dear Luke, or Ada"]


def changed(answer: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return answer | fields


def rehashed(answer: dict[str, Any], change: Any) -> dict[str, Any]:
    content = json.loads(answer["content"])
    change(content)
    text = canonical(content)
    return answer | {"content": text, "sha256": sha256_of(text)}


FORGERIES = {
    "another hash": lambda one: changed(one, sha256="0" * 64),
    "no hash": lambda one: changed(one, sha256=""),
    "other bytes": lambda one: changed(one, content=one["content"].replace("Luke", "Cyd")),
    "another recipient": lambda one: rehashed(one, lambda content: content["parts"][0].update(text="cyd")),
    "another action": lambda one: rehashed(one, lambda content: content.update(action="Draft")),
    "a part less": lambda one: rehashed(one, lambda content: content["parts"].pop(0)),
    "a part more": lambda one: rehashed(one, lambda content: content["parts"].append(content["parts"][1])),
    "another label": lambda one: rehashed(one, lambda content: content["parts"][1].update(label="Harmless")),
    "another spelling": lambda one: changed(one, content=one["content"] + " ", sha256=sha256_of(one["content"] + " ")),
    "no JSON": lambda one: changed(one, content="{", sha256=sha256_of("{")),
    "a list": lambda one: changed(one, content="[]", sha256=sha256_of("[]")),
    "no words": lambda one: changed(one, content="", sha256=sha256_of("")),
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_an_approval_of_anything_else_does_nothing(bench: Any, forge: Any) -> None:
    """W23: exactly the approved bytes, or nothing."""
    outcome = bench.run(SEND)
    done = bench.run(SEND, start=resumed(outcome, forge(approval(outcome))))
    assert (done.outcome, done.reason, done.permanent, bench.ports.sent) == ("failed", "approval_unfit", True, [])


def test_an_approval_of_one_text_does_not_fit_another(bench: Any) -> None:
    """W23: the draft was changed after the card was made."""
    outcome = bench.run(SEND)
    point = resumed(outcome, approval(outcome))
    point.payload["draft"]["body"] = "Dear Luke, send money"
    other = bench.run(SEND, start=point)
    # What is approved outweighs the payload: it is the text that is shown, and the app sends what was shown.
    assert (other.outcome, other.steps[0]["payload"]["draft"]["body"]) == ("silent", "Dear Luke")


def test_a_step_whose_preview_changes_with_every_look_is_not_done(bench: Any) -> None:
    """W23."""
    bench.write(
        "dice.py",
        "from steps import Part, Step\n\nclass Dice(Step):\n    n = 0\n    def preview(self, payload):\n        type(self).n += 1\n"
        "        return [Part('text', 'Number', str(self.n))]\n    def process(self, payload):\n        payload['reply'] = 'done'\n"
        "        return payload\n",
    )
    outcome = bench.run("[{Dice: {approve: true}}]")
    done = bench.run("[{Dice: {approve: true}}]", start=resumed(outcome, approval(outcome)))
    assert (done.outcome, done.reason, bench.ports.replies) == ("failed", "approval_unfit", [])


@pytest.mark.parametrize(
    ("body", "code"), [("return 'x'", "preview_wrong"), ("return []", "preview_wrong"), ("raise KeyError('x')", "step_broke")]
)
def test_a_step_that_cannot_say_what_it_would_do_is_not_done(bench: Any, body: str, code: str) -> None:
    """I10."""
    head = f"def preview(self, payload):\n        {body}\n"
    bench.step("mute", "p['reply'] = 'done'", head=head)
    outcome = bench.run("[{Mute: {approve: true}}]")
    assert (outcome.outcome, outcome.reason, bench.ports.replies) == ("failed", code, [])


@pytest.mark.parametrize(
    "answer",
    [
        {"kind": "question", "id": "q", "value": "yes"},
        {"kind": "delegation", "id": "r", "outcome": "replied", "replies": ["yes"]},
        {"kind": "approval", "id": "a", "content": "{}", "sha256": sha256_of("{}")},
    ],
    ids=lambda answer: answer["kind"],
)
@pytest.mark.parametrize("steps", ["[Draft, Reply]", SEND, TEA], ids=["none", "approval", "question"])
def test_an_answer_to_something_else_does_nothing(bench: Any, steps: str, answer: dict[str, Any]) -> None:
    """W23: an answer counts for the step that asked, and for what it asked."""
    if answer["kind"] == "question" and "Ask" in steps:
        answer = answer | {"value": 3}
    payload = payload_of("hi", draft={"body": "hi", "metadata": {}})
    outcome = bench.run(steps, start=Point(1, payload, answer=answer))
    assert (outcome.outcome, bench.ports.sent, bench.ports.replies) == ("failed", [], [])
    assert outcome.reason in ("answer_unfit", "approval_unfit")


def test_a_question_waits_and_its_answer_goes_into_the_payload(bench: Any) -> None:
    steps = "[{Ask: {question: 'Tea or coffee, {username}?', choices: [tea, coffee], into: drink}}, {Draft: {fallback: x}}, Reply]"
    outcome = bench.run(steps)
    assert {key: outcome.waiting[key] for key in ("kind", "text", "question", "choices", "by", "expires")} == {
        "kind": "question", "text": "Tea or coffee, bea?", "question": "choice", "choices": ["tea", "coffee"], "by": "asker",
        "expires": 86400,
    }  # fmt: skip
    done = bench.run(steps, start=resumed(outcome, {"kind": "question", "id": "q", "value": "tea", "by": "bea"}))
    assert (done.outcome, done.steps[0]["changed"], done.steps[0]["summary"]) == ("replied", {"drink": "tea"}, "drink: tea")


def test_a_question_without_words_is_not_asked(bench: Any) -> None:
    outcome = bench.run("[{Ask: {question: '{draft}'}}]")
    assert (outcome.outcome, outcome.reason) == ("failed", "payload_wrong")


@pytest.mark.parametrize(
    ("settings", "value", "fits"),
    [
        ("choices: [tea, coffee]", "milk", False),
        ("choices: [tea, coffee]", "tea", True),
        ("kind: number", 2.5, True),
        ("kind: number", "2.5", False),
        ("kind: number", True, False),
        ("kind: text", 3, False),
        ("kind: text", "", True),
        ("kind: file", {"id": "f1", "name": "a.png"}, True),
        ("kind: file", None, False),
    ],
)
def test_an_answer_is_of_the_kind_that_was_asked_for(bench: Any, settings: str, value: Any, fits: bool) -> None:
    """I10."""
    steps = f"[{{Ask: {{question: 'What?', {settings}}}}}]"
    done = bench.run(steps, start=Point(0, payload_of("hi"), answer={"kind": "question", "id": "q", "value": value}))
    assert done.outcome == ("silent" if fits else "failed")
    assert done.reason == ("" if fits else "answer_unfit")


def test_work_is_handed_to_a_declared_bot_and_its_answer_comes_back(bench: Any) -> None:
    """C34."""
    steps = "[{Delegate: {to: critic, say: 'Check: {message}'}}, Reply]"
    more = "delegates: [critic]\n"
    outcome = bench.run(steps, "two and two is five", more=more)
    assert {key: outcome.waiting[key] for key in ("kind", "step", "to", "body")} == {
        "kind": "delegation", "step": 0, "to": "critic", "body": "Check: two and two is five",
    }  # fmt: skip
    answer = {"kind": "delegation", "id": "r", "outcome": "replied", "replies": ["It is four.", "Really."], "explanation": ""}
    done = bench.run(steps, start=resumed(outcome, answer), more=more)
    assert (done.outcome, bench.ports.replies[0][1]) == ("replied", "It is four.\n\nReally.")
    assert done.steps[0]["summary"] == "2 answers from critic"


def test_a_bot_that_fails_at_the_work_fails_the_run_in_its_words(bench: Any) -> None:
    answer = {"kind": "delegation", "id": "r", "outcome": "failed", "replies": [], "explanation": "The model is away."}
    more = "delegates: [critic]\n"
    done = bench.run("[{Delegate: {to: critic}}, Reply]", start=Point(0, payload_of("hi"), answer=answer), more=more)
    assert (done.outcome, done.reason) == ("failed", "delegate_failed")
    assert done.explanation == "critic could not do it. The model is away."


def test_a_step_may_ask_for_leave_first_and_hand_over_what_was_approved_then(bench: Any) -> None:
    steps, more = "[{Delegate: {to: critic, approve: true}}, Reply]", "delegates: [critic]\n"
    asked = bench.run(steps, "is it true?", more=more)
    assert (asked.waiting["kind"], json.loads(asked.waiting["content"])["parts"][1]["text"]) == ("approval", "is it true?")
    handed = bench.run(steps, start=resumed(asked, approval(asked, body="Is it really true?")), more=more)
    assert (handed.waiting["kind"], handed.waiting["body"]) == ("delegation", "Is it really true?")
    answer = {"kind": "delegation", "id": "r", "outcome": "replied", "replies": ["Yes."]}
    assert bench.run(steps, start=resumed(handed, answer), more=more).outcome == "replied"


def test_the_step_approve_shows_a_text_and_takes_it_back_edited(bench: Any) -> None:
    steps = f"[{DRAFTED}, {{Approve: {{say: 'Good so?', by: admins}}}}, Reply]"
    outcome = bench.run(steps)
    assert (outcome.waiting["title"], outcome.waiting["by"], outcome.waiting["effect"]) == ("Good so?", "admins", False)
    done = bench.run(steps, start=resumed(outcome, approval(outcome, shown="Dear Ada")))
    assert [body for _, body, _ in bench.ports.replies] == ["Dear Ada"]
    assert done.steps[0]["summary"] == "approved"


def test_the_step_approve_shows_other_values_as_they_are(bench: Any) -> None:
    bench.step("plan", "p['plan'] = {'day': 'Monday', 'people': 2}\np['title'] = 'A trip'")
    outcome = bench.run("[Plan, {Approve: {show: plan}}]")
    part = json.loads(outcome.waiting["content"])["parts"][0]
    assert (part["kind"], json.loads(part["text"]), part.get("editable")) == ("code", {"day": "Monday", "people": 2}, None)
    outcome = bench.run("[Plan, {Approve: {show: title}}]")
    done = bench.run("[Plan, {Approve: {show: title}}]", start=resumed(outcome, approval(outcome, shown="A journey")))
    assert done.steps[0]["changed"]["title"] == "A journey"


def test_a_custom_step_says_itself_what_it_will_do(bench: Any) -> None:
    bench.write(
        "mail.py",
        "from steps import Part, Step\n\nclass Mail(Step):\n    effect = True\n"
        "    def preview(self, payload):\n        return [Part('recipients', 'To', self.config['to']),\n"
        "                Part('text', 'Text', payload['text'], name='text', editable=True)]\n"
        "    def edited(self, payload, texts):\n        payload['text'] = texts.get('text', payload['text'])\n        return payload\n"
        "    def process(self, payload):\n        payload['reply'] = f\"mailed {payload['text']} to {self.config['to']}\"\n"
        "        return payload\n",
    )
    steps = "[{Mail: {to: stay@example.com, approve: true}}]"
    outcome = bench.run(steps, start=Point(0, payload_of("x", text="two nights")))
    bench.run(steps, start=resumed(outcome, approval(outcome, text="three nights")))
    assert [body for _, body, _ in bench.ports.replies] == ["mailed three nights to stay@example.com"]


BUY = "from pathlib import Path\nwith Path(__file__).with_name('bought').open('a') as file: file.write('x')"


def test_one_yes_is_one_deed_though_a_worker_died_over_it(bench: Any) -> None:
    """I5, W23: nobody knows how far it came, so it is not begun again."""
    bench.step("buy", BUY, head="effect = True")
    point = resumed(outcome := bench.run("[{Buy: {approve: true}}]"), approval(outcome))
    bench.ports.begin("a1")  # by a worker that died
    done = bench.run("[{Buy: {approve: true}}]", start=point)
    assert (done.outcome, done.reason, done.permanent) == ("failed", "maybe_done", True)
    assert not (bench.folder / "bought").exists()


def test_a_deed_that_failed_may_be_tried_again(bench: Any) -> None:
    code = "from errors import StepError\nraise StepError('busy', permanent=False)"
    bench.step("buy", code, head="effect = True")
    point = resumed(outcome := bench.run("[{Buy: {approve: true}}]"), approval(outcome))
    assert bench.run("[{Buy: {approve: true}}]", start=point).permanent is False
    bench.step("buy", BUY, head="effect = True")
    assert bench.run("[{Buy: {approve: true}}]", start=point).outcome == "silent"
    assert bench.run("[{Buy: {approve: true}}]", start=point).reason == "maybe_done"
    assert (bench.folder / "bought").read_text() == "x"


def test_a_deed_that_may_be_done_twice_is(bench: Any) -> None:
    """A reply to somebody: the app sends it once, however often it is asked."""
    point = resumed(outcome := bench.run(SEND), approval(outcome))
    for _ in range(2):
        assert bench.run(SEND, start=point).outcome == "silent"
    assert bench.ports.sent == [("1.0", "a1")] * 2


def test_what_people_are_shown_holds_no_secret(bench: Any) -> None:
    """I7."""
    from pipeline.payload import Secrets

    key = "canary-" + "0123456789abcdef"
    outcome = bench.run(f"[{{Draft: {{fallback: 'key {key}'}}}}, {{Reply: {{to: luke}}}}]", secrets=Secrets([key]))
    assert key not in str(outcome.waiting)
    assert "key [secret]" in outcome.waiting["content"]
