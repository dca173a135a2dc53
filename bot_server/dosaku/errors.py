"""Every error of Dosaku.

DosakuError
├── UnknownTask (ValueError)                                nothing does this task, or the task is not known
├── UnknownModule (ValueError)                              no such module for this task
├── NotLearned (AttributeError)                             the agent has not learned this task, or the task has no such action
├── SettingsWrong (ValueError)                              a module cannot be made with these settings
│   └── KeyMissing                                          the operator has not set the service's key
├── PermissionRequired (PermissionError, ValueError)
│   ├── ServicePermissionRequired
│   └── ExecutorPermissionRequired
├── Cancelled                                               the caller asked to stop
└── ServiceError                                            a service did not do its work; `code` says why
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dosaku.usage import Usage


class DosakuError(Exception):
    """What failed.

    `code` is a stable reason code; `explanation` is plain words for a person; `permanent` means that trying again
    cannot help; `retry_after` is how many seconds to wait before trying again, if the other side said so; `usage` is
    what a service had used by then, if it had begun.
    """

    code = "dosaku_error"
    permanent = True
    usage: Usage | None = None

    def __init__(
        self, explanation: str, *, code: str | None = None, permanent: bool | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(explanation)
        self.explanation = explanation
        self.code = code or type(self).code
        self.permanent = type(self).permanent if permanent is None else permanent
        self.retry_after = retry_after


class UnknownTask(DosakuError, ValueError):
    """No module has registered the task."""

    code = "task_unknown"


class UnknownModule(DosakuError, ValueError):
    """No such module, or it does not do this task."""

    code = "module_unknown"


class NotLearned(DosakuError, AttributeError):
    """The agent has not learned this task, or the task has no such action."""

    code = "task_not_learned"


class SettingsWrong(DosakuError, ValueError):
    """A module cannot be made with these settings."""

    code = "module_settings_wrong"


class KeyMissing(SettingsWrong):
    """The operator has not set the key of a service."""

    code = "key_missing"


class PermissionRequired(DosakuError, PermissionError, ValueError):
    """The agent lacks a permission that the module's class asks for. Nothing was constructed or sent."""

    code = "permission_required"


class ServicePermissionRequired(PermissionRequired):
    """Services have not been enabled."""

    code = "services_not_allowed"

    def __init__(
        self,
        explanation: str = "Loaded module was a service, but services have not been enabled. Enable services or load a non-service module.",
    ) -> None:
        super().__init__(explanation)


class ExecutorPermissionRequired(PermissionRequired):
    """Executors have not been enabled."""

    code = "executors_not_allowed"

    def __init__(
        self,
        explanation: str = "Loaded module was an executor, but executors have not been enabled. "
        "Enable executors or load a non-executor module.",
    ) -> None:
        super().__init__(explanation)


class Cancelled(DosakuError):
    """The caller asked to stop."""

    code = "cancelled"

    def __init__(self, explanation: str = "The run was stopped.") -> None:
        super().__init__(explanation)


class ServiceError(DosakuError):
    """A service did not do its work. Trying again may help unless `permanent`."""

    code = "service_failed"
    permanent = False
