"""A conversation with a text that is not saved: for the trial room, and for the cases of a save.

Nothing of it leaves this process but what models are asked: replies go back to whoever tries, and are in no room. In a trial, whoever tries
is everybody whom the bot asks.
"""

from __future__ import annotations

import queue
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from errors import BotServerError
from manager.patience import Hangs, Patience
from manager.pausing import Pause, Seal
from pipeline.bot_file import Budget, Case
from pipeline.loader import Loader
from pipeline.payload import Secrets
from pipeline.pipeline import Pipeline
from pipeline.rehearsal import MAX_HOPS, Rehearsal, Scripted, missed, neighbour
from pipeline.run import Point
from pipeline.trace import Outcome
from steps import Attachment

Json = dict[str, Any]

TRIAL_SECONDS = 120.0
CASES_SECONDS = 150.0
BEAT = 1.0
PATIENCE = Patience()
FILE = "answer.txt"


@dataclass
class Tryout(Rehearsal):
    """A rehearsal with the cases of a file. Other bots help in it only if everybody may talk to them: who is in which group is known
    to the app alone, and nobody may reach by a case whom they may not ask in a room (W24).

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
            return _refused(f"{to} is not there for everybody, so it does not help in a case.")
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


@dataclass
class Talk(Tryout):
    """A rehearsal with somebody in a browser. They decide and answer, also in place of the bot that work is handed to: so no other bot is
    reached by it, nor its budget (W22, W24)."""

    pause: Pause | None = None

    def begin_with(self, said: list[Json]) -> Outcome:
        """Answer the last of these messages, {"by": "you" | "bot", "text"}."""
        for message in said[:-1]:
            self.remember(message["text"], is_bot=message["by"] == "bot")
        return self.say(said[-1]["text"])

    def go_on_with(self, pause: Pause, value: str, texts: Mapping[str, str]) -> Outcome:
        """Go on from where it waited, with what was answered to it (`Pause.must_fit`). Nothing before that is done again."""
        self.pause = pause
        told = pause.told
        self.files = {reference: _file(text) for reference, text in pause.files.items()}
        answer = self._given(told, value, texts)
        return answer if isinstance(answer, Outcome) else self.go_on(Point(told["step"], told["payload"], pause.replied, answer=answer))

    def paused(self, told: Json) -> Pause:
        """What it waits for now, with all that it needs to go on."""
        replied = bool(self.replies) or (self.pause is not None and self.pause.replied)
        return Pause(told, replied, {reference: file.data.decode() for reference, file in self.files.items()})

    def _given(self, told: Json, value: str, texts: Mapping[str, str]) -> Json | Outcome | None:
        """The answer as the app would tell it, with a text for a file; the outcome when it is a no."""
        if told["kind"] == "delegation":
            return {"kind": "delegation", "id": str(uuid.uuid4()), "outcome": "replied", "replies": [value], "explanation": ""}
        self.people = Scripted([value], texts)
        answer = super()._answer(told)
        self.people = None
        if isinstance(answer, dict) and told.get("question") == "file":
            file = self.files[answer["id"]] = _file(value)
            told_of = {"name": file.name, "kind": "file", "content_type": file.content_type, "size": len(file.data)}
            answer["value"] = {"id": answer["id"], **told_of}
        return answer

    def _answer(self, told: Json) -> Json | Outcome | None:
        """Not now: they are asked in their browser."""
        return None


def _file(text: str) -> Attachment:
    return Attachment(FILE, "text/plain", text.encode("utf-8", "replace"))


class Trial:
    """A bot at work, in a thread of its own. It is also the screen of its run."""

    def __init__(self, talk: Talk, seal: Seal, work: Callable[[], Outcome], done: Callable[[], None]) -> None:
        """`work` is what the talk does. `done` is called when the thread is free again, which may be long after `stop` when a step does not
        yield."""
        self._talk = talk
        self._seal = seal
        self._work = work
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
        """The text so far, and what the bot is doing. A long text is told again only when it has grown by a hundredth."""
        told, doing = self._shown
        if activity != doing or text[: len(told)] != told or len(text) > len(told) * 1.01:
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
            last = self._told(self._work())
        finally:
            self._lines.put(last)
            self._lines.put(None)
            self._done()

    def _told(self, outcome: Outcome) -> Json:
        steps = [{key: step[key] for key in ("name", "state", "summary", "ms", "usage", "error")} for step in outcome.steps]
        replies = [self._talk.secrets.hide(reply) for reply in self._talk.replies]
        sent = [{"to": to, "text": text} for to, text in self._talk.sent]
        told = _ended(outcome.outcome, outcome.explanation, replies, steps, outcome.usage) | {"used": self._talk.used, "sent": sent}
        if outcome.waiting is None:
            return told
        try:
            return told | {"asks": self._asks(outcome.waiting)}
        except BotServerError as error:
            return told | {"outcome": "failed", "explanation": error.explanation}

    def _asks(self, waiting: Json) -> Json:
        """What is shown, and what the browser carries. Unless the step only writes to somebody, what is approved is really done."""
        asks = {key: value for key, value in waiting.items() if key not in ("step", "payload")}
        if waiting["kind"] == "approval":
            asks["effect"] = waiting["effect"] and not self._talk.pipeline.steps[waiting["step"]].on_behalf
        return asks | {"state": self._seal.closed(self._talk.paused(waiting))}


def cases_of(pipeline: Pipeline, loader: Loader, secrets: Secrets, *, counted: bool = True) -> tuple[list[Json], list[Json]]:
    """How a bot does in the tests of its file, [{"case", "passed", "missed"}], and what its steps used. A bot that is off cannot be
    tested, and has none. `counted`: whether somebody counts that for the bot."""
    if pipeline.status == "off":
        return [], []
    used: list[Json] = []
    end = time.monotonic() + CASES_SECONDS
    found = []
    for case in pipeline.bot.tests:
        left = end - time.monotonic()
        if left <= 0:
            wrong = ["it was not run: the cases before it took too long"]
        else:
            tryout = Tryout(pipeline, loader, secrets=secrets, counted=counted)
            wrong = _missed_in_time(case, tryout, left)
            used += tryout.used
        found.append({"case": "\n".join(case.say), "passed": not wrong, "missed": secrets.hide("\n".join(wrong))})
    return found, used


def _missed_in_time(case: Case, tryout: Tryout, seconds: float) -> list[str]:
    try:
        return PATIENCE.wait_for(partial(missed, case, tryout), seconds)
    except Hangs as error:
        tryout.control.cancel("stopped")  # for steps that yield
        return [str(error)]


def _ended(outcome: str, said: str, replies: list[str] | None = None, steps: list[Json] | None = None, usage: Json | None = None) -> Json:
    told = {"outcome": outcome, "explanation": said, "replies": replies or [], "steps": steps or [], "usage": usage or {}}
    return told | {"used": [], "sent": [], "asks": None}
