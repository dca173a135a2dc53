"""A step that does one Dosaku task: what a bot file gets when it names a task that has no built-in step of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from dosaku import Learned, Usage
from dosaku.catalog import catalog
from dosaku.errors import DosakuError
from errors import StepMisconfigured
from steps import Payload, Step, StepContext
from steps.asking import Edits, Part
from steps.paths import put, taken


class TaskConfig(BaseModel):
    """The keys of a task step; what is left over goes to the module's constructor."""

    model_config = ConfigDict(extra="allow", frozen=True, populate_by_name=True)

    module: str | None = None
    action: str | None = None
    in_: str = Field("draft.body", alias="in", min_length=1)
    out: str = Field("draft.body", min_length=1)


class TaskStep(Step):
    """Calls one action of a task with what stands at `in` of the payload and puts the answer at `out`. Both are payload keys, dotted."""

    Config = TaskConfig
    task: ClassVar[str]

    def __init__(self, config: Mapping[str, Any], context: StepContext) -> None:
        """Learn the task. Raises what `Agent.learn` raises, and StepMisconfigured when the task has no such action."""
        super().__init__(config, context)
        keys = TaskConfig.model_validate(dict(config))
        actions = context.agent.api(self.task)
        self._action = keys.action or actions[0]
        if self._action not in actions:
            raise StepMisconfigured(f"{self.task} has no action {self._action}. It has: {', '.join(actions)}.")
        self._keys = keys
        module = catalog.module(self.task, keys.module)
        self.costs = module.is_service
        self.effect = module.is_executor
        self._learned: Learned = context.agent.learn(self.task, keys.module, **(keys.model_extra or {}))
        self._module = module.__name__

    @classmethod
    def detail(cls, config: Mapping[str, Any]) -> str:
        """The module that does it."""
        return str(config.get("module") or "")

    def process(self, payload: Payload) -> Payload:
        """Do the task."""
        given = taken(payload, self._keys.in_)
        try:
            answer = getattr(self._learned, self._action)(given)
            if isinstance(answer, Iterator):
                answer = self._streamed(answer)
        except DosakuError as error:
            self._used(error)
            raise
        self._used(answer)
        self.note = self._module
        put(payload, self._keys.out, str(answer) if isinstance(answer, str) else answer)
        return payload

    def preview(self, payload: Payload) -> list[Part]:
        """The module, and what goes in."""
        given = taken(payload, self._keys.in_)
        settings = json.dumps(self._keys.model_extra, ensure_ascii=False, sort_keys=True) if self._keys.model_extra else ""
        shown = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False, indent=2)
        return [
            Part("recipients", "Goes to", " ".join(part for part in (f"{self._module}.{self._action}", settings) if part)),
            Part("text", "What goes in", shown, name="in", editable=isinstance(given, str)),
        ]

    def edited(self, payload: Payload, texts: Edits) -> Payload:
        """What goes in, in other words."""
        if "in" in texts:
            put(payload, self._keys.in_, texts["in"])
        return payload

    def _used(self, told: Any) -> None:
        """Record what an answer, or the error instead of it, says that a service used."""
        usage = getattr(told, "usage", None)
        if isinstance(usage, Usage):
            self.context.record(usage=usage)

    def _streamed(self, parts: Iterator[Any]) -> Any:
        part = ""
        for part in parts:
            self.stop_if_cancelled()
            self.context.draft(str(part))
        return part


def task_step(task: str) -> type[TaskStep]:
    """The step class of a task."""
    return type(task, (TaskStep,), {"task": task, "__doc__": f"Does the task {task}."})
