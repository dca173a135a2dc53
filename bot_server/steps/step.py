"""What a step is: one stage of a bot.

A step is built for one run, with the settings that its bot file gives it and a context, and is then asked once to
`process` the payload. It keeps nothing between runs. Operators write steps of their own beside their bot files:

    class Shout(Step):
        def process(self, payload):
            payload["reply"] = payload["draft"]["body"].upper()
            return payload

The payload is a dict of JSON values. What the built-in steps read and write:

    payload["messages"]   the context window, oldest first: {"id", "author": {"username", "name", "is_bot"}, "body", "created_at"}
    payload["room"]       {"id", "kind": "direct" | "group", "name"}
    payload["asker"]      {"username", "name", "timezone"}
    payload["draft"]      {"body": str, "metadata": {}}: the answer so far. Draft starts it, Chat and Metadata change it
    payload["prompt"]     [{"role": "system" | "user" | "assistant", "content": str}]. Format makes it, Guide adds to it, Chat sends it
    payload["reply"]      a str or {"body", "metadata"}: the engine posts it after the step
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from dosaku import Agent
from dosaku.usage import Usage
from errors import Cancelled, StepMisconfigured

Payload = dict[str, Any]


class StepContext(Protocol):
    """What a step may know and do beside its payload. The pipeline gives it; `testing.steps.FakeContext` stands in for it in tests."""

    @property
    def bot_name(self) -> str:
        """The bot's name, which is also its user name in the chat."""

    @property
    def timezone(self) -> str:
        """The time zone to speak in (IANA): the bot file's, else the asker's, else UTC."""

    @property
    def agent(self) -> Agent:
        """The bot as a Dosaku agent, with the bot's permissions and nothing learned yet."""

    def now(self) -> datetime:
        """The present moment, with a time zone."""

    def draft(self, text: str) -> None:
        """Show the whole text so far in the room. A text that does not continue the last one replaces it. Returns at once."""

    def activity(self, text: str) -> None:
        """Show what the bot is doing, such as "thinking with small". Returns at once."""

    def cancelled(self) -> bool:
        """Whether somebody stopped the run, or the attempt became stale. Cheap enough to be asked ten times a second."""

    def record(self, *, usage: Usage | None = None, prompt: Sequence[Mapping[str, Any]] | None = None) -> None:
        """Put what a service used, and what it was asked, into the trace of this step. Uses of one step add up."""


class StepConfig(BaseModel):
    """Settings of a built-in step. A key that is not here is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AnyConfig(BaseModel):
    """Settings of a custom step that declares none: anything goes."""

    model_config = ConfigDict(extra="allow", frozen=True)


class Step(ABC):
    """One stage of a bot. Subclasses define `process`; everything else has a default.

    Class attributes:
        Config: the pydantic model of the step's settings. A custom step without one takes any settings.
        costs: doing it spends money, so its result is recorded in the app at once and never done twice. May be set per step object.
        effect: doing it changes something outside, likewise.
        settings: per object, the settings as the `Config` that they were checked with.

    Building a step is cheap and sends nothing. It raises StepMisconfigured when its settings are wrong, and Dosaku's
    PermissionRequired or KeyMissing when the bot may not or cannot do it, so the loader builds each step once to find out.
    """

    Config: ClassVar[type[BaseModel]] = AnyConfig
    costs: bool = False
    effect: bool = False
    settings: Any

    def __init__(self, config: Mapping[str, Any], context: StepContext) -> None:
        """`config` is the step's settings as the bot file gives them; `context` is what it may know and do."""
        self.config: Mapping[str, Any] = config
        self.context = context
        self.note = ""
        self.settings = self._checked(config)

    @abstractmethod
    def process(self, payload: Payload) -> Payload | Awaitable[Payload]:
        """Do the step's work on the payload, which is a copy of its own, and return it. May be `async`.

        Raises:
            Cancelled: the run was stopped meanwhile.
            Any error: the run fails. Errors of ours and Dosaku's say themselves whether trying again can help.
        """

    @property
    def bot_name(self) -> str:
        """The bot's name."""
        return self.context.bot_name

    @property
    def activity(self) -> str:
        """What the room shows while the step works. Empty: nothing is shown."""
        return ""

    def summary(self) -> str:
        """One line for the trace, asked for after `process`: what the step did ("3 messages, newest last")."""
        return self.note

    @classmethod
    def detail(cls, config: Mapping[str, Any]) -> str:
        """A few words for the list of a bot's steps ("OpenAIChat · large"), asked for without building the step."""
        return ""

    def stop_if_cancelled(self) -> None:
        """Raise Cancelled when somebody stopped the run. Call it in any loop that takes long."""
        if self.context.cancelled():
            raise Cancelled

    def _checked(self, config: Mapping[str, Any]) -> Any:
        try:
            return self.Config.model_validate(dict(config))
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            place = ".".join(map(str, first["loc"])) or "settings"
            raise StepMisconfigured(f"{type(self).__name__}: {place}: {first['msg']}.") from None
