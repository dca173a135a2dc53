"""The shipped bots load, do what their own tests say, and say why they are off."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from manager.library import Library
from pipeline.bot_file import Case
from pipeline.loader import Loader, Trust
from pipeline.rehearsal import Rehearsal, missed
from testing import model_server

FOLDER = Path(__file__).parents[1]
NAMES = ["builder", "critic-bot", "echo", "guide", "japanese-bot", "kids-diary-bot"]
FREE = ["builder", "echo", "guide"]
PLACEHOLDER = re.compile(r"\{(content|timestamp|username|current_time|date)\}")


def library(trust: Trust | None = None) -> Library:
    made = Library(Loader(FOLDER, trust or Trust()))
    made.load_all()
    return made


def cases(name: str) -> list[Case]:
    bot = library().get(name)
    assert bot is not None
    assert bot.live is not None
    return bot.live.bot.tests


def test_every_shipped_bot_is_well_made() -> None:
    bots = library().all()
    assert sorted(bot.name for bot in bots) == NAMES
    assert [problem for bot in bots for problem in bot.problems] == []


def test_every_shipped_bot_has_a_face() -> None:
    for bot in library().all():
        assert bot.live is not None
        persona = bot.live.bot.persona
        assert all((persona.title, persona.about, persona.greeting)), bot.name


@pytest.mark.parametrize(("name", "number"), [(name, number) for name in FREE for number in range(len(cases(name)))])
def test_the_free_bots_pass_their_own_tests(name: str, number: int) -> None:
    held = library()
    bot = held.get(name)
    assert bot is not None
    assert bot.live is not None
    assert missed(cases(name)[number], Rehearsal(bot.live, held.loader)) == []


def test_the_guide_knows_at_least_twenty_phrasings() -> None:
    assert len(cases("guide")) >= 20


@pytest.mark.parametrize("name", ["japanese-bot", "kids-diary-bot"])
def test_a_bot_with_a_model_is_off_with_the_line_to_add(name: str) -> None:
    """I6."""
    bot = library().get(name)
    assert bot is not None
    assert bot.live is not None
    assert bot.live.status == "off"
    assert f"ALLOW_SERVICES={name}" in bot.live.reason


@pytest.mark.parametrize("name", ["japanese-bot", "kids-diary-bot"])
def test_a_bot_with_a_model_answers_through_it(name: str) -> None:
    with model_server.running() as models:
        provide = {"OpenAIChat": {"api_key": "sk-only-for-tests", "base_url": models.url, "aliases": {"small": "m", "large": "m"}}}
        held = library(Trust(frozenset({name}), provide=provide))
        bot = held.get(name)
        assert bot is not None
        assert bot.live is not None
        talk = Rehearsal(bot.live, held.loader, asker="bea")
        outcome = talk.say("I lost my tooth")
        assert (outcome.outcome, len(talk.replies)) == ("replied", 1)
        assert "I lost my tooth" in talk.replies[0]
        prompt = "\n".join(turn["content"] for turn in models.journal.requests[0]["messages"])
        assert PLACEHOLDER.search(prompt) is None
