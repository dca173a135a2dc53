"""The reins of one run: whoever must end it early does so here, and steps notice through `context.cancelled()`."""

from __future__ import annotations

import threading
import time
from typing import Literal

# "stale": the app said that the attempt is over. "superseded": this process has given it up by itself, and the app may not know.
Reason = Literal["stopped", "stale", "superseded", "timeout", "draining"]
_FINAL = ("stale", "superseded")


class Control:
    """Says whether the run should go on. Written by other threads (cancellation, heartbeats, shutdown), read by the run's own.

    The first reason given stays, but for "stale" and "superseded": an attempt that was given up must change nothing more, whatever
    else happened.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reason: Reason | None = None
        self._deadline: float | None = None
        self._since = 0.0
        # The step at work, or the last one that was, and how long it may take.
        self.step = ""
        self.seconds = 0.0
        self.ended = threading.Event()

    def cancel(self, reason: Reason) -> None:
        """Ask the run to end."""
        with self._lock:
            if self._reason is None or (reason in _FINAL and self._reason not in _FINAL):
                self._reason = reason
                self._since = self._since or time.monotonic()

    def waited(self) -> float:
        """For how many seconds the run has been asked to end and has not ended; 0 when nobody asked."""
        return 0.0 if self.reason() is None or self.ended.is_set() else time.monotonic() - self._since

    def arm(self, seconds: float, step: str = "") -> None:
        """Start a step's clock (monotonic: a jump of the wall clock changes nothing)."""
        self.step, self.seconds = step, seconds
        self._deadline = time.monotonic() + seconds

    def disarm(self) -> None:
        """Stop the step's clock."""
        self._deadline = None

    def forgive(self) -> None:
        """The step was late, and its result is taken all the same: the run goes on."""
        with self._lock:
            if self._reason == "timeout":
                self._reason, self._since = None, 0.0

    def overdue(self) -> float:
        """For how many seconds the step has been over its time; 0 when it is not."""
        deadline = self._deadline
        return 0.0 if deadline is None else max(0.0, time.monotonic() - deadline)

    def cancelled(self) -> bool:
        """Whether the run should end now."""
        return self.reason() is not None

    def reason(self) -> Reason | None:
        """Why it should end; None while it should go on."""
        if self._reason is None and self.overdue() > 0:
            self.cancel("timeout")
        return self._reason
