"""The language of bot files (DESIGN §5): the text of one YAML file to a typed model, with every problem at once.

What a step's own settings may be is not decided here: `loader` asks the step's class.
"""

from __future__ import annotations

import re
import zoneinfo
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from pipeline.explain import problems_of
from pipeline.problem import BrokenBotFile, Problem, nearest
from pipeline.when import When
from pipeline.when import parse as parse_when
from pipeline.yaml_tree import Tree, read
from steps.asking import Duration, Terms, username

NAME = re.compile(r"[a-z][a-z0-9-]{1,40}")
STEP_NAME = re.compile(r"[A-Z][A-Za-z0-9]{0,60}")
MAX_STEPS = 50
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# What every bot understands by itself (docs/bots.md, Manners).
RESERVED = ("reset", "stop", "help", "ping", "newbot")
MAX_COMMANDS = 30
_COMMAND = re.compile(r"[a-z][a-z0-9-]{0,30}")


def _whitelist(given: Any) -> Any:
    return {"whitelist": given} if isinstance(given, list) else given


def _strings(given: Any) -> Any:
    return [given] if isinstance(given, str) else given


def _answers(given: Any) -> Any:
    """Numbers too, as people write them."""
    listed = given if isinstance(given, list) else [given]
    return [str(one) if isinstance(one, int | float) and not isinstance(one, bool) else one for one in listed]


def _terms(given: Any) -> Any:
    """`approve: true` is all defaults, and `approve: false` is nothing to approve."""
    return ({} if given else None) if isinstance(given, bool) else given


Words = Annotated[list[str], BeforeValidator(_strings)]


class _Part(BaseModel):
    """What all parts share: unknown keys are errors, text is not taken for a number, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)


class Persona(_Part):
    """Who the bot is, as people see it."""

    title: str = Field("", max_length=80)
    about: str = Field("", max_length=300)
    greeting: str = Field("", max_length=1000)
    avatar: str = Field("", max_length=100)

    @field_validator("avatar")
    @classmethod
    def _file_name(cls, name: str) -> str:
        if name and not _FILE_NAME.fullmatch(name):
            raise ValueError("an avatar is the name of a picture file, such as diary.png")
        return name


class Permissions(_Part):
    """What the bot asks for. The operator's ALLOW_SERVICES and ALLOW_EXECUTORS must agree."""

    services: bool = False
    executors: bool = False


class AccessList(_Part):
    """Who may (an empty whitelist: everybody) and who may not."""

    whitelist: list[str] = []
    blacklist: list[str] = []


class Attend(_Part):
    """When the bot listens, to whom, and how much of the conversation it is given."""

    when: Literal["mentioned", "always"] = "mentioned"
    context: int = Field(16, ge=1, le=100)
    settle: Annotated[Duration, Field(ge=0, le=60)] = 0.0
    users: Annotated[AccessList, BeforeValidator(_whitelist)] = AccessList()
    roles: Annotated[AccessList, BeforeValidator(_whitelist)] = AccessList()
    admins: list[str] = []


class Budget(_Part):
    """What the bot may spend: in all, and for each person who asks it. Days are UTC's."""

    tokens_per_day: int | None = Field(None, ge=0)
    tokens_per_person: int | None = Field(None, ge=0)


class Command(_Part):
    """A message `/name words` that means something to this bot: it reads `say`, with {words} in its place."""

    about: str = Field("", max_length=100)
    say: str = Field("{words}", min_length=1, max_length=4000)


class Expect(_Part):
    """What a test wants of the bot's last reply; `asks`: of what it asks before. Letters' case does not matter, except in `equals`."""

    contains: Words = []
    lacks: Words = []
    equals: str | None = None
    silent: bool = False
    asks: str | None = None


class Case(_Part):
    """One test: what a person says (one message, or several of one conversation) and what is expected of the last answer.

    `answers` are what people say when the bot asks: `yes` or `no` to an approval, the answer to a question. Without one it is `no`.
    """

    say: Annotated[Words, Field(min_length=1)]
    answers: Annotated[Words, BeforeValidator(_answers)] = []
    expect: Expect


class StepKeys(_Part):
    """Keys that any step may have besides its own settings; the engine reads them."""

    when: Annotated[Any, BeforeValidator(parse_when)] = None
    timeout: Annotated[Duration, Field(gt=0, le=3600)] | None = None
    retries: int = Field(0, ge=0, le=5)
    queue: Literal["bots"] = "bots"
    approve: Annotated[Terms | None, BeforeValidator(_terms)] = None

    @field_validator("queue", mode="before")
    @classmethod
    def _one_queue(cls, given: Any) -> Any:
        if given != "bots":
            raise ValueError("this version of Parley has one queue, `bots`; take this line out")
        return given


