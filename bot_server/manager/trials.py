"""A conversation with a text that is not saved: for the trial room, and for the cases of a save.

Nothing of it leaves this process but what models are asked: replies go back to whoever tries, and are in no room.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

from pipeline.loader import Loader
from pipeline.payload import Secrets
from pipeline.pipeline import Pipeline
from pipeline.rehearsal import MAX_HOPS, Rehearsal, missed, neighbour
from pipeline.run import Point
from pipeline.trace import Outcome

Json = dict[str, Any]

TRIAL_SECONDS = 120.0
CASES_SECONDS = 150.0
BEAT = 1.0


@dataclass
class Tryout(Rehearsal):
    """A rehearsal for somebody in a browser. Other bots help in it only if everybody may talk to them: who is in which group is known
    to the app alone, and nobody may reach by a trial whom they may not ask in a room (W24)."""

    used: list[Json] = field(default_factory=list)

    def go_on(self, point: Point) -> Outcome:
        """And remember what was used: it counts for the bot's budget."""
        outcome = super().go_on(point)
        self.used += [step["usage"] for step in outcome.steps if step["usage"]]
        return outcome

    def _delegated(self, to: str, body: str) -> dict[str, Any]:
        callee = neighbour(self.loader, to)
        attend = callee.bot.attend if callee else None
        if attend and any((attend.users.whitelist, attend.users.blacklist, attend.roles.whitelist, attend.roles.blacklist)):
            said = f"{to} is not there for everybody, so it does not help in a trial."
            return {"kind": "delegation", "id": "trial", "outcome": "failed", "replies": [], "explanation": said}
        self.hops = MAX_HOPS - 1  # whom it would pass the work on to is not asked here
        return super()._delegated(to, body)


class Trial:
    """A bot at work on the last of some messages, in a thread of its own. It is also the screen of its run."""

    def __init__(self, talk: Rehearsal, messages: list[Json], done: Callable[[], None]) -> None:
        """`done` is called when the thread is free again, which may be long after `stop` when a step does not yield."""
        self._talk = talk
        self._messages = messages
        self._done = done
        self._lines: queue.SimpleQueue[Json | None] = queue.SimpleQueue()
        self._shown = ("", "")
        self._end = time.monotonic() + TRIAL_SECONDS
        talk.screen = self

    def start(self, pool: Executor) -> Trial:
        """Begin."""
        pool.submit(self._perform)
        return self

    def show(self, text: str, step: str, activity: str) -> None:
        """The text so far, and what the bot is doing."""
        if (text, activity) != self._shown:
            self._shown = (text, activity)
            self._lines.put({"text": text, "step": step, "activity": activity})

    def next(self) -> Json | None:
        """The next line; {} when there has been none for a moment; None after the last one, which has the outcome."""
        if time.monotonic() > self._end and not self._talk.control.cancelled():
            self.stop()
            self._lines.put(_ended("failed", f"It took longer than {TRIAL_SECONDS:g} s, and was stopped."))
            self._lines.put(None)
        try:
            return self._lines.get(timeout=BEAT)
        except queue.Empty:
            return {}

    def stop(self) -> None:
        """Nobody is looking any more."""
        self._talk.control.cancel("stopped")

    def _perform(self) -> None:
        """Whatever happens, whoever listens hears of the end."""
        last = _ended("failed", "The bot server could not run it. Its log says why.")
        try:
            for message in self._messages[:-1]:
                self._talk.remember(message["text"], is_bot=message["by"] == "bot")
            outcome = self._talk.say(self._messages[-1]["text"])
            steps = [{key: step[key] for key in ("name", "state", "summary", "ms", "usage", "error")} for step in outcome.steps]
            said = outcome.explanation or (f"It waits for an answer to: {', '.join(self._talk.asked)}" if self._talk.asked else "")
            replies = [self._talk.secrets.hide(reply) for reply in self._talk.replies]
            last = _ended(outcome.outcome, said, replies, steps, outcome.usage)
        finally:
            self._lines.put(last)
            self._lines.put(None)
            self._done()


def cases_of(pipeline: Pipeline, loader: Loader, secrets: Secrets) -> tuple[list[Json], list[Json]]:
    """How a bot does in the tests of its file, [{"case", "passed", "missed"}], and what its steps used. A bot that is off cannot be
    tested, and has none."""
    if pipeline.status == "off":
        return [], []
    used: list[Json] = []
    end = time.monotonic() + CASES_SECONDS
    found = []
    for case in pipeline.bot.tests:
        if time.monotonic() > end:
            wrong = ["it was not run: the cases before it took too long"]
        else:
            tryout = Tryout(pipeline, loader, secrets=secrets)
            wrong = missed(case, tryout)
            used += tryout.used
        found.append({"case": "\n".join(case.say), "passed": not wrong, "missed": secrets.hide("\n".join(wrong))})
    return found, used


def _ended(outcome: str, said: str, replies: list[str] | None = None, steps: list[Json] | None = None, usage: Json | None = None) -> Json:
    return {"outcome": outcome, "explanation": said, "replies": replies or [], "steps": steps or [], "usage": usage or {}}
