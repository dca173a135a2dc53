"""The agent: what it learns, what it may, what it tells."""

from __future__ import annotations

import os
import subprocess
import sys
from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import pytest

import dosaku
from dosaku import Agent, Executor, ExecutorPermissionRequired, Module, ServicePermissionRequired, Task
from dosaku.agents import Dosaku
from dosaku.errors import NotLearned, SettingsWrong, UnknownModule, UnknownTask
from dosaku.tasks import Chat
from testing.chats import FakeChat, FakeService, catalog_with

NAME = "Hello, what's your name?"


class CountedExecutor(Executor, Chat):
    """Counts how often it is made."""

    made: ClassVar[int] = 0

    def __init__(self) -> None:
        CountedExecutor.made += 1

    def message(self, message: Any, *, stream: Any = None, cancelled: Any = None) -> Any:
        return "done"


def test_d6_it_knows_nothing_at_first() -> None:
    assert Agent().tasks == []


def test_d7_it_learns_to_chat_with_a_local_module_though_services_are_enabled() -> None:
    agent = Agent(enable_services=True)
    agent.learn("Chat")
    assert agent.tasks == ["Chat"]
    assert agent.loaded_modules == ["EchoBot"]
    assert agent.Chat.message(NAME) == "Hi, I'm EchoBot."


def test_d9_it_tells_the_actions_of_a_task_before_and_after_learning_it() -> None:
    agent = Agent()
    assert agent.api("Chat") == ["message"]
    agent.learn(Chat)
    assert agent.api("Chat") == ["message"]
    assert dir(agent.Chat) == ["message"]


def test_d9_what_a_module_adds_to_its_task_is_not_reachable() -> None:
    agent = Agent(catalog=catalog_with(FakeChat))
    learned = agent.learn("Chat", module="FakeChat")
    with pytest.raises(NotLearned, match=r"Chat has no action script. It has: message."):
        _ = learned.script
    assert not hasattr(agent.Chat, "asked")


def test_d10_it_passes_on_the_documentation_of_tasks_and_actions() -> None:
    agent = Agent()
    assert agent.doc("Chat") == "Interface for a generic conversational chatbot." == Chat.__doc__
    assert agent.doc("Chat", action="message") == Chat.message.__doc__
    assert agent.doc("Chat", action="message").startswith("Send a message to the agent and get a response.")
    assert "Args:" in agent.doc("Chat", action="message")
    assert "Example" in agent.doc("Chat", action="message")
    with pytest.raises(NotLearned):
        agent.doc("Chat", action="shout")


def test_d11_it_lists_what_it_can_learn() -> None:
    assert "Chat" in Agent().learnable_tasks


def test_d13_settings_reach_the_module() -> None:
    agent = Agent(catalog=catalog_with(FakeChat))
    agent.learn("Chat", module="FakeChat", answer="Bonjour.")
    assert agent.Chat("Hi") == "Bonjour."


def test_d13_a_setting_the_module_does_not_take_is_named_with_those_it_takes() -> None:
    with pytest.raises(SettingsWrong, match=r"EchoBot: .*'temperature'\. Its settings are: stream\."):
        Agent().learn("Chat", temperature=1)


def test_d13_an_unknown_task_is_an_error_that_names_it() -> None:
    with pytest.raises(ValueError) as caught:
        Agent().learn("PlayChess")
    assert str(caught.value) == "There are no known modules which have registered the task PlayChess."
    assert isinstance(caught.value, UnknownTask)


@pytest.mark.parametrize("name", ["GFPGAN", "../echo_bot", "os.system", "__import__", "dosaku.modules.echo_bot", "_private", "E" * 300, ""])
def test_w19_a_module_is_only_found_in_the_catalog(name: str) -> None:
    with pytest.raises(UnknownModule, match="There are: EchoBot, OpenAIChat"):
        Agent().learn("Chat", module=name)


def test_d13_learning_what_is_loaded_warns_and_uses_it_again() -> None:
    agent = Agent()
    first = agent.learn("Chat")
    with pytest.warns(UserWarning, match="EchoBot is already loaded"):
        assert agent.learn("Chat") is first
    assert agent.learn("Chat", force_relearn=True) is not first


def test_d14_calling_a_task_does_its_first_action() -> None:
    agent = Agent()
    agent.learn("Chat")
    assert agent.Chat(NAME) == agent.Chat.message(NAME)


def test_d15_a_stream_gives_the_whole_text_so_far() -> None:
    agent = Agent()
    agent.learn("Chat", stream=True)
    assert list(agent.Chat(NAME)) == ["Hi, ", "Hi, I'm ", "Hi, I'm EchoBot."]


