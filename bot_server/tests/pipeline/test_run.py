"""One run, from payload to outcome."""

from __future__ import annotations

import threading
import time
from typing import Any, get_args

import pytest

from errors import BotServerError, StaleAttempt, Unreachable
from pipeline.control import Control, Reason
from pipeline.payload import Secrets
from pipeline.run import Point
from testing.steps import payload_of

CANARY = "canary-" + "0123456789abcdef"
LEAKS = """\
self.context.activity(self.KEY)
self.context.draft('key ' + self.KEY)
self.context.record(prompt=[{'role': 'user', 'content': self.KEY}])
self.note = self.KEY
p['key'] = {'deep': [self.KEY]}
p['reply'] = self.KEY
"""


def test_an_echo_run_replies_once_with_its_trace(bench: Any) -> None:
    outcome = bench.run("[Chat, Reply]", "good morning")
    assert outcome.outcome == "replied"
    assert [(key, "good morning" in body) for key, body, _ in bench.ports.replies] == [("1.0", True)]
    assert [(step["index"], step["name"], step["state"]) for step in outcome.steps] == [(0, "Chat", "done"), (1, "Reply", "done")]
    assert outcome.steps[0]["changed"].keys() == {"draft"}
    assert outcome.steps[1]["changed"] == {}
    assert all(step["ms"] >= 0 and step["started_ms"] >= 0 for step in outcome.steps)


def test_the_reply_is_taken_out_of_the_payload(bench: Any) -> None:
    bench.step("look", "assert 'reply' not in p\np['seen'] = True")
    outcome = bench.run("[Chat, Reply, Look]")
    assert outcome.outcome == "replied"
    assert outcome.steps[2]["changed"] == {"seen": True}


def test_a_run_may_reply_several_times(bench: Any) -> None:
    bench.step("two", "p['reply'] = ['one', {'body': 'two', 'metadata': {'n': 2}}, '  ']")
    bench.step("three", "p['reply'] = 'three'")
    assert bench.run("[Two, Three]").outcome == "replied"
    assert bench.ports.replies == [("0.0", "one", {}), ("0.1", "two", {"n": 2}), ("1.0", "three", {})]


def test_a_run_without_a_reply_is_silent(bench: Any) -> None:
    bench.step("quiet", "pass")
    outcome = bench.run("[Quiet]")
    assert (outcome.outcome, bench.ports.replies) == ("silent", [])


def test_every_step_gets_a_copy_of_its_own(bench: Any) -> None:
    bench.step("keeper", "type(self).held = p\np['x'] = [1]")
    bench.step("spoiler", "from_before = p['x']\nfrom_before.append(2)")
    outcome = bench.run("[Keeper, Spoiler]")
    assert outcome.steps[0]["changed"] == {"x": [1]}
    assert outcome.steps[1]["changed"] == {"x": [1, 2]}
    assert bench.ports.points[0].payload["x"] == [1]


def test_a_key_that_a_step_took_out_is_null_in_its_trace(bench: Any) -> None:
    bench.step("forget", "del p['messages']")
    assert bench.run("[Forget]").steps[0]["changed"] == {"messages": None}


def test_async_steps_are_awaited(bench: Any) -> None:
    bench.step("slow", "import asyncio\nawait asyncio.sleep(0)\np['reply'] = 'async'", method="async def process(self, p)")
    assert bench.run("[Slow]").outcome == "replied"


def test_a_step_whose_condition_does_not_hold_is_passed_over(bench: Any) -> None:
    outcome = bench.run("[Chat, {Reply: {when: {draft.body: {contains: nothing like it}}}}]")
    assert outcome.outcome == "silent"
    assert outcome.steps[1]["summary"] == "not needed: draft.body contains nothing like it"


@pytest.mark.parametrize(
    ("body", "code", "says"),
    [
        ("raise KeyError('x')", "step_broke", "KeyError"),
        ("return None", "payload_wrong", "returned nothing"),
        ("return [p]", "payload_wrong", "type list"),
        ("p['x'] = {1, 2}", "payload_wrong", "not JSON"),
        ("p['x'] = float('nan')", "payload_wrong", "not JSON"),
        ("p['x'] = p", "payload_wrong", ""),
        ("p['x'] = 'y' * 300_000", "payload_too_big", "256 KB"),
        ("p['reply'] = 3", "reply_wrong", "neither text nor a map"),
        ("p['reply'] = {'text': 'x'}", "reply_wrong", "neither text nor a map"),
        ("p['reply'] = {'body': 'x', 'metadata': 3}", "reply_wrong", "neither text nor a map"),
        ("raise SystemExit", "step_broke", "SystemExit"),
    ],
)
def test_a_step_that_goes_wrong_fails_its_run_with_a_reason(bench: Any, body: str, code: str, says: str) -> None:
    """I9, I10."""
    bench.step("bad", body)
    outcome = bench.run("[Draft, Bad, Reply]")
    assert (outcome.outcome, outcome.reason, outcome.permanent) == ("failed", code, True)
    assert says in outcome.explanation
    assert [(step["name"], step["state"]) for step in outcome.steps] == [("Draft", "done"), ("Bad", "failed")]
    assert outcome.steps[1]["error"]["code"] == code


