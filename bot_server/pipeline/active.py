"""The runs this worker has in hand, for whoever must reach them from another thread."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from pipeline.control import Control, Reason


@dataclass(frozen=True)
class ActiveRun:
    """One run in hand, with its reins."""

    run: str
    attempt: int
    bot: str
    control: Control = field(default_factory=Control)


class ActiveRuns:
    """All of them. At most one job of a run is in hand: a newer attempt supersedes the older, a second copy of a job finds it taken."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: dict[str, ActiveRun] = {}

    def begin(self, run: str, attempt: int, bot: str) -> ActiveRun | None:
        """Take a run in hand. None when this attempt, or a later one, is in hand already."""
        mine = ActiveRun(run, attempt, bot)
        with self._lock:
            older = self._runs.get(run)
            if older is not None and older.attempt >= attempt:
                return None
            self._runs[run] = mine
        if older is not None:
            older.control.cancel("superseded")
        return mine

    def end(self, mine: ActiveRun) -> None:
        """Let go of it."""
        mine.control.ended.set()
        with self._lock:
            if self._runs.get(mine.run) is mine:
                del self._runs[mine.run]

    def cancel(self, run: str, reason: Reason, attempt: int | None = None) -> None:
        """End a run, if it is in hand, and the attempt is this one."""
        with self._lock:
            found = self._runs.get(run)
        if found is not None and attempt in (None, found.attempt):
            found.control.cancel(reason)

    def all(self) -> list[ActiveRun]:
        """The runs in hand now."""
        with self._lock:
            return list(self._runs.values())

    def __len__(self) -> int:
        return len(self._runs)

    def __contains__(self, run: Any) -> bool:
        return run in self._runs
