"""Agent: learns tasks, holds permissions."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping
from typing import Any

from dosaku.catalog import Catalog, catalog
from dosaku.errors import ExecutorPermissionRequired, NotLearned, ServicePermissionRequired, SettingsWrong
from dosaku.module import Module
from dosaku.task import Task


class Learned:
    """A task as an agent has learned it. Only the task's actions are reachable; calling it does the first one."""

    def __init__(self, task: type[Task], module: Module) -> None:
        """`module` is what does the task from now on."""
        self._task = task
        self._module = module

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Do the task's first action."""
        return getattr(self, self._task.actions[0])(*args, **kwargs)

    def __getattr__(self, action: str) -> Any:
        if action not in self._task.actions:
            raise NotLearned(f"{self._task.__name__} has no action {action}. It has: {', '.join(self._task.actions)}.")
        return getattr(self._module, action)

    def check(self) -> None:
        """Raise a DosakuError when the task cannot be done as its module was set up, such as a missing key."""
        self._module.check()

    def __dir__(self) -> list[str]:
        return list(self._task.actions)

    def __repr__(self) -> str:
        return f"<{self._task.__name__} by {type(self._module).__name__}>"


class Agent:
    """The default personal assistant: knows nothing at first, and learns tasks.

        agent = Agent()
        agent.learn('Chat')
        agent.Chat.message("Hello, what's your name?")   # "Hi, I'm EchoBot."

    Services and executors must be enabled first. The permission is read from the module's class, before anything is
    constructed or sent.
    """

    def __init__(
        self,
        *,
        enable_services: bool = False,
        enable_executors: bool = False,
        provide: Mapping[str, Mapping[str, Any]] | None = None,
        catalog: Catalog = catalog,
    ) -> None:
        """Make an agent.

        Args:
            enable_services: whether it may use modules that send data and may cost money.
            enable_executors: whether it may use modules that run generated code.
            provide: settings that the operator gives to modules, by module name, such as keys. What `learn` is given wins.
            catalog: where tasks and modules are looked up.
        """
        self.services_enabled = enable_services
        self.executors_enabled = enable_executors
        self._provide = {name: dict(settings) for name, settings in (provide or {}).items()}
        self._catalog = catalog
        self._learned: dict[str, tuple[Learned, Module]] = {}

    @property
    def tasks(self) -> list[str]:
        """The tasks the agent has learned."""
        return list(self._learned)

    @property
    def learnable_tasks(self) -> list[str]:
        """The tasks the agent can learn."""
        return self._catalog.task_names()

    @property
    def loaded_modules(self) -> list[str]:
        """The modules that do the learned tasks."""
        return list(dict.fromkeys(type(module).__name__ for _, module in self._learned.values()))

    def api(self, task: str | type[Task]) -> list[str]:
        """The actions of a task, learned or not."""
        return list(self._task(task).actions)

    def doc(self, task: str | type[Task], action: str | None = None) -> str:
        """What a task, or one of its actions, says about itself; learned or not."""
        found = self._task(task)
        if action is None:
            return found.__doc__ or ""
        if action not in found.actions:
            raise NotLearned(f"{found.__name__} has no action {action}. It has: {', '.join(found.actions)}.")
        return getattr(found, action).__doc__ or ""

    def learn(
        self, task: str | type[Task], module: str | type[Module] | None = None, *, force_relearn: bool = False, **settings: Any
    ) -> Learned:
        """Load a module that does the task, and return the learned task, also reachable as `agent.TaskName`.

        Args:
            task: the task, or its name.
            module: the module, or its name; without it, the task's default.
            force_relearn: make the module anew though it is loaded.
            **settings: go to the module's constructor.

        Raises:
            UnknownTask, UnknownModule: nothing of that name does it.
            ServicePermissionRequired, ExecutorPermissionRequired: the agent may not use the module.
            SettingsWrong: the module takes no such settings.
        """
        found = self._task(task)
        cls = self._catalog.module(found.__name__, module) if module is None or isinstance(module, str) else module
        self._check_permission(cls)
        known = self._learned.get(found.__name__)
        if known and type(known[1]) is cls and not force_relearn:
            warnings.warn(f"{cls.__name__} is already loaded and is used again. Pass force_relearn=True to load it anew.", stacklevel=2)
            return known[0]
        made = self._make(cls, settings)
        learned = Learned(found, made)
        self._learned[found.__name__] = (learned, made)
        return learned

    def module(self, task: str | type[Task], module: str | None = None) -> type[Module]:
        """The class that learning the task would load; nothing is loaded. Raises UnknownTask or UnknownModule."""
        return self._catalog.module(self._task(task).__name__, module)

    def enable_services(self) -> None:
        """Allow modules that send data and may cost money."""
        self.services_enabled = True

    def disable_services(self) -> None:
        """Stop learning services. What is already learned stays learned."""
        self.services_enabled = False

    def enable_executors(self) -> None:
        """Allow modules that run generated code."""
        self.executors_enabled = True

    def disable_executors(self) -> None:
        """Stop learning executors. What is already learned stays learned."""
        self.executors_enabled = False

    def __getattr__(self, task: str) -> Learned:
        learned = self.__dict__.get("_learned", {}).get(task)
        if learned is None:
            raise NotLearned(f"The agent has not learned {task}.")
        return learned[0]  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} tasks={self.tasks}>"

    def _task(self, task: str | type[Task]) -> type[Task]:
        return self._catalog.task(task if isinstance(task, str) else task.__name__)

    def _check_permission(self, module: type[Module]) -> None:
        if module.is_service and not self.services_enabled:
            raise ServicePermissionRequired
        if module.is_executor and not self.executors_enabled:
            raise ExecutorPermissionRequired

    def _make(self, module: type[Module], settings: Mapping[str, Any]) -> Module:
        given = self._provide.get(module.__name__, {}) | dict(settings)
        try:
            inspect.signature(module).bind(**given)
        except TypeError as error:
            known = ", ".join(module.settings()) or "none"
            raise SettingsWrong(f"{module.__name__}: {error}. Its settings are: {known}.") from None
        return module(**given)
