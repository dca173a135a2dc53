"""Task: what a person wants done. An abstract class, its documentation and its actions."""

from __future__ import annotations

from abc import ABC
from typing import ClassVar


class Task(ABC):  # noqa: B024 (each task brings abstract methods of its own)
    """Base of every task.

    A task is a direct subclass: a CamelCase name, a docstring that says what it is, and actions: public abstract
    methods with docstrings (Args, Returns, Example). It says what can be asked, never how it is done. Actions may keep
    state between them. The first action is what calling the task does.
    """

    actions: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        """Remember the actions of a new task. What a module adds to its task is no action."""
        super().__init_subclass__()
        if Task in cls.__bases__:
            cls.actions = tuple(
                name for name, value in vars(cls).items() if getattr(value, "__isabstractmethod__", False) and not name.startswith("_")
            )


def tasks_of(cls: type) -> tuple[type[Task], ...]:
    """The tasks that a module's class implements, in the order in which it names them."""
    return tuple(base for base in cls.__mro__ if Task in base.__bases__)
