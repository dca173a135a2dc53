"""What every module of a task must do, as a suite of tests. A module's tests inherit the suite of each of its tasks:

class TestEchoBot(ChatContract):
    @pytest.fixture
    def chat(self):
        return EchoBot()
"""
# ruff: noqa: S101 (a suite of tests)

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from dosaku import Module
from dosaku.errors import Cancelled
from dosaku.tasks import Chat
from dosaku.tasks.chat import Answer

CONVERSATION = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Good morning"},
    {"role": "assistant", "content": "Good morning to you"},
    {"role": "user", "content": "How are you?"},
]


class ChatContract:
    """The task Chat. `repeats`: whether the module gives the same answer to the same message."""

    repeats = True

    @pytest.fixture
    def chat(self) -> Chat:
        """The module under test, ready to answer."""
        raise NotImplementedError("A suite that inherits ChatContract makes its module in the fixture `chat`.")

    def test_it_is_a_module_that_does_the_task(self, chat: Chat) -> None:
        assert isinstance(chat, Module)
        assert isinstance(chat, Chat)
        assert type(chat).__doc__

    def test_its_permission_is_that_of_the_folder_it_lives_in(self, chat: Any) -> None:
        place = type(chat).__module__.split(".")
        if place[0] == "dosaku":
            assert chat.is_service == (place[1] == "services")
            assert chat.is_executor == (place[1] == "executors")

    def test_it_takes_what_the_task_promises(self, chat: Chat) -> None:
        promised = inspect.signature(Chat.message).parameters
        taken = inspect.signature(type(chat).message).parameters
        assert [taken[name].kind for name in promised] == [promised[name].kind for name in promised]

    def test_it_answers_with_the_complete_text(self, chat: Chat) -> None:
        answer = chat.message("Good morning", stream=False)
        assert isinstance(answer, Answer)
        assert answer
        assert answer.finish

    def test_it_streams_the_whole_text_so_far_and_the_last_is_complete(self, chat: Chat) -> None:
        partials = _all(chat.message("Good morning to everybody in this room", stream=True))
        assert all(isinstance(partial, Answer) for partial in partials)
        assert all(after.startswith(before) for before, after in itertools.pairwise(partials))
        assert [bool(partial.finish) for partial in partials] == [False] * (len(partials) - 1) + [True]

    def test_it_says_the_same_streamed_or_not(self, chat: Chat) -> None:
        streamed = _all(chat.message("Good morning", stream=True))[-1]
        assert streamed
        assert not self.repeats or streamed == chat.message("Good morning", stream=False)

    def test_it_takes_a_whole_conversation(self, chat: Chat) -> None:
        before = [dict(turn) for turn in CONVERSATION]
        assert chat.message(CONVERSATION, stream=False)
        assert before == CONVERSATION

    def test_i2_it_remembers_nothing_between_two_calls(self, chat: Chat) -> None:
        first = chat.message("Good morning", stream=False)
        chat.message("My name is Ada", stream=False)
        again = chat.message("Good morning", stream=False)
        assert again
        assert not self.repeats or again == first

    def test_it_stops_when_it_is_cancelled(self, chat: Chat) -> None:
        with pytest.raises(Cancelled):
            _all(chat.message("Good morning", stream=True, cancelled=lambda: True))
        with pytest.raises(Cancelled):
            chat.message("Good morning", stream=False, cancelled=lambda: True)

    def test_it_survives_a_reader_who_stops_reading(self, chat: Chat) -> None:
        partials = chat.message("Good morning to everybody", stream=True)
        assert isinstance(partials, Iterator)
        next(partials)
        partials.close()  # type: ignore[attr-defined]
        assert chat.message("Good morning", stream=False)


def _all(partials: Answer | Iterator[Answer]) -> list[Answer]:
    assert not isinstance(partials, str)
    return list(partials)