def test_the_explanation_of_a_broken_step_holds_no_words_of_its_own(bench: Any) -> None:
    """I7: an exception may quote anything."""
    bench.step("bad", "raise RuntimeError('/home/ada/private')")
    assert "/home/ada" not in str(bench.run("[Bad]"))


def test_what_may_work_next_time_is_tried_again(bench: Any) -> None:
    code = (
        "from errors import StepError\ncls = type(self)\ncls.n = getattr(cls, 'n', 0) + 1\n"
        "if cls.n < 3: raise StepError('not yet', permanent=False)\np['reply'] = str(cls.n)"
    )
    bench.step("flaky", code)
    assert bench.run("[{Flaky: {retries: 1}}]").outcome == "failed"
    bench.step("flaky", code + "\n")
    outcome = bench.run("[{Flaky: {retries: 2}}]")
    assert (outcome.outcome, bench.ports.replies[0][1]) == ("replied", "3")


def test_a_failure_that_waits_is_the_apps_to_repeat(bench: Any) -> None:
    bench.step(
        "limited", "from errors import StepError\nraise StepError('busy', code='model_rate_limited', permanent=False, retry_after=120)"
    )
    outcome = bench.run("[{Limited: {retries: 5}}]")
    assert (outcome.outcome, outcome.reason, outcome.permanent, outcome.retry_after) == ("failed", "model_rate_limited", False, 120)


def test_a_step_that_takes_too_long_is_stopped(bench: Any) -> None:
    bench.step("slow", "import time\nwhile True:\n    self.stop_if_cancelled()\n    time.sleep(0.01)")
    began = time.monotonic()
    outcome = bench.run("[{Slow: {timeout: 100ms}}]")
    assert (outcome.outcome, outcome.reason, outcome.explanation) == (
        "failed",
        "step_timeout",
        "The step Slow took longer than 0.1 s, and was stopped.",
    )
    assert [(step["name"], step["state"], step["error"]["code"]) for step in outcome.steps] == [("Slow", "failed", "step_timeout")]
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("kind", ["plain", "async"])
def test_stopping_ends_a_step_within_a_second(bench: Any, kind: str) -> None:
    if kind == "plain":
        bench.step("slow", "import time\nwhile True:\n    self.stop_if_cancelled()\n    time.sleep(0.05)")
    else:
        body = "import asyncio\nself.context.activity('waiting')\nawait asyncio.sleep(60)"
        bench.step("slow", body, method="async def process(self, p)")
    control = Control()
    timer = threading.Timer(0.3, control.cancel, ["stopped"])
    timer.start()
    began = time.monotonic()
    outcome = bench.run("[Slow, Reply]", control=control)
    timer.join()
    assert (outcome.outcome, outcome.reason) == ("cancelled", "stopped")
    assert time.monotonic() - began < 1.3
    assert bench.ports.replies == []
    assert [(step["name"], step["error"]["code"]) for step in outcome.steps] == [("Slow", "stopped")]


def test_a_stale_attempt_does_nothing_more(bench: Any) -> None:
    control = Control()
    control.cancel("stale")
    outcome = bench.run("[Chat, Reply]", control=control)
    assert (outcome.outcome, outcome.steps, bench.ports.replies) == ("cancelled", [], [])


def test_a_step_of_a_stale_attempt_is_in_the_trace_with_what_it_used(bench: Any) -> None:
    """A draft's answer mostly tells of a stop before the stop itself arrives."""
    bench.step(
        "dear",
        "from dosaku import Usage\nself.context.record(usage=Usage('X', 'm', 5, 7))\n"
        "self.context._around.control.cancel('stopped')\nself.context._around.control.cancel('stale')\nself.stop_if_cancelled()",
    )
    outcome = bench.run("[Draft, Dear, Reply]")
    assert (outcome.outcome, outcome.reason, bench.ports.replies) == ("cancelled", "stopped", [])
    assert [(step["name"], step["state"]) for step in outcome.steps] == [("Draft", "done"), ("Dear", "failed")]
    assert outcome.usage == {"tokens_in": 5, "tokens_out": 7, "estimated": False}


