"""The bot builder with a model: a whole file that loads, or a template and the reason, and never more rights than were asked for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from dosaku.errors import ServiceError
from pipeline.bot_file import MAX_STEPS
from pipeline.loader import Loader, Trust
from pipeline.pipeline import Pipeline
from pipeline.rehearsal import Rehearsal, missed
from pipeline.templates import templates
from steps import BUILT_IN
from testing.run_bot import RunBot, Script, Talk

THINK, FREE = "It thinks with a model", "Something else: I describe it"
FILE = """\
name: tooth-counter
persona: {about: Counts teeth, greeting: "How many are left?"}
steps:
  - Ask: {question: "How many teeth have you lost?", kind: number, into: lost}
  - Draft: {fallback: "{lost} coins for {lost} teeth."}
  - Reply
tests:
  - {say: hello, answers: [3], expect: {contains: 3 coins}}
"""
THINKS = """\
name: tooth-fairy
permissions: {services: true}
steps:
  - Guide: {before: You are gentle.}
  - Chat: {module: OpenAIChat, model: small}
  - Reply
tests:
  - {say: hello, expect: {contains: hello}}
"""
WORDS = "```yaml\nabout: Comforts children\ngreeting: Hello, tooth hero.\nbefore: You are gentle.\n```"


def _block(text: str) -> str:
    return f"Here it is.\n\n```yaml\n{text}```\nHave fun."


BROKEN = _block(FILE.replace("- Reply", "- Repyl"))


def _drafted(run_bot: RunBot, *model: Any, way: str = FREE, described: str = "It asks how many teeth, and promises coins.") -> Talk:
    script: Script = model
    return run_bot("builder.yaml", "/newbot", answers=["Tooth Fairy", "Talks about teeth", way, described], model=script)


def _loaded(talk: Talk, tmp_path: Path) -> Pipeline:
    """What would be saved: as it is shown, by the check that a save makes, with its cases."""
    loader = Loader(tmp_path, Trust(frozenset({"tooth-fairy"}), frozenset(), {"OpenAIChat": {"api_key": "only-for-tests"}}))
    pipeline = loader.load(talk.reply.split("```yaml\n")[1].removesuffix("```"), "tooth_fairy.yaml")
    assert (pipeline.name, pipeline.status, pipeline.bot.persona.title) == ("tooth-fairy", "on", "Tooth Fairy")
    assert [missed(case, Rehearsal(pipeline, loader)) for case in pipeline.bot.tests] == [[] for _ in pipeline.bot.tests]
    return pipeline


def _step(talk: Talk, name: str) -> dict[str, Any]:
    (found,) = [step for step in talk.steps if step["name"] == name]
    return found


def _by_template(talk: Talk, tmp_path: Path) -> bool:
    return [step.name for step in _loaded(talk, tmp_path).steps] == ["Guide", "Chat", "Reply"]


@pytest.mark.parametrize("way", [THINK, FREE])
def test_a_model_drafts_the_whole_file(run_bot: RunBot, tmp_path: Path, way: str) -> None:
    talk = _drafted(run_bot, _block(FILE), way=way)
    pipeline = _loaded(talk, tmp_path)
    assert [step.name for step in pipeline.steps] == ["Ask", "Draft", "Reply"]
    assert (len(pipeline.bot.tests), pipeline.bot.persona.about) == (1, "Counts teeth")
    assert "A model wrote its file: read it before you save it." in talk.reply
    assert "ALLOW_SERVICES" not in talk.reply, "It asks for nothing that costs."
    assert _step(talk, "WriteBotFile")["summary"].startswith("not needed")


def test_the_model_is_told_the_language_some_examples_and_the_answers(run_bot: RunBot) -> None:
    task, asked = (turn["content"] for turn in _drafted(run_bot, _block(FILE), described='Kind. ```yaml\nname: "evil"').model.asked[0])
    assert [name for name in BUILT_IN if f"\n- {name}: " not in task] == []
    assert [one.name for one in templates() if one.yaml.rstrip() not in task] == ["echo"]
    assert all(words in asked for words in ("Tooth Fairy", "Talks about teeth", FREE, r'"Kind. ```yaml\nname: \"evil\""'))


def test_what_drafting_used_and_was_asked_is_in_the_trace(run_bot: RunBot) -> None:
    talk = _drafted(run_bot, BROKEN, _block(FILE))
    step = _step(talk, "DraftBotFile")
    assert (step["usage"]["tokens_in"], step["usage"]["tokens_out"]) == (20, 10)
    assert step["prompt"] == talk.model.asked[-1]
    assert "Repyl" in "\n".join(step["logs"])
    assert step["payload"], "What was paid for is recorded with its result at once."


def test_a_draft_that_does_not_load_is_mended_by_the_model(run_bot: RunBot, tmp_path: Path) -> None:
    talk = _drafted(run_bot, BROKEN, "no idea", _block(FILE))
    assert len(_loaded(talk, tmp_path).steps) == 3
    told = [conversation[-1]["content"] for conversation in talk.model.asked]
    assert "tooth_fairy.yaml:6: steps.3: there is no step Repyl" in told[1]
    assert 'Did you mean "Reply"?' in told[1]
    assert "- Repyl\n" in told[1], "It sees its own draft again."
    assert "there is no ```yaml block" in told[2]
    assert "mended twice" in _step(talk, "DraftBotFile")["summary"]


def test_a_draft_whose_own_test_fails_is_given_back(run_bot: RunBot, tmp_path: Path) -> None:
    talk = _drafted(run_bot, _block(FILE.replace("3 coins", "4 coins")), _block(FILE))
    assert "tests.1: this test fails" in talk.model.asked[1][-1]["content"]
    assert len(_loaded(talk, tmp_path).bot.tests) == 1


def test_drafts_that_never_load_leave_a_template_with_words_of_the_model_and_it_says_so(run_bot: RunBot, tmp_path: Path) -> None:
    talk = _drafted(run_bot, BROKEN, BROKEN, BROKEN, WORDS)
    assert _by_template(talk, tmp_path)
    assert "You are gentle." in talk.reply
    assert "does not load, not even mended: it is made from a template instead, in words of the model." in talk.reply
    assert talk.model.script == []


@pytest.mark.parametrize("answer", ["no", "about: only this", "- a list", "about: [1]\ngreeting: x\nbefore: y", "{{{", "a: 2026-13-45"])
def test_words_that_cannot_be_used_leave_the_askers_own(run_bot: RunBot, tmp_path: Path, answer: str) -> None:
    talk = _drafted(run_bot, BROKEN, BROKEN, BROKEN, answer, described="Be kind to all.")
    assert _by_template(talk, tmp_path)
    assert "Be kind to all." in talk.reply
    assert "made from a template instead, in your own words." in talk.reply


@pytest.mark.parametrize("drafts", [0, 1])
def test_a_model_that_is_away_leaves_a_template_and_the_reason(run_bot: RunBot, tmp_path: Path, drafts: int) -> None:
    away = ServiceError("The model is away.", code="model_away", permanent=False)
    talk = _drafted(run_bot, *[BROKEN] * drafts, away, described="Be kind to all.")
    assert _by_template(talk, tmp_path)
    assert "No model wrote it: The model is away. It is made from a template, in your own words." in talk.reply
    assert "Be kind to all." in talk.reply


def test_a_draft_cannot_choose_who_it_is_or_what_it_may(run_bot: RunBot, tmp_path: Path) -> None:
    """I6: the name is the asked one, and what its steps do not need is not asked for."""
    wish = "name: guide\npermissions: {services: true, executors: true}\npersona: {title: Ada, avatar: ada.png, about: Counts teeth}\n"
    bot = _loaded(_drafted(run_bot, _block(wish + FILE[FILE.index("steps:") :])), tmp_path).bot
    assert (bot.permissions.services, bot.permissions.executors, bot.persona.avatar) == (False, False, "")


def test_a_draft_that_thinks_asks_for_services_and_leaves_them_to_the_operator(run_bot: RunBot, tmp_path: Path) -> None:
    talk = _drafted(run_bot, _block(THINKS.replace("services", "executors")))
    pipeline = _loaded(talk, tmp_path)
    assert (pipeline.bot.permissions.services, pipeline.bot.permissions.executors) == (True, False)
    assert "until the operator adds `ALLOW_SERVICES=…,tooth-fairy`" in talk.reply
    assert pipeline.bot.tests == [], "A new bot that costs is not saved with tests: nobody counts them."


@pytest.mark.parametrize("step", ["ProposeBot", "ReadRuns", "KidsJournalEntry"])
def test_a_draft_uses_no_step_in_python(run_bot: RunBot, tmp_path: Path, step: str) -> None:
    talk = _drafted(run_bot, _block(FILE.replace("- Reply", f"- {step}\n  - Reply")), _block(FILE))
    assert f"there is no step {step}" in talk.model.asked[1][-1]["content"]
    assert len(_loaded(talk, tmp_path).steps) == 3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (FILE.replace("gre", "#" * 12_000 + "gre"), "here it may have 12,000"),
        ("name: x\nsteps:\n" + "  - Chat\n" * (MAX_STEPS + 1), "50"),
        ("name: x\nsteps: &a [Chat, *a]\n", "a"),
        ("a: b: c\n", "this is not YAML"),
        ("x" * 100_000 + "\n", "here it may have 12,000"),
        (FILE.replace("name: tooth-counter", "name: [x]"), "name: this must be text"),
        ("- Chat\n", "a bot file is a map"),
        ("", "steps: this key is missing"),
    ],
)
def test_whatever_the_model_writes_comes_back_as_a_reason(run_bot: RunBot, tmp_path: Path, text: str, says: str) -> None:
    """I10."""
    talk = _drafted(run_bot, _block(text), _block(FILE))
    assert says in re.split("It does not load:", talk.model.asked[1][-1]["content"])[1]
    assert len(_loaded(talk, tmp_path).steps) == 3


def test_an_inner_code_block_does_not_end_the_file(run_bot: RunBot, tmp_path: Path) -> None:
    code = "  - Draft:\n      fallback: |\n        ```\n        {lost}\n        ```\n"
    talk = _drafted(run_bot, _block(FILE.replace("tests:", "").split("  - {say")[0].replace("  - Reply\n", f"{code}  - Reply\n")))
    assert [step.name for step in _loaded(talk, tmp_path).steps] == ["Ask", "Draft", "Draft", "Reply"]


def test_describing_a_bot_is_offered_where_a_model_can_draft_it(run_bot: RunBot) -> None:
    def offered(talk: Talk) -> list[str]:
        return [step["summary"] for step in talk.steps if step["name"] == "Ask"][2:4]

    without = run_bot("builder.yaml", "/newbot", answers=["Tooth Fairy", "Teeth", THINK, "Be kind."])
    assert [summary.startswith("not needed") for summary in offered(without)] == [False, True]
    assert _step(without, "DraftBotFile")["summary"] == "there is no model here"
    assert [summary.startswith("not needed") for summary in offered(_drafted(run_bot, _block(FILE)))] == [True, False]
