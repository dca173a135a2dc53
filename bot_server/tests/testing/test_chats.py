"""The stand-ins that bot authors test with keep the contract of Chat."""

from __future__ import annotations

import pytest

from testing.chats import FakeChat, ScriptedChat
from testing.contracts import ChatContract


class TestFakeChat(ChatContract):
    @pytest.fixture
    def chat(self) -> FakeChat:
        return FakeChat("Hello to you.")


class TestScriptedChat(ChatContract):
    repeats = False

    @pytest.fixture
    def chat(self) -> ScriptedChat:
        return ScriptedChat(["One answer.", "Another answer.", "A third answer."])


def test_a_scripted_chat_remembers_what_it_was_asked() -> None:
    chat = ScriptedChat(["One."])
    chat.message("Hi")
    assert chat.asked == [[{"role": "user", "content": "Hi"}]]


def test_a_script_that_is_used_up_fails_the_test() -> None:
    with pytest.raises(AssertionError, match="no answer left"):
        ScriptedChat().message("Hi")


def test_a_script_can_fail() -> None:
    with pytest.raises(RuntimeError):
        ScriptedChat([RuntimeError()]).message("Hi", stream=True)
