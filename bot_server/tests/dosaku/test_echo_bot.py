"""EchoBot."""

from __future__ import annotations

import pytest

from dosaku.modules import EchoBot
from testing.contracts import ChatContract


class TestEchoBot(ChatContract):
    @pytest.fixture
    def chat(self) -> EchoBot:
        return EchoBot()


def test_it_says_its_name_when_asked_for_it() -> None:
    assert EchoBot().message("Hello, what's your name?") == "Hi, I'm EchoBot."


def test_it_repeats_what_it_is_told() -> None:
    assert EchoBot().message("Let's go for a walk") == "Hi, I'm EchoBot. You said: “Let's go for a walk”"


def test_it_hears_what_was_said_last() -> None:
    turns = [{"role": "user", "content": "one"}, {"role": "user", "content": "two"}, {"role": "assistant", "content": "three"}]
    assert EchoBot().message(turns) == "Hi, I'm EchoBot. You said: “two”"


@pytest.mark.parametrize("said", ["", "   ", "\0", "{0.__class__}", "%s %(x)s", "\ud83d", "x" * 100_000])
def test_i10_it_answers_whatever_it_is_told(said: str) -> None:
    assert said in str(EchoBot().message(said))


def test_it_streams_when_it_was_set_to() -> None:
    partials = list(EchoBot(stream=True).message("Hi"))
    assert partials[0] == "Hi, "
    assert partials[-1] == "Hi, I'm EchoBot. You said: “Hi”"
