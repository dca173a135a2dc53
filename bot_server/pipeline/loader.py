"""Bot files to pipelines: finds the class of each step, checks its settings and the bot's permissions.

A step's name is looked up as a custom class in the bot folder, then as a built-in step, then as a Dosaku task. Loading runs nothing
but the bot's own custom step files, and sends nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dosaku import Agent, DosakuError, Usage
from dosaku.catalog import catalog
from dosaku.errors import ExecutorPermissionRequired, KeyMissing, ServicePermissionRequired, UnknownModule
from errors import BotServerError, StepError
from pipeline import pictures
from pipeline.bot_file import BotFile, Parsed, StepKeys, StepSpec, parse
from pipeline.custom import CustomSteps, snake
from pipeline.explain import problems_of
from pipeline.pipeline import STEP_SECONDS, BuiltStep, Granted, Pipeline
from pipeline.problem import BrokenBotFile, Problem, nearest
from pipeline.task_step import task_step
from steps import BUILT_IN, Attachment, NoWorkshop, Step


@dataclass(frozen=True)
class Trust:
    """What the operator's environment gives: bots that may use services and executors, and settings of modules (keys)."""

    services: frozenset[str] = frozenset()
    executors: frozenset[str] = frozenset()
    provide: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class Loader:
    """Makes pipelines of bot files. Keeps the classes of custom steps as long as their files do not change."""

    def __init__(self, folder: Path, trust: Trust, *, keep_last_good: bool = False) -> None:
        self.folder = folder
        self._trust = trust
        self._custom = CustomSteps(folder, keep_last_good=keep_last_good)

    def load(self, text: str, file: str) -> Pipeline:
        """The pipeline of a bot file. Raises BrokenBotFile with every problem; a bot that may not or cannot run comes back "off"."""
        parsed = parse(text, file)
        problems = list(parsed.problems)
        hashes: dict[str, str] = {}
        built = [(spec, self._built(spec, parsed, problems, hashes)) for spec in parsed.specs]
        granted = self._granted(parsed.bot) if parsed.bot else Granted()
        reasons = [self._try(spec, step, parsed, granted, problems) for spec, step in built if step]
        if problems or parsed.bot is None:
            raise BrokenBotFile(problems)
        said = " ".join(dict.fromkeys(filter(None, reasons)))
        return Pipeline(
            file=file,
            text=text,
            bot=parsed.bot,
            steps=tuple(step for _, step in built if step),
            granted=granted,
            code_hash=_together(hashes),
            custom=frozenset(hashes),
            status="off" if said else "on",
            reason=said,
            notes=pictures.notes(self.folder, parsed.bot.persona.avatar),
            picture=pictures.stamp(self.folder, parsed.bot.persona.avatar),
        )

    def is_fresh(self, pipeline: Pipeline) -> bool:
        """Whether the custom steps of a pipeline are still what is on disk."""
        try:
            found = {name: self._custom.find(name) for name in pipeline.custom}
        except BrokenBotFile:
            return False
        return all(one is not None and one.step is step.step for step in pipeline.steps for name, one in found.items() if step.name == name)

    def agent(self, granted: Granted) -> Agent:
        """An agent with exactly these permissions, and what the operator gives to modules."""
        return Agent(enable_services=granted.services, enable_executors=granted.executors, provide=self._trust.provide)

    def _built(self, spec: StepSpec, parsed: Parsed, problems: list[Problem], hashes: dict[str, str]) -> BuiltStep | None:
        """One step with its class found and its settings checked; what is wrong goes to `problems`."""
        try:
            step = self._class(spec, parsed.file, hashes)
            step.Config.model_validate(spec.settings)
        except BrokenBotFile as error:
            problems.extend(error.problems)
            return None
        except ValidationError as error:
            problems.extend(problems_of(error, step.Config, parsed.tree, parsed.file, spec.path, StepKeys.model_fields))
            return None
        timeout = STEP_SECONDS if spec.keys.timeout is None else spec.keys.timeout
        built = BuiltStep(spec.index, spec.name, step, spec.settings, spec.when, timeout, spec.keys.retries, spec.keys.approve)
        problems.extend(_undeclared(built, spec, parsed))
        return built

    def _class(self, spec: StepSpec, file: str, hashes: dict[str, str]) -> type[Step]:
        name = spec.name
        taken = name in BUILT_IN
        custom_file = self._custom.path(name)
        if custom_file is not None and taken:
            message = f"{custom_file.name} is named like the built-in step {name}; give your class and its file another name"
            raise BrokenBotFile([Problem(file, spec.line, name, message)])
        custom = self._custom.find(name)
        if custom is not None:
            hashes[name] = custom.code_hash
            return custom.step
        if taken:
            return BUILT_IN[name]
        if name in catalog.task_names():
            return task_step(name)
        known = [*BUILT_IN, *self._custom.names(), *catalog.task_names()]
        message = f"there is no step {name}: no file {snake(name)}.py beside the bot files, no built-in step and no task of that name"
        raise BrokenBotFile([Problem(file, spec.line, f"steps.{spec.index + 1}", message, nearest(name, known))])

    def _granted(self, bot: BotFile) -> Granted:
        return Granted(
            services=bot.permissions.services and bot.name in self._trust.services,
            executors=bot.permissions.executors and bot.name in self._trust.executors,
        )

    def _try(self, spec: StepSpec, step: BuiltStep, parsed: Parsed, granted: Granted, problems: list[Problem]) -> str:
        """Make a step once, which sends nothing. Why it may not or cannot run here, or ""; faults of settings go to `problems`."""
        place = f"steps.{spec.index + 1}.{spec.name}"
        try:
            step.make(_Probe(parsed.bot.name if parsed.bot else "", self.agent(granted)))
        except ServicePermissionRequired:
            return _lines_to_add("services", parsed.bot, self._trust.services, step)
        except ExecutorPermissionRequired:
            return _lines_to_add("executors", parsed.bot, self._trust.executors, step)
        except KeyMissing as error:
            return error.explanation
        except UnknownModule as error:
            line = parsed.tree.line_of((*spec.path, "module"))
            hint = nearest(str(spec.settings.get("module")), _modules_of(step))
            problems.append(Problem(parsed.file, line, f"{place}.module", error.explanation, hint))
        except (BotServerError, DosakuError) as error:
            problems.append(Problem(parsed.file, spec.line, place, error.explanation))
        except Exception as error:  # noqa: BLE001 (the constructor of a custom step may raise anything; it must not stop other bots)
            message = f"making this step stops with {type(error).__name__}: {str(error)[:200]}"
            problems.append(Problem(parsed.file, spec.line, place, message))
        return ""


