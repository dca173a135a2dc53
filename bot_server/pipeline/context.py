"""What a step may know and do beside its payload, while a run runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from dosaku import Agent
from dosaku.usage import Usage
from errors import StepError
from pipeline.control import Control
from pipeline.payload import NO_SECRETS, Secrets
from steps import Attachment, NoWorkshop, Workshop

# What a step may log; the trace keeps less.
MOST_LINES = 10_000
MOST_LETTERS = 2000


class Screen(Protocol):
    """Where a run shows what it is doing: the room, a terminal, or nothing."""

    def show(self, text: str, step: str, activity: str) -> None:
        """The whole text so far, the step's name and its activity. Returns at once."""


class Blank:
    """A screen that shows nothing."""

    def show(self, text: str, step: str, activity: str) -> None:
        """Nothing to do."""


def _no_files(reference: str) -> Attachment:
    raise StepError("There are no attachments here.", code="no_attachment")


def present() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)


@dataclass
class Surroundings:
    """What all steps of one run share."""

    bot_name: str
    timezone: str
    make_agent: Callable[[], Agent]
    control: Control = field(default_factory=Control)
    screen: Screen = field(default_factory=Blank)
    secrets: Secrets = NO_SECRETS
    text: str = ""
    attachment: Callable[[str], Attachment] = _no_files
    workshop: Workshop = field(default_factory=NoWorkshop)
    now: Callable[[], datetime] = present


class Context:
    """`steps.StepContext` for one step of one run. What the step reports is kept here, apart from every other step."""

    def __init__(self, around: Surroundings, step: str) -> None:
        self._around = around
        self._step = step
        self._activity = ""
        self._agent: Agent | None = None
        self.usages: list[Usage] = []
        self.prompt: list[dict[str, Any]] | None = None
        self.logs: list[str] = []
        self.code = ""

    @property
    def bot_name(self) -> str:
        """The bot's name, which is also its user name in the chat."""
        return self._around.bot_name

    @property
    def timezone(self) -> str:
        """The time zone to speak in."""
        return self._around.timezone

    @property
    def agent(self) -> Agent:
        """The bot as a Dosaku agent, with the bot's permissions; one for each step, so that two Chat steps do not share a module."""
        if self._agent is None:
            self._agent = self._around.make_agent()
        return self._agent

    def now(self) -> datetime:
        """The present moment."""
        return self._around.now()

    def draft(self, text: str) -> None:
        """Show the whole text so far. A step that was given up shows nothing more."""
        if not self._around.control.cancelled():
            self._around.text = self._around.secrets.hide(text)
            self._show()

    def activity(self, text: str) -> None:
        """Show what the bot is doing."""
        if text != self._activity and not self._around.control.cancelled():
            self._activity = self._around.secrets.hide(text)
            self._show()

    def cancelled(self) -> bool:
        """Whether the run should end."""
        return self._around.control.cancelled()

    def log(self, text: str) -> None:
        """Leave a line in the trace of this step. A step that logs without end fills no memory."""
        if len(self.logs) < MOST_LINES:
            self.logs.append(str(text)[:MOST_LETTERS])

    def attachment(self, reference: str) -> Attachment:
        """A file or picture of one of the payload's messages, by its `id`. Raises StepError when it cannot be read."""
        return self._around.attachment(reference)

    @property
    def workshop(self) -> Workshop:
        """What a bot that works on bots may read and propose, with the asker's rights."""
        return self._around.workshop

    def record(self, *, usage: Usage | None = None, prompt: Sequence[Mapping[str, Any]] | None = None, code: str | None = None) -> None:
        """Put usage, prompt and generated code into the trace of this step."""
        if usage is not None:
            self.usages.append(usage)
        if prompt is not None:
            self.prompt = [dict(message) for message in prompt]
        if code is not None:
            self.code = str(code)

    def _show(self) -> None:
        self._around.screen.show(self._around.text, self._step, self._activity)
