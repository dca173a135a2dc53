"""One run: a pipeline and a payload to an outcome.

Nothing here knows HTTP, Redis or Celery: what a run does outside goes through `Ports`, so the same code answers in a room, in a
terminal and in a test. Any worker can take a run on from its last checkpoint (I2).
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import time
import traceback
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import dosaku.errors
from errors import Cancelled, Failure, StaleAttempt, StepError, failure_of
from pipeline.context import Context, Surroundings
from pipeline.payload import Payload, changes, pack, unpack
from pipeline.pipeline import BuiltStep, Pipeline
from pipeline.replies import Words, replies_of
from pipeline.trace import MAX_CODE, MAX_EXPLANATION, MAX_SUMMARY, Outcome, Record, add_up, error_of, logs_of, prompt_of, usage_of
from pipeline.waiting import Waits, gate
from steps import Step

log = logging.getLogger(__name__)

# How often an async step is asked whether somebody stopped it: twice within the second that stopping may take.
POLL = 0.2


class Ports(Protocol):
    """What a run does outside itself. Each may raise StaleAttempt: the run ends and does nothing more outside."""

    def reply(self, key: str, body: str, metadata: dict[str, Any]) -> None:
        """Post a reply. The same key again changes nothing."""

    def conclude(self, key: str, body: str, metadata: dict[str, Any], outcome: Outcome) -> bool:
        """Post the last reply and say in the same breath that the run has ended so. False when nothing was done: say them one by one."""

    def send(self, key: str, approval: str) -> None:
        """Have the app send what was approved, in the name of who asked. The same key again changes nothing."""

    def begin(self, approval: str) -> bool:
        """Note that what was approved is being done. False when it was begun before, and nobody knows how that ended."""

    def broke_off(self, approval: str) -> None:
        """It was not done: it may be begun again."""

    def tokens_left(self) -> tuple[int | None, str]:
        """How many tokens the bot may still use for who asks (None: as many as it likes), and what to say when it is none."""

    def record(self, steps: list[dict[str, Any]]) -> None:
        """Store what must not be done twice, with everything before it."""

    def checkpoint(self, point: Point) -> None:
        """Keep how far the run is. May be lost."""


@dataclass(frozen=True)
class Point:
    """How far a run is: the step to do next, its payload, whether the run has replied, and the records the app does not have yet.

    `answer` is what the step has waited for, as the app told it; no checkpoint ever holds one.
    """

    step: int
    payload: Payload
    replied: bool = False
    unsent: list[dict[str, Any]] = field(default_factory=list)
    usage: dict[str, Any] = field(default_factory=dict)
    answer: dict[str, Any] | None = None


def run(pipeline: Pipeline, point: Point, ports: Ports, around: Surroundings) -> Outcome:
    """Do the steps from `point` on and say how it ended.

    A failure is an outcome, not an exception. So is `waiting`, for a person or another bot: nothing is held meanwhile, and the run goes
    on from the same step when the answer comes with a later delivery. When `around.control` says "draining", the outcome is `cancelled`
    with that reason: the run is not over, another worker goes on from the last checkpoint. When it says "stale" or "superseded"
    afterwards, the attempt was given up, and the outcome is worth no more than its trace.
    """
    return _Course(pipeline, point, ports, around).outcome()


class _Course:
    """The state of one run while it runs."""

    def __init__(self, pipeline: Pipeline, point: Point, ports: Ports, around: Surroundings) -> None:
        self._pipeline = pipeline
        self._point = point
        self._ports = ports
        self._around = around
        self._began = time.monotonic()
        self._approval = ""
        self._first = True

    def outcome(self) -> Outcome:
        for built in self._pipeline.steps[self._point.step :]:
            try:
                ended = self._ended_early() or self._do(built)
            except StaleAttempt:  # between two steps; what is done is in the point
                self._around.control.cancel("stale")
                ended = self._ended_early()
            if ended is not None:
                return ended
        return self._end("replied" if self._point.replied else "silent")

    def _do(self, built: BuiltStep) -> Outcome | None:
        """One step with its record, replies and checkpoint. An outcome when the run ends here."""
        context = Context(self._around, built.name)
        started = time.monotonic()
        try:
            step, after = self._worked(built, context)
            replies = list(replies_of(after.pop("reply"), built.name)) if "reply" in after else []
            record = self._record(built, context, started, step.summary() if step else f"not needed: {built.when}")
            kept = step is not None and (step.costs or step.effect)
            # With what it began with and all that changed, the input of every step can be shown.
            before = self._point.payload
            record = replace(
                record, changed=changes(before, after), payload=after if kept else None, before=before if self._first else None
            )
            if (ended := self._reply(built, step, replies, record, after)) is not None:
                return ended
            if step is not None and step.sends:
                self._send(built)
        except Waits as waits:
            return self._wait(built, waits)
        except (Exception, SystemExit, asyncio.CancelledError) as error:  # noqa: BLE001 (a custom step may raise anything)
            if isinstance(error, StaleAttempt):
                self._around.control.cancel("stale")
            failure = self._why_stopped(built) if self._around.control.cancelled() else self._why_failed(built, error)
            return self._broken_off(built, context, started, failure)
        # The last step's record goes with the outcome, which follows at once; only what was paid for does not wait even for that.
        at_once = step is not None and (step.costs or (step.effect and not self._is_last(built)))
        self._advance(self._behind(record, after), at_once=at_once)
        self._first = False
        return None

    def _wait(self, built: BuiltStep, waits: Waits) -> Outcome:
        """The run stops here until the app has an answer. It says so once more should it be delivered again without one."""
        point = waits.told | {"step": built.index, "payload": waits.payload}
        return replace(self._end("waiting"), waiting=point)

    def _worked(self, built: BuiltStep, context: Context) -> tuple[Step | None, Payload]:
        """The step and the payload after it; no step when its condition does not hold. Retries what may work the next time."""
        if built.when is not None and not built.when.holds(self._point.payload):
            return None, unpack(pack(self._point.payload))
        for left in range(built.retries, -1, -1):
            try:
                return self._once(built, context)
            except Waits:
                raise
            except Exception as error:
                failure = failure_of(error)
                waits = failure.retry_after is not None and failure.retry_after > 1
                if left == 0 or failure.permanent or waits or self._around.control.cancelled():
                    raise
                log.info("step is tried again", extra={"step": built.name, "code": failure.code})
        raise AssertionError("the last try returns or raises")

    def _once(self, built: BuiltStep, context: Context) -> tuple[Step, Payload]:
        self._around.control.arm(built.timeout, built.name)
        try:
            step = built.make(context)
            ready = gate(self._pipeline, built, step, self._point.payload, self._point.answer, self._around.secrets)
            self._approval = ready.approval
            if step.costs:
                self._afford()
            if step.activity:
                context.activity(step.activity)
            with self._done_once(built, step):
                answer = step.process(unpack(pack(ready.payload)))
                if inspect.isawaitable(answer):
                    answer = asyncio.run(self._awaited(answer))
            # A step that came back too late is as good as one that did not, unless it has been paid for.
            if self._around.control.cancelled() and not step.costs:
                raise Cancelled
            self._around.control.disarm()
            self._around.control.forgive()
            return step, unpack(pack(answer, self._around.secrets))
        finally:
            self._around.control.disarm()

    @contextlib.contextmanager
    def _done_once(self, built: BuiltStep, step: Step) -> Iterator[None]:
        """One yes, one deed: what was approved and may not be done twice is not begun again after a worker died over it."""
        guarded = self._approval if step.effect and not step.repeatable else ""
        if guarded and not self._ports.begin(guarded):
            said = f"The step {built.name} was cut off while it did what was approved, so it may be done already."
            raise StepError(f"{said} Look before you ask again.", code="maybe_done")
        try:
            yield
        except BaseException:
            if guarded:
                self._ports.broke_off(guarded)
            raise

    def _afford(self) -> None:
        """Before a step that costs: whether anything is left to spend (the answer says so, and nothing is asked of the service)."""
        left, said = self._ports.tokens_left()
        if left is not None and left <= 0:
            raise StepError(said or "My budget for today is spent.", code="budget_spent")

    async def _awaited(self, answer: Awaitable[Payload]) -> Payload:
        """An async step, cancelled within a moment when the run should end."""
        work = asyncio.ensure_future(answer)
        while not work.done():
            await asyncio.wait([work], timeout=POLL)
            if self._around.control.cancelled():
                work.cancel()
        try:
            return work.result()
        except asyncio.CancelledError:
            raise Cancelled from None

    def _reply(self, built: BuiltStep, step: Step | None, replies: list[Words], record: Record, payload: Payload) -> Outcome | None:
        """Post what the step replied. The last words of the last step go together with the end of the run; then this is its outcome."""
        for left, (ordinal, body, metadata) in zip(range(len(replies))[::-1], replies, strict=True):
            key = f"{built.index}.{ordinal}"
            if left == 0 and self._is_last(built) and not (step is not None and step.sends):
                ended = self._end("replied", at=replace(self._behind(record, payload), replied=True))
                if self._ports.conclude(key, body, metadata, ended):
                    return replace(ended, told=True)
            self._ports.reply(key, body, metadata)
            self._point = replace(self._point, replied=True)
            self._around.text = ""
        return None

    def _is_last(self, built: BuiltStep) -> bool:
        return built is self._pipeline.steps[-1]

    def _send(self, built: BuiltStep) -> None:
        """Have the app send what was approved before this step. The app asks for the approval once more."""
        if not self._approval:
            raise StepError(f"The step {built.name} wanted to send something that nobody has approved.", code="not_approved")
        self._ports.send(f"{built.index}.0", self._approval)

    def _record(self, built: BuiltStep, context: Context, started: float, summary: str) -> Record:
        secrets = self._around.secrets
        return Record(
            index=built.index,
            name=built.name,
            state="done",
            summary=secrets.hide(str(summary))[:MAX_SUMMARY],
            started_ms=int((started - self._began) * 1000),
            ms=int((time.monotonic() - started) * 1000),
            usage=usage_of(context.usages),
            prompt=prompt_of(context, secrets),
            changed={},
            payload=None,
            error=None,
            logs=logs_of(context, secrets),
            code=secrets.hide(context.code)[:MAX_CODE],
        )

    def _behind(self, record: Record, payload: Payload) -> Point:
        """The point behind a step."""
        told = record.as_json()
        usage = _sum(self._point.usage, add_up([told]))
        return Point(record.index + 1, payload, self._point.replied, [*self._point.unsent, told], usage)

    def _advance(self, point: Point, *, at_once: bool) -> None:
        """A step is done: store it where that is owed, and keep a checkpoint."""
        self._point = point
        # First the checkpoint: should the app be away for long, or this process be killed, another one goes on from it.
        self._ports.checkpoint(point)
        if at_once:
            self._ports.record(point.unsent)
            self._point = replace(point, unsent=[])
            self._ports.checkpoint(self._point)

    def _why_failed(self, built: BuiltStep, error: BaseException) -> Failure:
        if isinstance(error, Cancelled | dosaku.errors.Cancelled | asyncio.CancelledError):
            return Failure("step_gave_up", f"The step {built.name} gave up, though nobody had stopped it.", permanent=True)
        failure = failure_of(error, built.name)
        if failure.code == "step_broke":
            # The traceback goes through `hide`: what a step raises may quote a key.
            trace = self._around.secrets.hide("".join(traceback.format_exception(error)))
            log.error("step broke: %s", trace, extra={"step": built.name, "bot": self._pipeline.name})
        return failure

    def _why_stopped(self, built: BuiltStep) -> Failure:
        if self._around.control.reason() == "timeout":
            said = f"The step {built.name} took longer than {built.timeout:g} s, and was stopped."
            return Failure("step_timeout", said, permanent=True)
        return Failure(self._reason() or "stopped", f"The step {built.name} was stopped.", permanent=True)

    def _broken_off(self, built: BuiltStep, context: Context, started: float, failure: Failure) -> Outcome:
        """The end of a run whose step did not come to its own."""
        if failure.code != "draining":
            record = self._record(built, context, started, "")
            record = replace(record, state="failed", error=error_of(failure, self._around.secrets), before=self._point.payload)
            self._point = replace(self._point, unsent=[*self._point.unsent, record.as_json()])
        return self._end("cancelled" if failure.code in ("stopped", "draining") else "failed", failure)

    def _ended_early(self) -> Outcome | None:
        """The outcome of a run that somebody ended between two steps; None when nobody did."""
        reason = self._reason()
        return None if reason is None else self._end("cancelled", Failure(reason, "", permanent=True))

    def _reason(self) -> str | None:
        """Why the run should end. That an attempt is stale is mostly the first that is heard of somebody who stopped it."""
        reason = self._around.control.reason()
        return "stopped" if reason in ("stale", "superseded") else reason

    def _end(self, outcome: Any, failure: Failure | None = None, *, at: Point | None = None) -> Outcome:
        told, point = failure or Failure("", "", permanent=False), at or self._point
        return Outcome(
            outcome,
            told.code,
            self._around.secrets.hide(told.explanation)[:MAX_EXPLANATION],
            told.permanent,
            told.retry_after,
            point.unsent,
            _sum(point.usage, add_up([step for step in point.unsent if step["state"] == "failed"])),
        )


def _sum(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Two usages added up; {} stands for none."""
    if not one or not other:
        return one or other
    return {
        "tokens_in": one["tokens_in"] + other["tokens_in"],
        "tokens_out": one["tokens_out"] + other["tokens_out"],
        "estimated": one["estimated"] or other["estimated"],
    }
