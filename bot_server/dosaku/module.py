"""Module, Service, Executor: how a task is done, and what it may cost.

                                 Module   Service   Executor
may download data                   x        x         x
may send data, may cost money                x
may run generated code                                 x
computes                          here   elsewhere    here
"""

from __future__ import annotations

import inspect
from typing import ClassVar

from dosaku.task import tasks_of


class Module:
    """Does one or more tasks, on this machine and for free.

    A module is a class that inherits Module (or Service, or Executor) and its tasks: `class EchoBot(Module, Chat)`.
    It can be used without an agent. Its constructor's keyword arguments are its settings.

    Class attributes:
        is_service, is_executor: the permissions an agent needs for it, read before anything is constructed.
        operator_settings: settings that only the operator gives (keys, addresses), never a bot file.
    """

    is_service: ClassVar[bool] = False
    is_executor: ClassVar[bool] = False
    operator_settings: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls) -> None:
        """Refuse a module that does no task: nobody could learn it."""
        super().__init_subclass__()
        if cls.__module__ != __name__ and not tasks_of(cls):
            raise TypeError(f"{cls.__name__} must register at least one task.")

    @classmethod
    def settings(cls) -> tuple[str, ...]:
        """The names of the settings that anybody may give."""
        names = inspect.signature(cls).parameters
        return tuple(name for name in names if name not in cls.operator_settings)

    def check(self) -> None:
        """Raise a DosakuError when the module cannot work as it was set up, such as a missing key. Sends nothing."""


class Service(Module):
    """A module that goes over the network and may cost money."""

    is_service = True


class Executor(Module):
    """A module that may run generated code."""

    is_executor = True
