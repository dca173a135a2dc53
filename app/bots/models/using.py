"""What a run used, when it went on after it had waited: its bot knows only of what it used since."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bots.models.run import Run


def used_by(run: Run, usage: dict[str, Any] | None) -> dict[str, Any]:
    """This usage, and what was used before the run waited."""
    earlier: dict[str, Any] = (run.start or {}).get("used") or {}
    total = dict(earlier)
    for key, value in (usage or {}).items():
        before = total.get(key)
        if isinstance(value, bool) and isinstance(before, bool):
            total[key] = before or value
        elif _counts(value) and _counts(before):
            total[key] = before + value
        else:
            total[key] = value
    return total


def _counts(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
