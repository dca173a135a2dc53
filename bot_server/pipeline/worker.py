"""One worker process: takes jobs and answers them, with everything a run needs around it."""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import redis

from chat_api import ChatApi
from errors import AnswerRefused, BotServerError, Failure, StaleAttempt, StepError
from pipeline import pulse
from pipeline.active import ActiveRun, ActiveRuns
from pipeline.approving import canonical, sha256_of
from pipeline.context import Surroundings
from pipeline.contract import Delivery
from pipeline.drafts import Drafts, Line
from pipeline.loader import Loader, Trust
from pipeline.payload import Secrets, from_delivery, resumed
from pipeline.pipeline import Pipeline
from pipeline.run import Point, run
from pipeline.shelf import Shelf
from pipeline.store import Store, connect
from pipeline.trace import MAX_EXPLANATION, Outcome
from pipeline.watchdog import Watchdog
from pipeline.workshop import AppWorkshop
from settings import Settings
from steps import Attachment

log = logging.getLogger(__name__)

# A job that waited longer than this in the queue asks first whether its attempt is still wanted: its lease may have run out.
FRESH_SECONDS = 15.0
# The app takes bodies of 1 MB; one step alone is always smaller.
MAX_STEPS_BYTES = 700_000

Ending = Literal["done", "again"]