class BotFile(_Part):
    """One bot. `name` and `steps` are all that is needed."""

    name: str
    persona: Persona = Persona()
    permissions: Permissions = Permissions()
    timezone: str = "UTC"
    attend: Attend = Attend()
    budget: Budget = Budget()
    delegates: Annotated[list[Annotated[str, BeforeValidator(username)]], Field(max_length=20)] = []
    commands: Annotated[dict[str, Command], Field(max_length=MAX_COMMANDS)] = {}
    steps: Annotated[list[Any], Field(min_length=1, max_length=MAX_STEPS)]
    tests: list[Case] = Field([], max_length=200)

    @field_validator("name")
    @classmethod
    def _fit_name(cls, name: str) -> str:
        if not NAME.fullmatch(name):
            raise ValueError("a name is 2 to 41 small letters, digits and hyphens, and starts with a letter")
        return name

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        zones = zoneinfo.available_timezones()
        if name not in zones:
            hint = nearest(name, zones)
            raise ValueError(
                "there is no such time zone; write it like Australia/Melbourne" + (f'. Did you mean "{hint}"?' if hint else "")
            )
        return name

    @field_validator("commands", mode="before")
    @classmethod
    def _fit_commands(cls, commands: Any) -> Any:
        for name in commands if isinstance(commands, dict) else ():
            if not isinstance(name, str) or not _COMMAND.fullmatch(name):
                raise ValueError(f"`{name}` is no name for a command: small letters, digits and hyphens, such as joke")
            if name in RESERVED:
                raise ValueError(f"every bot has the command /{name} already; give yours another name")
        return {name: {} if told is None else told for name, told in commands.items()} if isinstance(commands, dict) else commands


@dataclass(frozen=True)
class StepSpec:
    """One step as the file asks for it: what it is called, its own settings, the engine's keys, and where it stands in the file."""

    index: int
    name: str
    settings: dict[str, Any]
    keys: StepKeys
    path: tuple[str | int, ...]
    line: int

    @property
    def when(self) -> When | None:
        """The condition under which the step runs."""
        condition: When | None = self.keys.when
        return condition


@dataclass(frozen=True)
class Parsed:
    """What could be read of a file. `bot` is None and `problems` is not empty when something outside the steps' own settings is wrong."""

    file: str
    text: str
    tree: Tree
    bot: BotFile | None
    specs: list[StepSpec]
    problems: list[Problem]


def parse(text: str, file: str) -> Parsed:
    """Read a bot file. Raises BrokenBotFile when it is not even strict YAML; anything else that is wrong is in `problems`."""
    tree = read(text, file)
    if not isinstance(tree.value, dict):
        raise BrokenBotFile([Problem(file, tree.line, "", "a bot file is a map with the keys `name` and `steps`")])
    problems: list[Problem] = []
    bot = None
    try:
        bot = BotFile.model_validate(tree.plain())
    except ValidationError as error:
        problems = problems_of(error, BotFile, tree, file)
    specs = _specs(tree, file, problems)
    return Parsed(file, text, tree, None if problems else bot, specs, problems)


def _specs(tree: Tree, file: str, problems: list[Problem]) -> list[StepSpec]:
    steps = tree.value.get("steps") if isinstance(tree.value, dict) else None
    if steps is None or not isinstance(steps.value, list):
        return []
    found = (_spec(index, step, tree, file, problems) for index, step in enumerate(steps.value[:MAX_STEPS]))
    return [spec for spec in found if spec is not None]


def _spec(index: int, step: Tree, tree: Tree, file: str, problems: list[Problem]) -> StepSpec | None:
    """The step in any of its three forms; what is wrong with it goes to `problems`."""

    def wrong(message: str, key: str = "", hint: str = "") -> None:
        problems.append(Problem(file, step.line, f"steps.{index + 1}" + (f".{key}" if key else ""), message, hint))

    name, config, path = _form(index, step, wrong)
    if name is None:
        return None
    if not isinstance(name, str) or not STEP_NAME.fullmatch(name):
        wrong("a step is named like a Python class: a capital letter, then letters and digits")
        return None
    if config is not None and not isinstance(config.value, dict):
        wrong("a step's settings are a map (`key: value`)", name)
        return None
    settings = config.plain() if config else {}
    mine = {key: settings.pop(key) for key in list(settings) if key in StepKeys.model_fields}
    try:
        keys = StepKeys.model_validate(mine)
    except ValidationError as error:
        problems.extend(problems_of(error, StepKeys, tree, file, path))
        keys = StepKeys()
    return StepSpec(index, name, settings, keys, path, step.line)


def _form(index: int, step: Tree, wrong: Any) -> tuple[Any, Tree | None, tuple[str | int, ...]]:
    """(name, settings, where the settings stand), or (None, …) after saying what is wrong."""
    here: tuple[str | int, ...] = ("steps", index)
    value = step.value
    if isinstance(value, str):
        return value, None, here
    if isinstance(value, dict) and "class" in value:
        for key in value.keys() - {"class", "config"}:
            wrong("there is no such key beside `class`", key, nearest(key, ["config"]))
        config = value.get("config")
        return value["class"].value, config if config is not None and config.value is not None else None, (*here, "config")
    if isinstance(value, dict) and len(value) == 1:
        name, config = next(iter(value.items()))
        return name, None if config.value is None else config, (*here, name)
    wrong("a step is a name, a name with its settings below it (`Chat: {model: large}`), or `class:` with `config:`")
    return None, None, here