def test_a_stale_answer_to_a_reply_ends_the_run(bench: Any) -> None:
    """P8."""

    def stale() -> None:
        raise StaleAttempt("gone")

    bench.ports.before_reply = stale
    control = Control()
    outcome = bench.run("[Chat, Reply, Draft]", control=control)
    assert (outcome.outcome, control.reason(), [step["name"] for step in outcome.steps]) == ("cancelled", "stale", ["Chat", "Reply"])


def test_what_the_app_does_not_record_any_more_ends_the_run_with_its_trace(bench: Any) -> None:
    """P8. The answer was whole and paid for when the run was stopped."""
    bench.step("dear", "from dosaku import Usage\nself.context.record(usage=Usage('X', 'm', 5, 7))", head="costs = True")

    def stale(_: Any) -> None:
        raise StaleAttempt("gone")

    bench.ports.record = stale
    outcome = bench.run("[Dear, Reply]")
    assert (outcome.outcome, [step["name"] for step in outcome.steps]) == ("cancelled", ["Dear"])
    assert outcome.usage["tokens_out"] == 7


def test_a_refused_reply_fails_the_run_with_its_words(bench: Any) -> None:
    def refuse() -> None:
        raise BotServerError("The chat app answered 422: the body is too long", code="answer_refused")

    bench.ports.before_reply = refuse
    outcome = bench.run("[Chat, Reply]")
    assert (outcome.outcome, outcome.reason) == ("failed", "answer_refused")
    assert "too long" in outcome.explanation


def test_the_last_words_are_told_together_with_the_end_of_the_run(bench: Any) -> None:
    """With the whole trace, and only the last of them; then there is nothing more to tell."""
    bench.step("two", "p['reply'] = ['one', 'two']")
    bench.ports.together = True
    outcome = bench.run("[Two, Draft, Two]")
    assert [key for key, _, _ in bench.ports.replies] == ["0.0", "0.1", "2.0", "2.1"]
    assert (outcome.outcome, outcome.told, [step["index"] for step in outcome.steps]) == ("replied", True, [0, 1, 2])
    assert [(one.outcome, one.steps, one.usage) for one in bench.ports.concluded] == [("replied", outcome.steps, outcome.usage)]


@pytest.mark.parametrize("steps", ["[Chat, Reply, Draft]", "[Draft]"])
def test_an_end_without_last_words_is_told_by_itself(bench: Any, steps: str) -> None:
    bench.ports.together = True
    assert (bench.run(steps).told, bench.ports.concluded) == (False, [])


@pytest.mark.parametrize(("error", "outcome"), [(StaleAttempt("gone"), "cancelled"), (BotServerError("too long", code="x"), "failed")])
def test_last_words_that_are_not_taken_are_not_the_end(bench: Any, error: Exception, outcome: str) -> None:
    """P8, I9: whoever carries out the run tells the app what became of it instead."""

    def refuse() -> None:
        raise error

    bench.ports.together, bench.ports.before_reply = True, refuse
    ended = bench.run("[Chat, Reply]")
    assert (ended.outcome, ended.told, [step["state"] for step in ended.steps]) == (outcome, False, ["done", "failed"])


def test_any_point_is_enough_to_go_on_from(bench: Any) -> None:
    """I2: the payload is the whole state."""
    bench.step("count", "p['n'] = p.get('n', 0) + 1")
    bench.step("tell", "p['reply'] = str(p['n'])")
    bench.run("[Count, Count, Count, Tell]")
    for point in list(bench.ports.points[:3]):
        bench.ports.replies.clear()
        outcome = bench.run("[Count, Count, Count, Tell]", start=point)
        assert (outcome.outcome, bench.ports.replies) == ("replied", [("3.0", "3", {})])
        assert [step["index"] for step in outcome.steps] == [0, 1, 2, 3]


def test_a_run_that_replied_before_its_checkpoint_counts_as_replied(bench: Any) -> None:
    assert bench.run("[Draft]", start=Point(0, payload_of("x"), replied=True)).outcome == "replied"