class Worker:
    """Everything that the jobs of one process share. `start` it once."""

    def __init__(self, settings: Settings) -> None:
        self.name = f"{socket.gethostname()}-{os.getpid()}"
        token = settings.django_superuser_token.get_secret_value()
        self.api = ChatApi(settings.chat_api, token, connections=settings.worker_concurrency + 8)
        self.store = Store(connect(settings.redis_url(2)), settings.bot_key.get_secret_value())
        self.active = ActiveRuns()
        self.secrets = secrets_of(settings)
        self.loader = Loader(settings.bot_config, trust_of(settings), keep_last_good=True)
        self.shelf = Shelf(self.loader, self.api)
        self.drafts = Drafts(self.api.drafts, lambda run, attempt: self.active.cancel(run, "stale", attempt))
        self.watchdog = Watchdog(connect(settings.redis_url(1)), self.active, settings.worker_concurrency, self._give_up)
        self._stop = threading.Event()

    def start(self) -> Worker:
        """Start the threads around the jobs."""
        self.drafts.start()
        pulse.start("pulse", pulse.Pulse(self.api, self.store, self.active, self.name).loop, self._stop)
        pulse.start("cancellations", pulse.Cancellations(self.store, self.active).loop, self._stop)
        pulse.start("watchdog", self.watchdog.loop, self._stop)
        return self

    def stop(self) -> None:
        """Stop them."""
        self._stop.set()
        self.drafts.stop()
        self.api.close()

    def answer(self, delivery: dict[str, Any], enqueued_at: float) -> Ending:
        """Do one delivery's run and tell the app how it ended. "again": the worker is going down, another one shall go on.

        Nothing gets out of here: a run that cannot be told of comes to its lease's end, and the relay delivers it again.
        """
        self.watchdog.took()
        mine = self.active.begin(delivery["run"], delivery["attempt"], delivery["bot"]["name"])
        if mine is None:  # the broker delivers at least once
            log.info("another job of the run is in hand", extra={"run": delivery["run"], "attempt": delivery["attempt"]})
            return "done"
        line = self.drafts.open(mine.run, mine.attempt)
        try:
            return self._answered(mine, line, delivery, enqueued_at)
        except StaleAttempt:
            log.info("attempt is stale", extra=_tags(mine))
        except AnswerRefused as error:
            self._excuse(mine, Failure("not_taken", f"What I wrote could not be stored. {error.explanation}", permanent=error.permanent))
        except BotServerError as error:
            _log_untold(mine, error)
        except Exception as error:
            # A fault of ours. Unsaid, it would come again with every attempt, and after minutes look like a crash.
            log.exception("run met a fault", extra=_tags(mine))
            self._excuse(mine, Failure("worker_fault", f"The bot server met a fault of its own ({type(error).__name__}).", permanent=False))
        finally:
            self.drafts.close(line)
            self.active.end(mine)
        return "done"

    def _answered(self, mine: ActiveRun, line: Line, delivery: dict[str, Any], enqueued_at: float) -> Ending:
        if time.time() - enqueued_at > FRESH_SECONDS and mine.run in self.api.heartbeats(self.name, [(mine.run, mine.attempt)]):
            raise StaleAttempt("The attempt became stale while its job waited in the queue.")
        if not self._claimed(mine):
            log.info("another worker is at it", extra=_tags(mine))
            return "done"
        try:
            outcome = self._outcome(mine, line, delivery)
            if outcome.reason == "draining":
                return "again"
            if not outcome.told:
                if mine.control.reason() == "superseded":
                    raise StaleAttempt("Another job of this run has taken its place.")
                self.drafts.settle(line, patience=0)
                self._tell(mine, outcome)
            # A run that waits may be under way again already, with a checkpoint of its own; that of before the answer counts for nothing.
            if outcome.waiting is None and (outcome.outcome != "failed" or outcome.permanent):
                self.lightly("checkpoint was not removed", lambda: self.store.forget(mine.run))
            return "done"
        finally:
            self.lightly("claim was not given back", lambda: self.store.release(mine.run, mine.attempt, self.name))

    def _excuse(self, mine: ActiveRun, failure: Failure) -> None:
        """End the attempt in plain words and without its trace, in which something may be what the app refused (I9)."""
        log.error("run ends without its trace", extra=_tags(mine) | {"code": failure.code, "said": failure.explanation[:200]})
        said = self.secrets.hide(failure.explanation)[:MAX_EXPLANATION]
        try:
            self.api.outcome(mine.run, mine.attempt, Outcome("failed", failure.code, said, failure.permanent).as_json())
        except BotServerError as error:
            _log_untold(mine, error)

    def send_steps(self, mine: ActiveRun, steps: list[dict[str, Any]], give_up: Callable[[], bool]) -> None:
        """Record steps in the app; big ones one at a time."""
        parts = [steps] if len(json.dumps(steps)) <= MAX_STEPS_BYTES else [[step] for step in steps]
        for part in parts:
            self.api.steps(mine.run, mine.attempt, part, give_up=give_up)

    def _tell(self, mine: ActiveRun, outcome: Outcome) -> None:
        """The outcome, with the steps the app does not have. Big traces go ahead of it.

        A stale attempt says it once: if it was stopped, the app keeps what it did and used; if not, StaleAttempt is raised.
        """

        def stale() -> bool:
            return mine.control.reason() in ("stale", "superseded")

        if len(json.dumps(outcome.steps)) + len(json.dumps(outcome.waiting)) > MAX_STEPS_BYTES:
            if not stale():
                self.send_steps(mine, outcome.steps, stale)
            outcome = replace(outcome, steps=[])
        try:
            self.api.outcome(mine.run, mine.attempt, outcome.as_json(), give_up=stale)
        except AnswerRefused as error:
            if outcome.waiting is None or not error.permanent:
                raise
            # What cannot be put to anybody is not waited for: the run fails, and keeps its trace.
            said = self.secrets.hide(f"I could not ask. {error.explanation}")[:MAX_EXPLANATION]
            failed = replace(outcome, outcome="failed", reason="not_asked", explanation=said, permanent=True, waiting=None)
            self.api.outcome(mine.run, mine.attempt, failed.as_json(), give_up=stale)

    def _outcome(self, mine: ActiveRun, line: Line, delivery: dict[str, Any]) -> Outcome:
        start = start_of(delivery)
        try:
            pipeline = self.shelf.pipeline(delivery["bot"]["name"], delivery["bot"].get("version"))
            point = self._point(mine, delivery, pipeline, start)
        except BotServerError as error:
            failure = Failure(error.code, error.explanation, error.permanent, error.retry_after)
            return Outcome("failed", failure.code, self.secrets.hide(failure.explanation), failure.permanent, failure.retry_after)
        around = Surroundings(
            bot_name=pipeline.name,
            timezone=_zone(pipeline, delivery),
            make_agent=lambda: self.loader.agent(pipeline.granted),
            control=mine.control,
            screen=line,
            secrets=self.secrets,
            attachment=lambda reference: self._attachment(mine, reference),
            workshop=AppWorkshop(self.api, mine.run, mine.attempt, mine.control.cancelled),
        )
        return run(pipeline, point, _AppPorts(self, mine, line, delivery, start), around)

    def _attachment(self, mine: ActiveRun, reference: str) -> Attachment:
        """One of the files of the conversation, for a step that asks for it."""
        try:
            return Attachment(*self.api.attachment(mine.run, mine.attempt, reference, give_up=mine.control.cancelled))
        except AnswerRefused as error:
            if error.status != 404:
                raise
            raise StepError("This conversation has no such attachment (any more).", code="no_attachment") from None

    def _point(self, mine: ActiveRun, delivery: dict[str, Any], pipeline: Pipeline, start: str) -> Point:
        """Where to begin: the checkpoint in Redis, what the app has recorded, or the beginning; whichever is farthest.

        An answer is only ever the app's: a checkpoint from before it counts for nothing.
        """
        resume = delivery.get("resume")
        if resume:
            point = Point(resume["step"], resumed(delivery, pipeline.bot), answer=resume.get("answer"))
        else:
            point = Point(0, from_delivery(delivery, pipeline.bot))
        kept = self.lightly("checkpoint was not read", lambda: self.store.load(mine.run, delivery["bot"]["version"], start))
        if kept is not None and (kept.step > point.step or (kept.step == point.step and point.answer is None)):
            point = kept
        return replace(point, payload=point.payload | {"attempt": mine.attempt})

    def _claimed(self, mine: ActiveRun) -> bool:
        """Whether this worker may go on. With Redis away the app's fence alone decides."""
        if self.lightly("nothing was heard of a cancellation", lambda: self.store.was_cancelled(mine.run, mine.attempt)):
            mine.control.cancel("stopped")
        return self.lightly("claim was not made", lambda: self.store.claim(mine.run, mine.attempt, self.name)) is not False

    def _give_up(self, one: ActiveRun) -> None:
        """Say in the room that a step does not come back; its thread cannot."""
        if one.control.reason() == "timeout":
            said = f"The step {one.control.step} took longer than {one.control.seconds:g} s, and did not stop when asked."
            self.api.outcome(one.run, one.attempt, Outcome("failed", "step_timeout", said, permanent=True).as_json())
        one.control.cancel("superseded")

    def lightly(self, said: str, act: Any) -> Any:
        """What Redis is only asked lightly: it may be away, and the run goes on."""
        try:
            return act()
        except redis.RedisError as error:
            log.warning(said, extra={"error": type(error).__name__})
            return None


