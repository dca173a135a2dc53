"""A step that does one Dosaku task: what a bot file gets when it names a task that has no built-in step of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from dosaku import Learned, Usage
from dosaku.catalog import catalog
from dosaku.errors import DosakuError
from errors import PayloadError, StepMisconfigured
from steps import Payload, Step, StepContext


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
        given = _taken(payload, self._keys.in_)
        try:
            answer = getattr(self._learned, self._action)(given)
            if isinstance(answer, Iterator):
                answer = self._streamed(answer)
        except DosakuError as error:
            self._used(error)
            raise
        self._used(answer)
        self.note = self._module
        _put(payload, self._keys.out, str(answer) if isinstance(answer, str) else answer)
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


def _taken(payload: Payload, key: str) -> Any:
    value: Any = payload
    for part in key.split("."):
        if not isinstance(value, dict) or part not in value:
            raise PayloadError(f"The payload has nothing at `{key}` for this step to work on.")
        value = value[part]
    return value


def _put(payload: Payload, key: str, answer: Any) -> None:
    *path, last = key.split(".")
    for part in path:
        inner = payload.setdefault(part, {})
        if not isinstance(inner, dict):
            raise PayloadError(f"The payload's `{part}` is no map, so nothing can be put at `{key}`.")
        payload = inner
    payload[last] = answer
