"""For tests of bot files: `run_bot("diary.yaml", "hello")` talks to a bot with a scripted model, at a frozen time, without any server.

    def test_it_greets(run_bot):
        talk = run_bot("diary.yaml", "hello", model=["Hi! What are you thankful for?"])
        assert talk.reply == "Hi! What are you thankful for?"

Steps, permissions and prompts are the real ones; only what a Chat module would answer comes from the test. The fixture is found through
`pytest_plugins = ["testing.run_bot"]` in a conftest.py, or `-p testing.run_bot`. The bot's file is looked for in the folder of the test,
then in the folder above it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dosaku import Agent, Catalog, Module
from dosaku.tasks import Chat
from dosaku.tasks.chat import Answer
from pipeline.loader import Loader, Trust
from pipeline.pipeline import Granted
from pipeline.rehearsal import Rehearsal, Scripted
from pipeline.trace import Outcome
from testing.chats import ScriptedChat

NOW = datetime(2026, 11, 20, 9, 41, tzinfo=UTC)
Script = Sequence[str | Answer | Exception]


@dataclass
class Talk:
    """A conversation with one bot, up to its last answer.

    Attributes:
        outcome: how the last run ended: `.outcome` is "replied", "silent", "failed", "waiting" or "cancelled", `.explanation` says why.
        model: what the bot asked its Chat modules (`model.asked`, a conversation a call), and what they have left to say.
    """

    rehearsal: Rehearsal
    model: ScriptedChat
    outcome: Outcome = field(default_factory=lambda: Outcome("silent"))

    def say(self, text: str, *, answers: Iterable[str] = ()) -> Talk:
        """Go on. `answers`: to what the bot asks on the way; `yes` approves, anything else does not."""
        self.rehearsal.people = Scripted(list(answers)) if answers else None
        self.outcome = self.rehearsal.say(text)
        return self

    @property
    def replies(self) -> list[str]:
        """What it said to the last message."""
        return self.rehearsal.replies

    @property
    def reply(self) -> str:
        """The last thing it said; "" when it said nothing to the last message."""
        return self.replies[-1] if self.replies else ""

    @property
    def asked(self) -> list[str]:
        """What it asked people on the way: titles of approvals, questions."""
        return self.rehearsal.asked

    @property
    def sent(self) -> list[tuple[str, str]]:
        """What it would have sent to others after approval, as (username, text)."""
        return self.rehearsal.sent

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The trace of the last run: a record a step, as docs/api/runs.md describes it."""
        return self.outcome.steps


class RunBot:
    """What the fixture `run_bot` is: call it to talk to a bot."""

    def __init__(self, folder: Path) -> None:
        """`folder`: of the test that asks."""
        self.folder = folder

    def __call__(
        self, file: str | Path, *say: str, model: Script = (), answers: Iterable[str] = (), now: datetime = NOW, asker: str = "bea"
    ) -> Talk:
        """Say one thing after the other to the bot of this file.

        Args:
            file: the bot's file, beside the test or in the folder above it; or a path.
            say: what is said, in order. Nothing: only load it.
            model: what the bot's Chat modules answer, in order: texts, or errors to raise. A module that is not scripted, EchoBot for
                one, answers as always when this is empty.
            answers: to what the bot asks on the way, for the last thing said.
            now: the time at which it all happens.
            asker: who speaks.

        Raises:
            FileNotFoundError: there is no such file.
            BrokenBotFile: the file is wrong; the error lists every mistake with its line.
            AssertionError: the bot asked its model more often than the script has answers.
        """
        path = self._found(Path(file))
        chat = ScriptedChat(model)
        loader = _loader(path.parent, chat if model else None)
        pipeline = loader.load(path.read_text(encoding="utf-8"), path.name)
        assert pipeline.status == "on", pipeline.reason  # noqa: S101 (this is for tests)
        talk = Talk(Rehearsal(pipeline, loader, asker=asker, now=lambda: now), chat)
        last = len(say) - 1
        for number, text in enumerate(say):
            talk.say(text, answers=answers if number == last else ())
        return talk

    def _found(self, file: Path) -> Path:
        for place in (self.folder / file, self.folder.parent / file):
            if place.is_file():
                return place.resolve()
        raise FileNotFoundError(f"There is no {file} in {self.folder} or {self.folder.parent}.")


@pytest.fixture
def run_bot(request: pytest.FixtureRequest) -> RunBot:
    """Talk to a bot without any server: `run_bot("diary.yaml", "hello", model=["Hi!"]).reply`."""
    return RunBot(request.path.parent)


class _Loader(Loader):
    """A loader whose agents find a test's script wherever a bot file names a Chat module."""

    def __init__(self, folder: Path, catalog: Catalog) -> None:
        super().__init__(folder, Trust(Everybody(), Everybody(), {}))
        self._catalog = catalog

    def agent(self, granted: Granted) -> Agent:
        return Agent(enable_services=granted.services, enable_executors=granted.executors, catalog=self._catalog)


class Everybody(frozenset[str]):
    """An operator who allows what the file asks for: trust is not what such a test is about."""

    def __contains__(self, name: object) -> bool:
        return True


def _loader(folder: Path, chat: ScriptedChat | None) -> Loader:
    catalog = Catalog()
    if chat is not None:
        for name in catalog.module_names("Chat"):
            catalog.register(_standing_in_for(catalog.module("Chat", name), chat))
    return _Loader(folder, catalog)


def _standing_in_for(module: type[Module], chat: ScriptedChat) -> type[Module]:
    """A module of the same name, permissions and settings, which says what the script says."""

    def message(self: Module, *given: Any, **options: Any) -> Answer | Iterator[Answer]:
        return chat.message(*given, **options)

    def begin(self: Module, **settings: Any) -> None:
        inspect.signature(module).bind(**settings)

    kept = {"is_service": module.is_service, "is_executor": module.is_executor, "operator_settings": module.operator_settings}
    made: Callable[..., Any] = type
    stand_in: type[Module] = made(module.__name__, (Module, Chat), {**kept, "__init__": begin, "message": message})
    stand_in.__signature__ = inspect.signature(module)  # type: ignore[attr-defined]
    return stand_in
