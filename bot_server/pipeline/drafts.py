"""Text in flight, from all runs of a worker to the app in one request at a time.

The first frame goes at once, the next ones 25 ms apart. A frame carries what is new since the last one; when the app has lost the
thread (it says `resend`), the whole text goes again. Drafts may be lost; nothing else depends on them.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from errors import BotServerError

log = logging.getLogger(__name__)

GAP = 0.025
PAUSE_WHEN_AWAY = 0.5
# The app keeps this much of a text in flight; the reply itself has the rest.
LONGEST_TEXT = 100_000
# Characters, of up to four bytes each; with one text more than this a request stays below the 1 MB that the app takes.
MAX_TEXT_PER_REQUEST = 128 * 1024
MAX_FRAMES = 400

Send = Callable[[Sequence[dict[str, Any]]], tuple[list[str], list[str]]]


@dataclass
class Line:
    """One run's draft: what it should show, and what the app has been sent of it."""

    drafts: Drafts
    run: str
    attempt: int
    text: str = ""
    step: str = ""
    activity: str = ""
    sent: str = ""
    dirty: bool = False
    in_flight: bool = False

    def show(self, text: str, step: str, activity: str) -> None:
        """The whole text so far, the step's name and its activity. Returns at once."""
        self.drafts.put(self, text, step, activity)

    def frame(self) -> dict[str, Any]:
        """What is new since the last frame."""
        goes_on = self.text.startswith(self.sent)
        offset = len(self.sent) if goes_on else 0
        return {
            "run": self.run,
            "attempt": self.attempt,
            "offset": offset,
            "text": self.text[offset:],
            "step": self.step,
            "activity": self.activity,
        }


class Drafts:
    """The batcher: one thread, one request in flight."""

    def __init__(self, send: Send, on_stale: Callable[[str, int], None], gap: float = GAP) -> None:
        self._send = send
        self._on_stale = on_stale
        self._gap = gap
        self._lines: dict[str, Line] = {}
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="drafts", daemon=True)

    def start(self) -> Drafts:
        """Begin sending."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """End sending; what was not sent is dropped."""
        self._closed.set()
        with self._changed:
            self._changed.notify_all()

    def open(self, run: str, attempt: int) -> Line:
        """A line for a run. A newer attempt in the same worker takes the place of the older."""
        line = Line(self, run, attempt)
        with self._changed:
            self._lines[run] = line
        return line

    def close(self, line: Line) -> None:
        """The run is over: send nothing more of it."""
        with self._changed:
            if self._lines.get(line.run) is line:
                del self._lines[line.run]

    def put(self, line: Line, text: str, step: str, activity: str) -> None:
        """Note what a line should show, and wake the sender."""
        with self._changed:
            line.text, line.step, line.activity, line.dirty = text[:LONGEST_TEXT], step[:80], activity[:300], True
            self._changed.notify_all()

    def settle(self, line: Line, patience: float = 1.0) -> None:
        """Forget what was not sent of a line, and wait until none of it is on its way: what is posted next must not be overtaken."""
        with self._changed:
            line.text = line.sent = ""
            line.dirty = False
            self._changed.wait_for(lambda: not line.in_flight, patience)

    def _loop(self) -> None:
        while not self._closed.is_set():
            with self._changed:
                self._changed.wait_for(lambda: self._closed.is_set() or any(line.dirty for line in self._lines.values()))
                batch = self._batch()
            if batch:
                self._closed.wait(self._deliver(batch))

    def _batch(self) -> list[tuple[Line, dict[str, Any]]]:
        """The frames to send now, taken off the lines."""
        batch: list[tuple[Line, dict[str, Any]]] = []
        room = MAX_TEXT_PER_REQUEST
        for line in self._lines.values():
            if line.dirty and room > 0 and len(batch) < MAX_FRAMES:
                frame = line.frame()
                room -= len(frame["text"])
                line.sent, line.dirty, line.in_flight = line.text, False, bool(frame["text"])
                batch.append((line, frame))
        return batch

    def _deliver(self, batch: list[tuple[Line, dict[str, Any]]]) -> float:
        """Send frames; how long to wait before the next ones."""
        began = time.monotonic()
        try:
            stale, resend = self._send([frame for _, frame in batch])
            pause = self._gap - (time.monotonic() - began)
        except BotServerError as error:
            # Nobody waits for a draft: say it once in the log, and offer the whole text again when the app is back.
            log.info("drafts were not taken", extra={"code": error.code})
            stale, resend, pause = [], [line.run for line, _ in batch], PAUSE_WHEN_AWAY
        with self._changed:
            for line, _ in batch:
                line.in_flight = False
                if line.run in resend and line.sent:
                    line.sent, line.dirty = "", True
            self._changed.notify_all()
        for line, _ in batch:
            if line.run in stale:
                self._on_stale(line.run, line.attempt)
        return max(0.0, pause)