def test_what_cost_money_is_recorded_at_once_with_what_came_before(bench: Any) -> None:
    """I1: no crash pays for it twice."""
    body = "from dosaku import Usage\nself.context.record(usage=Usage('X', 'm', 5, 7))\np['bought'] = 1"
    bench.step("dear", body, head="costs = True")
    outcome = bench.run("[Draft, Dear, Draft, Reply]")
    assert [[step["index"] for step in steps] for steps in bench.ports.recorded] == [[0, 1]]
    dear = bench.ports.recorded[0][1]
    assert dear["payload"]["bought"] == 1
    assert dear["usage"] == {"module": "X", "model": "m", "tokens_in": 5, "tokens_out": 7, "estimated": False, "retries": 0}
    assert bench.ports.recorded[0][0]["payload"] is None
    assert [step["index"] for step in outcome.steps] == [2, 3]
    assert outcome.usage == {"tokens_in": 5, "tokens_out": 7, "estimated": False}


def test_what_was_paid_for_has_a_checkpoint_even_if_the_app_is_away_for_long(bench: Any) -> None:
    """I1."""
    bench.step("dear", "p['bought'] = 1", head="costs = True")

    def away(_: Any) -> None:
        raise Unreachable("away")

    bench.ports.record = away
    with pytest.raises(Unreachable):
        bench.run("[Dear, Reply]")
    point = bench.ports.points[-1]
    assert (point.step, point.payload["bought"], [step["name"] for step in point.unsent]) == (1, 1, ["Dear"])


def test_no_secret_gets_out_of_a_step(bench: Any) -> None:
    """I7: canary in payload, trace, reply, draft, prompt, error, log."""
    bench.step("leaky", LEAKS, head=f"KEY = {CANARY!r}")
    bench.step("blab", f"from errors import StepError\nraise StepError('it is {CANARY}')")
    outcome = bench.run("[Leaky, Blab]", secrets=Secrets([CANARY]))
    assert outcome.reason == "step_failed"
    assert bench.ports.replies[0][1] == "[secret]"
    everything = repr((outcome, bench.ports, bench.screen))
    assert CANARY not in everything
    assert everything.count("[secret]") >= 6


def test_a_traceback_in_the_log_holds_no_secret(bench: Any, caplog: pytest.LogCaptureFixture) -> None:
    """I7."""
    bench.step("blab", f"raise RuntimeError({CANARY!r})")
    bench.run("[Blab]", secrets=Secrets([CANARY]))
    assert "step broke" in caplog.text
    assert CANARY not in caplog.text


def test_text_in_flight_is_shown_with_its_step_and_activity(bench: Any) -> None:
    bench.step("typist", "self.context.activity('typing')\nself.context.draft('a')\nself.context.draft('ab')")
    bench.run("[Typist]")
    assert bench.screen.shown == [("", "Typist", "typing"), ("a", "Typist", "typing"), ("ab", "Typist", "typing")]


def test_a_step_that_was_given_up_shows_nothing_more(bench: Any) -> None:
    bench.step("late", "self.context._around.control.cancel('stopped')\nself.context.draft('too late')")
    bench.run("[Late]")
    assert bench.screen.shown == []


def test_an_answer_that_was_paid_for_is_said_even_if_it_came_too_late(bench: Any) -> None:
    """I9: neither thrown away nor followed by silence."""
    wait = "while not self.context.cancelled(): pass\np['reply'] = 'late, and dear'"
    bench.step("dear", wait, head="costs = True")
    outcome = bench.run("[{Dear: {timeout: 50ms}}, Draft]")
    assert (outcome.outcome, outcome.reason) == ("replied", "")
    assert [step["state"] for step in outcome.steps] == ["done"]
    assert [body for _, body, _ in bench.ports.replies] == ["late, and dear"]


def test_only_lateness_is_forgiven() -> None:
    for reason in set(get_args(Reason)) - {"timeout"}:
        control = Control()
        control.cancel(reason)
        control.forgive()
        assert control.reason() == reason


@pytest.mark.parametrize(
    ("error", "method"),
    [
        ("from errors import Cancelled as Error", "def process(self, p)"),
        ("from asyncio import CancelledError as Error", "def process(self, p)"),
        ("from asyncio import CancelledError as Error", "async def process(self, p)"),
    ],
)
def test_a_step_that_gives_up_by_itself_fails_its_run_in_words(bench: Any, error: str, method: str) -> None:
    """I9: nobody stopped it, so nobody would know why nothing came."""
    bench.step("shy", f"{error}\nraise Error()", method=method)
    outcome = bench.run("[Shy, Reply]")
    assert (outcome.outcome, outcome.reason) == ("failed", "step_gave_up")
    assert outcome.explanation == "The step Shy gave up, though nobody had stopped it."