class _AppPorts:
    """`run.Ports` towards the app and Redis."""

    def __init__(self, worker: Worker, mine: ActiveRun, line: Line, delivery: dict[str, Any], start: str) -> None:
        self._worker = worker
        self._mine = mine
        self._line = line
        self._version: int = delivery["bot"]["version"]
        self._budgeted = bool(delivery.get("budgeted"))
        self._start = start

    def reply(self, key: str, body: str, metadata: dict[str, Any]) -> None:
        """Post a reply, after the last draft that is under way."""
        self._worker.drafts.settle(self._line)
        self._worker.api.reply(self._mine.run, self._mine.attempt, key, body, metadata, give_up=self._stale)

    def conclude(self, key: str, body: str, metadata: dict[str, Any], outcome: Outcome) -> bool:
        """One request for both, unless the trace is big."""
        if len(json.dumps(outcome.steps)) > MAX_STEPS_BYTES:
            return False
        self._worker.drafts.settle(self._line)
        last = {"steps": outcome.steps, "usage": outcome.usage}
        self._worker.api.reply(self._mine.run, self._mine.attempt, key, body, metadata, last=last, give_up=self._stale)
        return True

    def send(self, key: str, approval: str) -> None:
        """Have the app send what it has stored as approved. No text goes along: it is not ours to say."""
        self._worker.api.sending(self._mine.run, self._mine.attempt, key, approval, give_up=self._stale)

    def begin(self, approval: str) -> bool:
        """Note it in Redis. Without Redis nobody knows, and what was approved is done."""
        return self._worker.lightly("deed was not noted", lambda: self._worker.store.begin(self._mine.run, approval)) is not False

    def broke_off(self, approval: str) -> None:
        """Take the note away."""
        self._worker.lightly("deed is still noted", lambda: self._worker.store.broke_off(self._mine.run, approval))

    def tokens_left(self) -> tuple[int | None, str]:
        """What is left of the budgets, if there are any."""
        return self._worker.api.budget(self._mine.run, self._mine.attempt) if self._budgeted else (None, "")

    def record(self, steps: list[dict[str, Any]]) -> None:
        """Record steps in the app."""
        self._worker.send_steps(self._mine, steps, self._stale)

    def checkpoint(self, point: Point) -> None:
        """Keep the checkpoint in Redis."""
        self._worker.lightly("checkpoint was not kept", lambda: self._worker.store.save(self._mine.run, self._version, self._start, point))

    def _stale(self) -> bool:
        return self._mine.control.reason() in ("stale", "superseded", "draining")


def trust_of(settings: Settings) -> Trust:
    """What the operator's environment gives to bots."""
    return Trust(settings.allow_services, settings.allow_executors, settings.modules())


def secrets_of(settings: Settings) -> Secrets:
    """Every secret of this program's environment."""
    held = (settings.openai_api_key, settings.bot_key, settings.django_superuser_token, settings.redis_password, settings.chat_token)
    return Secrets(one.get_secret_value() for one in held)


def start_of(delivery: dict[str, Any]) -> str:
    """Which word of a person the delivery goes on from; "" for none. Checkpoints made after it, and no others, go with it."""
    resume = delivery.get("resume") or {}
    said = {key: resume[key] for key in ("answer", "handmade") if resume.get(key)}
    return sha256_of(canonical(said | {"step": resume["step"]})) if said else ""


def _zone(pipeline: Pipeline, delivery: dict[str, Any]) -> str:
    """The bot file's time zone when it names one, else the asker's."""
    named = "timezone" in pipeline.bot.model_fields_set
    return pipeline.bot.timezone if named else str(delivery["asker"].get("timezone") or "UTC")


def _log_untold(mine: ActiveRun, error: BotServerError) -> None:
    log.error("run could not be told of", extra=_tags(mine) | {"error": type(error).__name__, "said": str(error)[:200]})


def _tags(mine: ActiveRun) -> dict[str, Any]:
    return {"run": mine.run, "attempt": mine.attempt, "bot": mine.bot}


def valid(delivery: Delivery) -> dict[str, Any]:
    """The delivery as the job gets it: plain JSON, without what we do not know."""
    return delivery.model_dump(mode="json")
