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

from pipeline.bot_file import Budget
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
    to the app alone, and nobody may reach by a trial whom they may not ask in a room (W24).

    `used` counts for the bot that is tried, also what others used for it. Unless that is `counted`, or when one of the others has a
    budget, which is not held here, others help only with what costs nothing (W22).
    """

    used: list[Json] = field(default_factory=list)
    counted: bool = True

    def go_on(self, point: Point) -> Outcome:
        """And remember what was used: it counts for the bot's budget."""
        outcome = super().go_on(point)
        self.used += [step["usage"] for step in outcome.steps if step["usage"]]
        return outcome

    def _delegated(self, to: str, body: str) -> dict[str, Any]:
        if self.hops >= MAX_HOPS:
            return super()._delegated(to, body)
        callee = neighbour(self.loader, to)
        attend = callee.bot.attend if callee else None
        if attend and any((attend.users.whitelist, attend.users.blacklist, attend.roles.whitelist, attend.roles.blacklist)):
            return _refused(f"{to} is not there for everybody, so it does not help in a trial.")
        if callee and may_cost(callee) and (callee.bot.budget != Budget() or not self.counted):
            return _refused(f"{to} counts what it uses in rooms only, so it does not help here.")
        self.hops = max(self.hops, MAX_HOPS - 1)  # whom it would pass the work on to is not asked here
        return super()._delegated(to, body)

    def _other(self, callee: Pipeline) -> Rehearsal:
        mine = (self.loader, self.screen, self.secrets, self.asker, self.control, self.people)
        return Tryout(callee, *mine, used=self.used, counted=self.counted)


def may_cost(pipeline: Pipeline) -> bool:
    """Whether what it does may cost money."""
    return pipeline.granted.services or pipeline.granted.executors


def _refused(said: str) -> Json:
    return {"kind": "delegation", "id": "trial", "outcome": "failed", "replies": [], "explanation": said}


class Trial:
    """A bot at work on the last of some messages, in a thread of its own. It is also the screen of its run."""

    def __init__(self, talk: Tryout, messages: list[Json], done: Callable[[], None]) -> None:
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
            last = _ended(outcome.outcome, said, replies, steps, outcome.usage) | {"used": self._talk.used}
        finally:
            self._lines.put(last)
            self._lines.put(None)
            self._done()


def cases_of(pipeline: Pipeline, loader: Loader, secrets: Secrets, *, counted: bool = True) -> tuple[list[Json], list[Json]]:
    """How a bot does in the tests of its file, [{"case", "passed", "missed"}], and what its steps used. A bot that is off cannot be
    tested, and has none. `counted`: whether somebody counts that for the bot."""
    if pipeline.status == "off":
        return [], []
    used: list[Json] = []
    end = time.monotonic() + CASES_SECONDS
    found = []
    for case in pipeline.bot.tests:
        if time.monotonic() > end:
            wrong = ["it was not run: the cases before it took too long"]
        else:
            tryout = Tryout(pipeline, loader, secrets=secrets, counted=counted)
            wrong = missed(case, tryout)
            used += tryout.used
        found.append({"case": "\n".join(case.say), "passed": not wrong, "missed": secrets.hide("\n".join(wrong))})
    return found, used


def _ended(outcome: str, said: str, replies: list[str] | None = None, steps: list[Json] | None = None, usage: Json | None = None) -> Json:
    return {"outcome": outcome, "explanation": said, "replies": replies or [], "steps": steps or [], "usage": usage or {}, "used": []}
