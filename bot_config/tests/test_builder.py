"""The bot builder: from answers to a bot file that loads and does what it was asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from errors import StepError
from pipeline.loader import Loader, Trust
from pipeline.rehearsal import Rehearsal, missed
from steps import NoWorkshop, Step
from testing.run_bot import RunBot, Talk
from testing.steps import FakeContext, payload_of, run_step

Custom = Callable[[str], type[Step]]
BACK, SUM_UP, THINK = "It says back what people say", "It asks a few questions and sums up the answers", "It thinks with a model"


class Workshop(NoWorkshop):
    """Knows the bots that are there, and remembers what is proposed."""

    def __init__(self, *there: str) -> None:
        self.there = there
        self.proposals: list[tuple[str, str]] = []

    def file(self, bot: str) -> dict[str, Any]:
        if bot not in self.there:
            raise StepError("There is no such bot.", code="workshop_refused", permanent=True)
        return {"name": bot, "yaml": "", "version": 1}

    def propose(self, bot: str, yaml: str, why: str, base: int | None = None) -> dict[str, Any]:
        self.proposals.append((bot, yaml))
        return {"page": f"/bots/{bot}/proposals/1/", "cases": []}


def _talk(run_bot: RunBot, *answers: str) -> Talk:
    return run_bot("builder.yaml", "/newbot", answers=["Tooth Fairy", "Talks about teeth", *answers])


def _yaml_in(reply: str) -> str:
    return reply.split("```yaml\n")[1].split("```")[0]


def _passes(text: str, tmp_path: Path) -> Rehearsal:
    loader = Loader(tmp_path, Trust(frozenset({"tooth-fairy"}), frozenset(), {"OpenAIChat": {"api_key": "only-for-tests"}}))
    pipeline = loader.load(text, "tooth_fairy.yaml")
    assert (pipeline.name, pipeline.status) == ("tooth-fairy", "on")
    for case in pipeline.bot.tests:
        assert missed(case, Rehearsal(pipeline, loader)) == []
    return Rehearsal(pipeline, loader)


def test_it_asks_only_when_a_bot_is_wanted(run_bot: RunBot) -> None:
    talk = run_bot("builder.yaml", "hello")
    assert "/newbot" in talk.reply
    assert talk.asked == []


def test_a_bot_that_says_back_what_people_say(run_bot: RunBot, tmp_path: Path) -> None:
    reply = _talk(run_bot, BACK).reply
    assert "ALLOW_SERVICES" not in reply
    bot = _passes(_yaml_in(reply), tmp_path)
    assert len(bot.pipeline.bot.tests) == 1
    assert bot.pipeline.bot.persona.about == "Talks about teeth"


def test_a_bot_that_asks_and_sums_up(run_bot: RunBot, tmp_path: Path) -> None:
    bot = _passes(_yaml_in(_talk(run_bot, SUM_UP, "Which tooth?\n\nDid it {hurt}?").reply), tmp_path)
    assert [step.name for step in bot.pipeline.steps] == ["Ask", "Ask", "Draft", "Reply"]
    assert bot.pipeline.bot.tests, "it comes with a case, which has passed above"


def test_a_bot_that_thinks_in_the_askers_own_words_without_a_model(run_bot: RunBot, tmp_path: Path) -> None:
    reply = _talk(run_bot, THINK, "You are kind.\nNever scare anybody.").reply
    assert "ALLOW_SERVICES=…,tooth-fairy" in reply
    text = _yaml_in(reply)
    assert "Never scare anybody." in text
    assert "\n  - Guide:\n" in text, "It reads like a file that a person has written."
    assert _passes(text, tmp_path).pipeline.granted.services


def test_it_is_proposed_in_the_name_of_whoever_asked_under_a_name_that_is_free(custom: Custom) -> None:
    workshop = Workshop("tooth-fairy", "tooth-fairy-2")
    file = {"name": "tooth-fairy", "yaml": "# x\nname: tooth-fairy\nsteps: [Chat, Reply]\n", "costs": False}
    after = run_step(
        custom("ProposeBot"), payload_of("/newbot", bot_file=file, draft={"body": "", "metadata": {}}), FakeContext(workshop=workshop)
    )

    assert workshop.proposals == [("tooth-fairy-3", "# x\nname: tooth-fairy-3\nsteps: [Chat, Reply]\n")]
    assert "(/bots/tooth-fairy-3/proposals/1/)" in after["draft"]["body"]


@pytest.mark.parametrize("may", [True, False])
def test_whoever_may_not_make_bots_hears_it_before_any_question(custom: Custom, may: bool) -> None:
    class Rights(Workshop):
        def rights(self) -> dict[str, Any]:
            return {"may_make_bots": may, "reason": "" if may else "You may not."}

    payload = payload_of("/newbot", asker={"username": "bea"}, draft={"body": "hello", "metadata": {}})
    after = run_step(custom("MayMakeBots"), payload, FakeContext(workshop=Rights()))
    assert after["may_make_bots"] is may
    assert ("ask them to add you" in after["draft"]["body"]) is not may


def test_a_workshop_that_is_away_is_no_yes(custom: Custom) -> None:
    class Away(Workshop):
        def rights(self) -> dict[str, Any]:
            raise StepError("The chat is away.", code="workshop_refused", permanent=False)

    with pytest.raises(StepError, match="away"):
        run_step(custom("MayMakeBots"), payload_of("/newbot"), FakeContext(workshop=Away()))


def test_whoever_lost_the_right_meanwhile_hears_why(custom: Custom) -> None:
    class Closed(Workshop):
        def propose(self, bot: str, yaml: str, why: str, base: int | None = None) -> dict[str, Any]:
            raise StepError("You may not register new bots.", code="workshop_refused", permanent=True)

    file = {"name": "tooth-fairy", "yaml": "name: tooth-fairy\n", "costs": False}
    payload = payload_of("/newbot", bot_file=file, draft={"body": "", "metadata": {}})
    with pytest.raises(StepError, match="may not register"):
        run_step(custom("ProposeBot"), payload, FakeContext(workshop=Closed()))
