"""Which tasks and modules there are. One line each; nothing is imported before it is asked for."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import cast

from dosaku.errors import UnknownModule, UnknownTask
from dosaku.module import Module
from dosaku.task import Task, tasks_of

TASKS = {
    "Chat": "dosaku.tasks.chat",
}

# module: its tasks, and where it lives. The first module of a task is what learning the task loads.
MODULES: dict[str, tuple[tuple[str, ...], str]] = {
    "EchoBot": (("Chat",), "dosaku.modules.echo_bot"),
    "OpenAIChat": (("Chat",), "dosaku.services.openai_chat"),
}


@dataclass
class Catalog:
    """The tasks and modules an agent can learn: the shipped ones and those that were registered."""

    _tasks: dict[str, type[Task] | str] = field(default_factory=lambda: dict(TASKS))
    _modules: dict[str, tuple[tuple[str, ...], type[Module] | str]] = field(default_factory=lambda: dict(MODULES))

    def register(self, module: type[Module]) -> type[Module]:
        """Add a module, and its tasks with it. The first one registered for a task is its default. Usable as a decorator."""
        tasks = tasks_of(module)
        for task in tasks:
            self._tasks.setdefault(task.__name__, task)
        self._modules[module.__name__] = (tuple(task.__name__ for task in tasks), module)
        return module

    def task_names(self) -> list[str]:
        """The tasks that at least one module does."""
        return [name for name in self._tasks if any(name in tasks for tasks, _ in self._modules.values())]

    def module_names(self, task: str) -> list[str]:
        """The modules that do a task, the default first."""
        return [name for name, (tasks, _) in self._modules.items() if task in tasks]

    def task(self, name: str) -> type[Task]:
        """The class of a task. Raises UnknownTask."""
        if name not in self.task_names():
            raise UnknownTask(f"There are no known modules which have registered the task {name}.")
        return cast(type[Task], _resolved(name, self._tasks[name]))

    def module(self, task: str, name: str | None = None) -> type[Module]:
        """The class of a module for a task, by default the task's first. Raises UnknownTask or UnknownModule."""
        self.task(task)
        known = self.module_names(task)
        if name is None:
            name = known[0]
        if name not in known:
            raise UnknownModule(f"There is no module {name} for the task {task}. There are: {', '.join(known)}.")
        return cast(type[Module], _resolved(name, self._modules[name][1]))


def _resolved(name: str, place: type | str) -> type:
    return cast(type, getattr(importlib.import_module(place), name)) if isinstance(place, str) else place


catalog = Catalog()