def test_d16_a_task_cannot_be_instantiated() -> None:
    with pytest.raises(TypeError):
        Chat()  # type: ignore[abstract]


def test_d16_a_task_may_have_several_actions_and_two_tasks_do_not_clash() -> None:
    class Count(Task):
        """Counting."""

        @abstractmethod
        def up(self) -> int:
            """One more."""

        @abstractmethod
        def message(self, text: str) -> str:
            """Tell the count."""

    class Counter(Module, Count):
        """Counts."""

        def __init__(self) -> None:
            self.count = 0

        def up(self) -> int:
            self.count += 1
            return self.count

        def message(self, text: str) -> str:
            return f"{text}: {self.count}"

    agent = Agent(catalog=catalog_with(Counter))
    agent.learn("Chat")
    agent.learn("Count")
    assert agent.api("Count") == ["up", "message"]
    assert [agent.Count(), agent.Count.up()] == [1, 2]
    assert agent.Count.message("so far") == "so far: 2"
    assert agent.Chat.message(NAME) == "Hi, I'm EchoBot."
    assert agent.loaded_modules == ["EchoBot", "Counter"]


def test_d17_a_module_must_do_a_task() -> None:
    with pytest.raises(TypeError, match="Idle must register at least one task"):

        class Idle(Module):
            """Does nothing."""


def test_d24_dosaku_needs_services() -> None:
    with pytest.raises(ValueError) as caught:
        Dosaku()
    assert str(caught.value) == "Dosaku requires services to be enabled. Pass in enable_services=True on init."
    assert Dosaku(enable_services=True).tasks == ["Chat"]


def test_d25_a_service_needs_permission() -> None:
    with pytest.raises(ValueError) as caught:
        Agent().learn("Chat", module="OpenAIChat")
    expected = "Loaded module was a service, but services have not been enabled. Enable services or load a non-service module."
    assert str(caught.value) == expected
    assert isinstance(caught.value, ServicePermissionRequired)
    assert isinstance(caught.value, PermissionError)


def test_i6_d26_an_executor_needs_permission_and_is_not_made_before() -> None:
    agent = Agent(enable_services=True, catalog=catalog_with(CountedExecutor))
    CountedExecutor.made = 0
    with pytest.raises(ExecutorPermissionRequired) as caught:
        agent.learn("Chat", module="CountedExecutor")
    assert str(caught.value).startswith("Loaded module was an executor, but executors have not been enabled.")
    assert CountedExecutor.made == 0
    agent.enable_executors()
    agent.learn("Chat", module="CountedExecutor")
    assert CountedExecutor.made == 1


def test_i6_the_permission_is_read_from_the_class_and_its_settings_cannot_change_it() -> None:
    agent = Agent(catalog=catalog_with(FakeService))
    for settings in ({}, {"is_service": False}, {"answer": "Hi."}):
        with pytest.raises(ServicePermissionRequired):
            agent.learn("Chat", module="FakeService", **settings)
    with pytest.raises(ServicePermissionRequired):
        agent.learn("Chat", module=FakeService)


def test_d27_permissions_can_be_given_and_taken_while_it_runs() -> None:
    agent = Agent(catalog=catalog_with(FakeService))
    agent.enable_services()
    assert agent.services_enabled
    agent.learn("Chat", module="FakeService")
    agent.disable_services()
    with pytest.raises(ServicePermissionRequired):
        agent.learn("Chat", module="FakeService", force_relearn=True)
    assert not Agent().executors_enabled


def test_i7_what_the_operator_provides_is_never_shown() -> None:
    agent = Agent(enable_services=True, provide={"OpenAIChat": {"api_key": "s3cret"}})
    agent.learn("Chat", module="OpenAIChat")
    assert "s3cret" not in f"{agent!r} {agent.Chat!r} {agent}"
    with pytest.raises(SettingsWrong) as caught:
        agent.learn("Chat", module="OpenAIChat", force_relearn=True, colour="red")
    assert "s3cret" not in str(caught.value)
    assert "api_key" not in str(caught.value)


def test_a_task_that_was_not_learned_says_so() -> None:
    with pytest.raises(NotLearned, match="has not learned Chat"):
        _ = Agent().Chat
    assert not hasattr(Agent(), "Chat")


def test_importing_dosaku_does_not_import_what_services_need() -> None:
    code = (
        "import sys, dosaku, dosaku.tasks, dosaku.modules; dosaku.Agent().learn('Chat');"
        "print([name for name in sys.modules if name in {'openai', 'httpx2', 'httpx', 'settings', 'errors'}])"
    )
    path = str(Path(dosaku.__file__).parents[1])
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
