"""A bot, ready to run: its file and its steps with their classes found and their settings checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.bot_file import BotFile
from pipeline.when import When
from steps import Step, StepContext, Terms

# What a step may take when the bot file does not say.
STEP_SECONDS = 600.0


@dataclass(frozen=True)
class BuiltStep:
    """One step, ready to be made for a run."""

    index: int
    name: str
    step: type[Step]
    settings: Mapping[str, Any]
    when: When | None = None
    timeout: float = STEP_SECONDS
    retries: int = 0
    approve: Terms | None = None

    def make(self, context: StepContext) -> Step:
        """The step for one run. Cheap; sends nothing."""
        return self.step(self.settings, context)

    @property
    def on_behalf(self) -> bool:
        """Whether the step acts in the name of who asked."""
        return self.step.on_behalf(self.settings)

    @property
    def detail(self) -> str:
        """A few words for the list of a bot's steps."""
        return self.step.detail(self.settings)


@dataclass(frozen=True)
class Granted:
    """What the bot may do: what its file asks for and the operator allows (I6)."""

    services: bool = False
    executors: bool = False


@dataclass(frozen=True)
class Pipeline:
    """One version of one bot. `status` is "off", with the `reason`, when it is well made but may not or cannot run here;
    `notes` are for whoever checks the file, `picture` is another text for each picture."""

    file: str
    text: str
    bot: BotFile
    steps: tuple[BuiltStep, ...]
    granted: Granted
    code_hash: str
    custom: frozenset[str]
    status: Literal["on", "off"] = "on"
    reason: str = ""
    notes: tuple[str, ...] = ()
    picture: str = ""

    @property
    def name(self) -> str:
        """The bot's name."""
        return self.bot.name
