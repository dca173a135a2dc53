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

import json
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from dosaku import Agent
from dosaku.usage import Usage
from errors import Cancelled, StepError, StepMisconfigured
from steps.asking import Delegation, Edits, Part, Question, Terms

Payload = dict[str, Any]


@dataclass(frozen=True)
class Attachment:
    """A file or picture of a message."""

    name: str
    content_type: str
    data: bytes


class Workshop(Protocol):
    """What a bot that works on bots may do, always with the rights of the person who asked it. Nothing here changes a bot: its editors
    decide over what is proposed. Everything raises StepError with the app's words when it may not be."""

    def rights(self) -> dict[str, Any]:
        """{"may_make_bots", "reason"}: whether the asker may have new bots, and why not in plain words."""

    def runs(self, bot: str, outcome: str = "", limit: int = 20) -> list[dict[str, Any]]:
        """A bot's runs that have ended, in rooms the asker is in: `failed`, `corrected`, `disliked`, …, or any. docs/api/workshop.md."""

    def file(self, bot: str) -> dict[str, Any]:
        """{"name", "yaml", "version", "may_edit"} of the bot's file as it is live; `may_edit`: whether the asker is one of its editors."""

    def propose(self, bot: str, yaml: str, why: str, base: int | None = None) -> dict[str, Any]:
        """Propose a text for the bot's file, or a new bot: {"id", "page", "cases", …}. `page` is where its editors decide."""

    def run_cases(self, bot: str, yaml: str | None = None) -> list[dict[str, Any]]:
        """[{"case", "passed", "missed"}] of this text, or of the live file. For the bot's editors."""


class NoWorkshop:
    """Where there is no chat: in a terminal, in a trial, in tests."""

    def rights(self) -> dict[str, Any]:
        """See Workshop."""
        raise self._none()

    def runs(self, bot: str, outcome: str = "", limit: int = 20) -> list[dict[str, Any]]:
        """See Workshop."""
        raise self._none()

    def file(self, bot: str) -> dict[str, Any]:
        """See Workshop."""
        raise self._none()

    def propose(self, bot: str, yaml: str, why: str, base: int | None = None) -> dict[str, Any]:
        """See Workshop."""
        raise self._none()

    def run_cases(self, bot: str, yaml: str | None = None) -> list[dict[str, Any]]:
        """See Workshop."""
        raise self._none()

    def _none(self) -> StepError:
        return StepError("Other bots can be looked at in a room only: there is no chat here.", code="no_workshop", permanent=True)


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

    def record(self, *, usage: Usage | None = None, prompt: Sequence[Mapping[str, Any]] | None = None, code: str | None = None) -> None:
        """Put what a service used, what it was asked, and code that was generated, into the trace of this step. Uses add up."""

    def log(self, text: str) -> None:
        """Leave a line in the trace of this step, for whoever opens the run."""

    def attachment(self, reference: str) -> Attachment:
        """A file or picture of one of the payload's messages, by its `id`. Raises StepError when it cannot be read."""

    @property
    def workshop(self) -> Workshop:
        """What a bot that works on bots may read and propose."""


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
        repeatable: doing it twice is as good as doing it once. An approved `effect` that is not is never begun again after its worker died.
        sends: set in `process` by a step that asks the app to send what was approved, in the name of who asked.
        settings: per object, the settings as the `Config` that they were checked with.

    Building a step is cheap and sends nothing. It raises StepMisconfigured when its settings are wrong, and Dosaku's
    PermissionRequired or KeyMissing when the bot may not or cannot do it, so the loader builds each step once to find out.
    """

    Config: ClassVar[type[BaseModel]] = AnyConfig
    costs: bool = False
    effect: bool = False
    repeatable: bool = False
    sends: bool = False
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

    def asks(self, payload: Payload) -> Terms | None:
        """Whether a person must approve what the step will do, though its file has no `approve:`. None: no."""
        return Terms() if self.on_behalf(self.config) else None

    def preview(self, payload: Payload) -> list[Part]:
        """What the step will do with this payload: the exact texts, code, files and recipients that a person approves.

        Asked before `process`, and again after the approval, when it must give the very same bytes: so it may not depend on the time,
        on chance or on anything but payload and settings. By default the settings, and the draft or the newest message.
        """
        parts = [Part("code", "Settings", json.dumps(dict(self.config), ensure_ascii=False, indent=2, default=str))] if self.config else []
        draft = payload.get("draft")
        body = draft.get("body") if isinstance(draft, dict) else None
        if isinstance(body, str) and body.strip():
            return [*parts, Part("text", "Draft", body, name="draft", editable=True)]
        messages = payload.get("messages")
        newest = messages[-1].get("body") if isinstance(messages, list) and messages and isinstance(messages[-1], dict) else None
        if isinstance(newest, str) and newest.strip():
            parts.append(Part("text", "Message", newest))
        return parts or [Part("text", "Step", type(self).__name__)]

    def edited(self, payload: Payload, texts: Edits) -> Payload:
        """The payload with the texts that were approved, which a person may have changed: those of the editable parts, by name."""
        if "draft" in texts:
            payload["draft"]["body"] = texts["draft"]
        return payload

    def wants(self, payload: Payload) -> Question | Delegation | None:
        """What the step needs to hear before `process`: of a person, or of another bot. By default nothing."""
        return None

    def answered(self, payload: Payload, answer: Mapping[str, Any]) -> Payload:
        """The payload with the answer to what the step wanted: {"value"} of a question, {"outcome", "replies", "explanation"} of a bot."""
        raise StepError(f"{type(self).__name__} asked nothing, and got an answer.", code="answer_unfit")

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

    @classmethod
    def on_behalf(cls, config: Mapping[str, Any]) -> bool:
        """Whether it acts in the name of the person who asked. Then it always asks first, and only they may approve it (I5)."""
        return False

    @classmethod
    def callees(cls, config: Mapping[str, Any]) -> list[str]:
        """The bots it may hand work to; each must be in the file's `delegates`."""
        return []

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
