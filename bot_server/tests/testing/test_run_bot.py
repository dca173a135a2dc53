"""The fixture `run_bot`: real steps, a scripted model, a frozen time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dosaku.errors import ServiceError
from pipeline.problem import BrokenBotFile
from testing.run_bot import NOW, RunBot

BOT_SERVER = Path(__file__).parents[2]
Write = Callable[[str], str]

HELLO = """
name: hello
permissions: {services: true}
timezone: Australia/Melbourne
steps:
  - Format: {each_user_message: "{content} (received {timestamp})"}
  - Guide: {before: "It is {current_time}."}
  - Chat: {module: OpenAIChat, model: small, temperature: 0.5}
  - Reply
"""
CAREFUL = """
name: careful
steps:
  - Chat
  - Reply: {to: luke}
"""


@pytest.fixture
def run(tmp_path: Path) -> RunBot:
    return RunBot(tmp_path)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(text: str) -> str:
        (tmp_path / "bot.yaml").write_text(text)
        return "bot.yaml"

    return written


def test_the_bot_says_what_the_script_says(run: RunBot, write: Write) -> None:
    talk = run(write(HELLO), "hello", model=["Hi, Bea."])

    assert (talk.reply, talk.outcome.outcome) == ("Hi, Bea.", "replied")
    assert [step["name"] for step in talk.steps] == ["Format", "Guide", "Chat", "Reply"]


def test_the_model_is_asked_what_the_steps_make_of_the_message_at_a_frozen_time(run: RunBot, write: Write) -> None:
    talk = run(write(HELLO), "hello", model=["Hi."])

    assert talk.model.asked[0][0]["content"] == "It is Friday 20 November 2026, 20:41 (Australia/Melbourne)."
    assert "hello (received 2026-11-20 20:41)" in talk.model.asked[0][-1]["content"]
    assert NOW.hour == 9, "the file's time zone is eleven hours ahead"


def test_another_time_can_be_given(run: RunBot, write: Write) -> None:
    talk = run(write(HELLO), "hello", model=["Hi."], now=datetime(2020, 2, 29, 12, 0, tzinfo=UTC))

    assert talk.model.asked[0][0]["content"] == "It is Saturday 29 February 2020, 23:00 (Australia/Melbourne)."


def test_a_conversation_goes_on_and_the_bot_remembers_it(run: RunBot, write: Write) -> None:
    talk = run(write(HELLO), "hello", "and now?", model=["Hi.", "Now we talk."])

    assert talk.reply == "Now we talk."
    assert [turn["role"] for turn in talk.model.asked[1]] == ["system", "user", "assistant", "user"]


def test_without_a_script_a_local_module_answers_as_always(run: RunBot, write: Write) -> None:
    assert "hello" in run(write("name: echoing\nsteps: [Chat, Reply]"), "hello").reply


def test_an_error_of_the_model_fails_the_run(run: RunBot, write: Write) -> None:
    talk = run(write(HELLO), "hello", model=[ServiceError("The model is on strike.", code="model_away", permanent=True)])

    assert (talk.outcome.outcome, talk.outcome.reason) == ("failed", "model_away")
    assert talk.reply == ""


def test_what_would_be_sent_needs_a_yes(run: RunBot, write: Write) -> None:
    file = write(CAREFUL)

    assert run(file, "tell Luke").outcome.outcome == "waiting"
    assert run(file, "tell Luke", answers=["no"]).sent == []
    assert [to for to, _ in run(file, "tell Luke", answers=["yes"]).sent] == ["luke"]


def test_a_broken_file_says_where(run: RunBot, write: Write) -> None:
    with pytest.raises(BrokenBotFile, match="Chta"):
        run(write("name: hello\nsteps: [Chta]"))


def test_a_file_that_is_not_there_is_named(run: RunBot) -> None:
    with pytest.raises(FileNotFoundError, match=r"nobody\.yaml"):
        run("nobody.yaml")


def test_an_author_gets_it_by_one_line_of_conftest(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["testing.run_bot"]\n')
    (tmp_path / "shy.yaml").write_text("name: shy\nsteps: [Chat, Reply]\n")
    test = 'def test_it_answers(run_bot):\n    assert "hello" in run_bot("shy.yaml", "hello").reply\n'
    (tmp_path / "test_shy.py").write_text(test)

    command = [sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", "-p", "no:django", "-p", "no:cacheprovider", "--rootdir", ".", "."]
    environment = os.environ | {"PYTHONPATH": str(BOT_SERVER)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=50, check=False)

    assert "1 passed" in done.stdout, done.stdout + done.stderr