class _Probe:
    """The context a step is made with to find out whether it can be made. It shows and records nothing."""

    def __init__(self, bot_name: str, agent: Agent) -> None:
        self.bot_name = bot_name
        self.timezone = "UTC"
        self.agent = agent
        self.workshop = NoWorkshop()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def draft(self, text: str) -> None:
        """Nobody is looking."""

    def activity(self, text: str) -> None:
        """Nobody is looking."""

    def cancelled(self) -> bool:
        return False

    def record(self, *, usage: Usage | None = None, prompt: Any = None, code: str | None = None) -> None:
        """There is no trace."""

    def log(self, text: str) -> None:
        """There is no trace."""

    def attachment(self, reference: str) -> Attachment:
        raise StepError("A step that is only made to see whether it can be made reads nothing.")


def _undeclared(built: BuiltStep, spec: StepSpec, parsed: Parsed) -> list[Problem]:
    """What a step would do on others' account that the file may not, or does not, ask for."""
    where = f"steps.{spec.index + 1}.{spec.name}"
    declared = parsed.bot.delegates if parsed.bot else _callees_of(parsed)
    own = parsed.bot.name if parsed.bot else ""
    found = []
    for callee in built.step.callees(spec.settings):
        line = parsed.tree.line_of((*spec.path, "to"))
        if callee == own:
            found.append(Problem(parsed.file, line, f"{where}.to", "a bot cannot hand work to itself"))
        elif callee not in declared:
            message = f"{callee} is not declared: add it to the file, as in `delegates: [{callee}]`"
            found.append(Problem(parsed.file, line, f"{where}.to", message, nearest(callee, declared)))
    if built.on_behalf and built.approve is not None and built.approve.by != "asker":
        message = "this is done in the name of the person who asks, so only they may approve it; take this line out"
        found.append(Problem(parsed.file, parsed.tree.line_of((*spec.path, "approve", "by")), f"{where}.approve.by", message))
    return found


def _callees_of(parsed: Parsed) -> list[str]:
    """The declared ones of a file that has other faults as well."""
    plain = parsed.tree.plain()
    declared = plain.get("delegates") if isinstance(plain, dict) else None
    return [one for one in declared if isinstance(one, str)] if isinstance(declared, list) else []


def _modules_of(step: BuiltStep) -> list[str]:
    task = getattr(step.step, "task", "")
    return catalog.module_names(task)


def _lines_to_add(kind: str, bot: BotFile | None, allowed: frozenset[str], step: BuiltStep) -> str:
    """What is missing for the permission, with the line to add and where."""
    said = [f"The step {step.name} needs permission to use {kind}."]
    if bot is None:
        return said[0]
    if not getattr(bot.permissions, kind):
        said.append(f"Add this line to the bot's file: permissions: {{{kind}: true}}.")
    if bot.name not in allowed:
        # Who else is allowed is not for the room to read, where this is shown.
        others = "…," if allowed else ""
        said.append(f"The operator must allow it in .env: ALLOW_{kind.upper()}={others}{bot.name}.")
    return " ".join(said)


def _together(hashes: dict[str, str]) -> str:
    """One hash over all custom step files of a bot; "" when it has none."""
    if not hashes:
        return ""
    return hashlib.sha256("\n".join(f"{name} {digest}" for name, digest in sorted(hashes.items())).encode()).hexdigest()
