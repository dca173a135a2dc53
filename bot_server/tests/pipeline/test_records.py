"""What a run leaves behind for its page: inputs, logs, code; and what it may spend."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.payload import Secrets
from pipeline.run import Point
from testing.steps import payload_of

CANARY = "canary-" + "0123456789abcdef"
PAID = "from dosaku import Usage\nself.context.record(usage=Usage('X', 'm', 5, 7))\np['bought'] = 1"


def test_the_input_of_every_step_can_be_put_together(bench: Any) -> None:
    """C25: what the run began with, and what each step changed."""
    outcome = bench.run("[{Draft: {fallback: a}}, Chat, Reply]", "good morning")
    assert [step["before"] is not None for step in outcome.steps] == [True, False, False]
    payload = outcome.steps[0]["before"]
    for step in outcome.steps:
        payload = payload | step["changed"]
    assert payload["draft"]["body"] == bench.ports.replies[0][1]


def test_a_failed_step_keeps_what_it_was_given(bench: Any) -> None:
    """C26: a person may mend it and go on from there."""
    bench.step("bad", "p['half'] = 'done'\nraise KeyError('x')")
    outcome = bench.run("[Draft, Bad]")
    failed = outcome.steps[-1]
    assert (failed["state"], failed["before"]["draft"]["body"], "half" in failed["before"]) == ("failed", "¯\\_(ツ)_/¯", False)


def test_a_run_that_goes_on_keeps_what_it_went_on_with(bench: Any) -> None:
    outcome = bench.run("[Draft, Chat, Reply]", start=Point(1, payload_of("hi", by="hand")))
    assert (outcome.steps[0]["index"], outcome.steps[0]["before"]["by"]) == (1, "hand")


def test_a_step_logs_lines_and_shows_code_it_made(bench: Any) -> None:
    """C25."""
    bench.step("maker", "self.context.log('first')\nself.context.log(2)\nself.context.record(code='print(1)')\np['reply'] = 'x'")
    step = bench.run("[Maker]").steps[0]
    assert (step["logs"], step["code"]) == (["first", "2"], "print(1)")


def test_a_failed_step_keeps_its_logs(bench: Any) -> None:
    bench.step("bad", "self.context.log('this far')\nraise KeyError('x')")
    assert bench.run("[Bad]").steps[0]["logs"] == ["this far"]


def test_logs_and_code_hold_no_secret(bench: Any) -> None:
    """I7."""
    bench.step("leak", f"self.context.log('{CANARY}')\nself.context.record(code='{CANARY}')\nraise KeyError('{CANARY}')")
    step = bench.run("[Leak]", secrets=Secrets([CANARY])).steps[0]
    assert (step["logs"], step["code"]) == (["[secret]"], "[secret]")


def test_endless_logs_are_cut_with_a_word(bench: Any) -> None:
    """I10: the app takes 200 lines of 2,000 characters."""
    bench.step("chatty", "for n in range(50_000):\n    self.context.log(f'line {n}')\np['reply'] = 'x'")
    logs = bench.run("[Chatty]").steps[0]["logs"]
    assert len(logs) == 200
    assert logs[-1].endswith("more were left out")
    bench.step("long", "for n in range(20):\n    self.context.log('é' * 5000)\np['reply'] = 'x'")
    logs = bench.run("[Long]").steps[0]["logs"]
    assert max(map(len, logs)) == 2000
    assert len("".join(logs).encode()) < 20_000


def test_long_code_is_cut(bench: Any) -> None:
    bench.step("maker", "self.context.record(code='x' * 1_000_000)\np['reply'] = 'x'")
    assert len(bench.run("[Maker]").steps[0]["code"]) == 64 * 1024


def test_a_record_that_would_be_too_long_goes_without_the_payload_before_it(bench: Any) -> None:
    """The app takes 1 MB; what was paid for must not be lost for its trace."""
    body = "from dosaku import Usage\nself.context.record(usage=Usage('X', 'm', 5, 7), prompt=[{'role': 'user', 'content': 'é' * 65_000}])"
    bench.step("dear", body + "\np['b'] = 'é' * 64_000\np['a'] = 'b'", head="costs = True")
    bench.run("[Dear, Draft]", start=Point(0, payload_of("hi", a="x" * 120_000)))
    assert bench.ports.recorded[0][0]["before"]["a"]
    bench.step("dear", body + "\nself.context.record(code='z' * 60_000)\np['b'] = 'y' * 250_000\np['a'] = ''", head="costs = True")
    bench.ports.recorded.clear()
    bench.run("[Dear, Draft]", start=Point(0, payload_of("hi", a="x" * 260_000)))
    assert bench.ports.recorded[0][0]["before"] is None
    assert bench.ports.recorded[0][0]["payload"]["b"]


@pytest.mark.parametrize(("left", "asked"), [(None, True), (1, True), (0, False), (-5, False)])
def test_a_step_that_costs_is_done_only_while_something_is_left(bench: Any, left: int | None, asked: bool) -> None:
    """W22: the service is not asked when the budget is spent, and the answer says so."""
    bench.step("dear", PAID, head="costs = True")
    bench.ports.left = (left, "Echo has used its 1,000 tokens for today.")
    outcome = bench.run("[Draft, Dear, Reply]")
    assert (outcome.outcome, bool(bench.ports.recorded)) == (("replied", True) if asked else ("failed", False))
    if not asked:
        assert (outcome.reason, outcome.permanent) == ("budget_spent", True)
        assert outcome.explanation == "Echo has used its 1,000 tokens for today."
        assert outcome.steps[-1]["usage"] == {}


def test_a_step_that_is_free_asks_for_no_budget(bench: Any) -> None:
    bench.ports.left = (0, "")
    assert bench.run("[Chat, Reply]").outcome == "replied"


def test_each_step_that_costs_asks_anew(bench: Any) -> None:
    bench.step("dear", PAID + "\ntype(self).ports.left = (0, 'spent')", head="costs = True")
    bench.step("dear_again", PAID, head="costs = True")
    pipeline = bench.load("[Dear, DearAgain]")
    pipeline.steps[0].step.ports = bench.ports
    assert bench.run("[Dear, DearAgain]").reason == "budget_spent"
    assert [step["name"] for steps in bench.ports.recorded for step in steps] == ["Dear"]
