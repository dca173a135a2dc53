from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now

from bots import budgets, metrics, placing, telling, wakeups
from bots.backoff import full_jitter
from bots.errors import NO_RUN, NotAllowed, NotFound, StaleAttempt
from bots.models.handed import keep_reply
from bots.models.queue import Runs, in_seconds
from bots.models.step import RunStep
from bots.models.using import used_by
from bots.signals import run_ended
from chat import drafts
from chat.errors import ClientIdReused
from chat.models import Message, Posted, Room
from lib.ids import uuid7
from lib.time import database_now

if TYPE_CHECKING:
    import uuid

    from django.db.models import QuerySet

    from accounts.models import User
    from bots.models.version import BotVersion

PENDING, ACTIVE, WAITING, DONE = "pending", "active", "waiting", "done"
REPLIED, SILENT, FAILED, CANCELLED = "replied", "silent", "failed", "cancelled"
ASKED, RETRIED, REGENERATED, REPLAYED, TAKEN_OVER, DELEGATED = "asked", "retried", "regenerated", "replayed", "taken_over", "delegated"
HOW = (ASKED, RETRIED, REGENERATED, REPLAYED, TAKEN_OVER, DELEGATED)
OUTCOMES = (REPLIED, SILENT, FAILED, CANCELLED)
TRIES = 5
PATIENCE_HOURS = 24
REFUSALS = 3
RETRY_LATEST = 3600.0
STEP_FIELDS = (
    "attempt", "name", "state", "summary", "started_ms", "ms", "usage", "prompt", "changed", "before", "after", "logs", "code", "cost",
    "carried", "error",
)  # fmt: skip


class Run(models.Model):
    """One bot's answer to one moment in one room, from trigger to outcome.

    `attempt` counts deliveries and fences: whoever writes names the attempt it works for, and a stale one gets 409. `tries` counts
    the attempts that started. Every time that decides something (due_at, lease_until) is the database's.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    bot = models.ForeignKey("bots.Bot", on_delete=models.CASCADE, related_name="runs")
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="runs")
    asker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="runs")
    version: models.ForeignKey[BotVersion | None, BotVersion | None] = models.ForeignKey(
        "bots.BotVersion", on_delete=models.SET_NULL, null=True, blank=True, related_name="runs"
    )

    state = models.CharField(max_length=8, choices=[(state, state) for state in (PENDING, ACTIVE, WAITING, DONE)], default=PENDING)
    outcome = models.CharField(max_length=9, choices=[(outcome, outcome) for outcome in OUTCOMES], blank=True)
    reason = models.CharField(max_length=60, blank=True)
    explanation = models.TextField(blank=True)
    permanent = models.BooleanField(default=False)

    trigger: models.JSONField[Any, Any] = models.JSONField(default=list, help_text="Ids of the messages it answers, oldest first.")
    trigger_position = models.BigIntegerField(help_text="Position of the newest of them.")
    # A person's message is hop 0; a bot mentioned by a bot's message is one hop further. `chain` is the first run of the chain.
    hops = models.PositiveSmallIntegerField(default=0)
    chain = models.UUIDField()

    # How it came about. A run that people ask for on top of another one (`origin`) begins where they say: `start` is
    # {"step": index, "payload": {...}, "answer": {...} | null}. A run that waits for a person keeps there where it goes on.
    how = models.CharField(max_length=12, choices=[(how, how) for how in HOW], default=ASKED, db_default=ASKED)
    origin = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="successors")
    start: models.JSONField[Any, Any] = models.JSONField(null=True, blank=True)
    regenerates = models.ForeignKey(
        Message, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", help_text="The reply it makes an alternative to."
    )
    parent = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="delegated", help_text="The run that handed it this work."
    )
    handed: models.JSONField[Any, Any] = models.JSONField(
        null=True, blank=True, help_text="For delegated work: what was handed over, and what came back."
    )

    attempt = models.PositiveIntegerField(default=0)
    started_attempt = models.PositiveIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0)
    # Deliveries in a row that were taken and never started: a bot server whose queue is long gets a longer lease each time.
    unstarted = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(db_default=Now())
    lease_until = models.DateTimeField(null=True, blank=True)
    undelivered_since = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(null=True, blank=True, help_text="When the room heard that the bot cannot be reached.")

    usage: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    cost = models.DecimalField(max_digits=14, decimal_places=8, null=True, blank=True, help_text="US dollars; empty without a price.")
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True, blank=True)
    first_word_at = models.DateTimeField(null=True, blank=True, help_text="When the room could first read something of it.")
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = Runs.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            # I4. The two halves of "one at a time"; the queue and the addressing rest on them.
            models.UniqueConstraint(fields=["bot", "room"], condition=Q(state=ACTIVE), name="one_active_run"),
            models.UniqueConstraint(
                fields=["bot", "room", "asker"], condition=Q(state=PENDING, tries=0, how=ASKED), name="one_next_run_per_asker"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state=PENDING), name="run_due"),
            models.Index(fields=["lease_until"], condition=Q(state=ACTIVE), name="run_leased"),
            models.Index(fields=["room"], condition=Q(state=WAITING), name="run_waiting"),
            models.Index(fields=["room", "-created_at"], name="run_of_room"),
            models.Index(fields=["bot", "-created_at"], name="run_of_bot"),
        ]

    def __str__(self) -> str:
        return f"{self.bot} {self.outcome or self.state}"

    # What the relay does with it

    def accepted(self) -> None:
        """The bot has taken the delivery. The lease runs since the claim; what is left is to forget that it took long."""
        if self.undelivered_since or self.told_at:
            Run.objects.filter(pk=self.pk, attempt=self.attempt).update(undelivered_since=None, told_at=None)

    def not_delivered(self, reason: str) -> None:
        """The bot did not take the delivery: try again later, for 24 h; the room hears once why.

        What it refuses time and again for what it holds does not get better by waiting, and ends the run.
        """
        with self.held() as run:
            if run.state != ACTIVE or run.attempt != self.attempt or run.started_attempt == run.attempt:
                return  # cancelled meanwhile; or it came through after all, and only the answer was lost
            run.unstarted = max(0, run.unstarted - 1)
            run.undelivered_since = run.undelivered_since or database_now()
            in_a_row = run.attempt - run.started_attempt
            if reason in telling.REFUSED and run.reason in telling.REFUSED and in_a_row >= REFUSALS:
                run._end(FAILED, "delivery_refused", telling.REFUSED[reason], permanent=True)
                return
            if telling.undelivered("", reason) != telling.undelivered("", run.reason):
                run.told_at = None  # what the room heard is not so any more
            run.reason = reason
            run._wait(full_jitter(in_a_row))
            run.tell_undelivered()

    def undeliverable(self) -> None:
        """A day has passed. What was never read is said to be so."""
        self.fail(
            "undeliverable",
            f"Your message could not be delivered to me for {PATIENCE_HOURS} hours, so I have given up on it. Write again to ask me anew.",
        )

    def tell_undelivered(self) -> None:
        if self.told_at is None:
            Run.objects.filter(pk=self.pk).update(told_at=Now(), undelivered_since=Coalesce("undelivered_since", Now()))
            telling.activity(self, telling.undelivered(self.bot.title, self.reason))

    def lease_ran_out(self) -> None:
        """Whoever worked on it is gone: due again at once, unless it has taken its worker down too often."""
        with self.held() as run:
            if run.state != ACTIVE or run.lease_until is None or run.lease_until > database_now():
                return
            if run.tries >= TRIES:
                run._end(
                    FAILED, "poison", f"I started on this {TRIES} times and was cut off each time, so I have given up.", permanent=True
                )
            else:
                run._wait(0)

    # What its bot does with it. Everything is fenced by the attempt.

    def record_steps(self, attempt: int, steps: Sequence[dict[str, Any]]) -> int:
        with transaction.atomic():
            run = _found(Run.objects.select_for_update(no_key=True), self.pk)
            run._fence(attempt)
            run._record(steps)
        return len(steps)

    def reply(self, attempt: int, key: str, body: str, metadata: dict[str, Any], *, last: Mapping[str, Any] | None = None) -> Posted:
        """Post an answer. The key is the step and an ordinal: the same key again gives the stored message, whatever its text (P8).

        `last` ({"steps", "usage"}) says that nothing comes after it: the attempt ends here, and all of it is stored or nothing.
        """
        with self.held(attempt) as run:
            posted = run._say(key, body, metadata)
            if last is None:
                run._was_read()
                transaction.on_commit(lambda: drafts.said(run.room_id, run.pk, attempt), robust=True)
            else:
                run._record(last["steps"])
                run.usage = used_by(run, last["usage"])
                run._end(REPLIED, said=posted.message if posted.created else None)
        return posted

    def finish(self, attempt: int, outcome: str, *, reason: str = "", explanation: str = "", permanent: bool = False,
               retry_after: float | None = None, steps: Sequence[dict[str, Any]] = (), usage: dict[str, Any] | None = None,
               ) -> float | None:  # fmt: skip
        """The attempt is over. The seconds until the next one, or None when this was the last.

        A stopped attempt still tells what it did and used: that is kept, and the run stays stopped.
        """
        with self.held() as run:
            if run._was_stopped(attempt):
                run._keep(steps, usage)
                return None
            run._admit(attempt)
            run._record(steps)
            run.usage = used_by(run, usage)
            if outcome == FAILED and not permanent and run.tries < TRIES:
                delay = full_jitter(run.tries + 1) if retry_after is None else min(max(retry_after, 0.0), RETRY_LATEST)
                run.reason, run.explanation = reason, explanation
                run._wait(delay)
                telling.activity(run, telling.trying_again(explanation, delay))
                return delay
            # A bot whose checkpoint was lost goes on behind its reply, and knows no more that it replied.
            outcome = REPLIED if outcome == SILENT and run.tries > 1 and run._has_replied() else outcome
            run._end(outcome, reason, explanation, permanent=permanent)
        return None

    @property
    def tried(self) -> int:
        """How often it was tried, as people count: to go on after an answer (`used`: it has waited) is no second try."""
        return self.tries - 1 if self.start and "used" in self.start else self.tries

    # What people do with it

    def may_be_steered_by(self, user: User) -> bool:
        """Stop and retry are for the asker and the bot's admins."""
        return user.pk == self.asker_id or self.bot.is_admin(user)

    def must_be_steered_by(self, user: User) -> None:
        if not self.may_be_steered_by(user):
            raise NotAllowed("Only the person who asked, and the bot's admins, can stop it, retry it or take it over.")

    def cancel(self, by: User) -> None:
        """Stop it. It is fenced at once; the relay tells its bot."""
        self.must_be_steered_by(by)
        self._stop(CANCELLED, "stopped", f"{by.label} stopped it.")

    def withdraw(self, reason: str, explanation: str) -> None:
        """Nobody needs it any more: its bot or its room has gone."""
        self._stop(CANCELLED, reason, explanation)

    def fall_silent(self, reason: str, explanation: str) -> None:
        """There is nothing left to answer."""
        self._stop(SILENT, reason, explanation)

    def fail(self, reason: str, explanation: str) -> None:
        """It cannot be done, and the room hears why."""
        self._stop(FAILED, reason, explanation)

    def fail_at_once(self, reason: str, explanation: str) -> None:
        """A new run that is over before it began. The room is held."""
        self.end_at_once(FAILED, reason, explanation)

    def end_at_once(self, outcome: str, reason: str = "", explanation: str = "") -> None:
        """Store a new run that no bot carries out, with its outcome. The room is held."""
        self.state = DONE
        self.save(force_insert=True)
        self._end(outcome, reason, explanation, permanent=outcome == FAILED)

    # Holding, fencing, ending

    @contextlib.contextmanager
    def held(self, attempt: int | None = None) -> Iterator[Run]:
        """The run as it is now, for this transaction alone. With an attempt, it must be the one that has the run."""
        with transaction.atomic():
            # The room first, then the run: the same order as posting, so that two writers never wait for each other.
            room = Room.objects.select_for_update(no_key=True).get(pk=self.room_id)
            rows = Run.objects.select_for_update(of=("self",), no_key=True).select_related("bot__user", "asker")
            run = _found(rows, self.pk)
            run.room = room
            if attempt is not None:
                run._admit(attempt)
            yield run

    def _admit(self, attempt: int) -> None:
        if self.room.removed_at:
            raise StaleAttempt
        self._fence(attempt)

    def _fence(self, attempt: int) -> None:
        if self.state != ACTIVE or self.attempt != attempt:
            raise StaleAttempt
        if self.started_attempt < attempt:  # the first sign of life of this attempt
            self.started_at = Run.objects.start(self)
            self.tries, self.started_attempt, self.unstarted = self.tries + 1, attempt, 0

    def _was_stopped(self, attempt: int) -> bool:
        stopped = self.state == DONE and self.outcome == CANCELLED and self.attempt == attempt
        return stopped and self.room.removed_at is None

    def _keep(self, steps: Sequence[dict[str, Any]], usage: dict[str, Any] | None) -> None:
        self._record(steps)
        if usage:
            Run.objects.filter(pk=self.pk).update(usage=used_by(self, usage))
        # Who looks at the run has seen its end already, without what it did last.
        transaction.on_commit(lambda: drafts.end(self.room_id, self.pk, self.attempt), robust=True)

    def _say(self, key: str, body: str, metadata: dict[str, Any]) -> Posted:
        if self.handed is not None:
            return keep_reply(self, key, body)
        client_id = f"{self.pk}:{key}"
        try:
            return placing.say(self, body, client_id=client_id, metadata={**placing.own_words(metadata), "run": str(self.pk)})
        except ClientIdReused:  # a second try of the step wrote other words; what the room has read stands
            known = Message.objects.select_related("author", "reply_to__author").get(author=self.bot.user, client_id=client_id)
            return Posted(known, created=False)

    def _was_read(self) -> None:
        """The room reads its first words now, unless a draft showed some before."""
        if self.first_word_at is None:
            Run.objects.filter(pk=self.pk).update(first_word_at=Now())

    def _has_replied(self) -> bool:
        if self.handed is not None:
            return bool(self.handed["replies"])
        return Message.objects.filter(author=self.bot.user, room=self.room, client_id__startswith=f"{self.pk}:").exists()

    def _record(self, steps: Sequence[dict[str, Any]]) -> None:
        budgets.book(self, steps)
        rows = [RunStep(run=self, attempt=self.attempt, **step) for step in steps]
        if rows:
            RunStep.objects.bulk_create(rows, update_conflicts=True, unique_fields=["run", "index"], update_fields=STEP_FIELDS)

    def _wait(self, seconds: float) -> None:
        """Pending again, due in so many seconds."""
        if self.tries == 0 and self.how == ASKED:
            self._take_in_next()
        self.state, self.lease_until = PENDING, None
        Run.objects.filter(pk=self.pk).update(
            state=PENDING, lease_until=None, due_at=in_seconds(seconds), reason=self.reason, explanation=self.explanation, usage=self.usage,
            trigger=self.trigger, trigger_position=self.trigger_position, unstarted=self.unstarted,
            undelivered_since=self.undelivered_since,
        )  # fmt: skip
        wakeups.due()

    def _take_in_next(self) -> None:
        """What the same person wrote while this run was out and never started becomes part of it: one next run per asker."""
        newer = (
            Run.objects.filter(bot=self.bot_id, room=self.room_id, asker=self.asker_id, state=PENDING, tries=0, how=ASKED)
            .exclude(pk=self.pk)
            .first()
        )
        if newer:
            self.take_in(newer.trigger, newer.trigger_position, newer.hops)
            newer.delete()

    def take_in(self, trigger: list[str], position: int, hops: int) -> None:
        """Further messages for a run that has not started."""
        self.trigger = [*self.trigger, *(each for each in trigger if each not in self.trigger)][-Runs.TRIGGERS :]
        self.trigger_position = max(self.trigger_position, position)
        self.hops = min(self.hops, hops)

    def _end(self, outcome: str, reason: str = "", explanation: str = "", *, permanent: bool = False, said: Message | None = None) -> None:
        """It is over. `said`: what is posted in this very transaction, and shows the end without being told of it."""
        self.state, self.outcome, self.reason, self.explanation, self.permanent = DONE, outcome, reason, explanation, permanent
        self.lease_until = None
        Run.objects.filter(pk=self.pk).update(
            state=DONE, outcome=outcome, reason=reason, explanation=explanation, permanent=permanent, lease_until=None, ended_at=Now(),
            usage=self.usage, first_word_at=Coalesce("first_word_at", Now()) if outcome == REPLIED else F("first_word_at"),
        )  # fmt: skip
        telling.ended(self, said)
        run_ended.send(Run, run=self)
        metrics.ended(outcome, reason)
        wakeups.due_behind(self)

    def _stop(self, outcome: str, reason: str, explanation: str) -> None:
        """End it from this side, whoever has it."""
        with self.held() as run:
            if run.state == DONE:
                return
            delivered = run.state == ACTIVE
            run._end(outcome, reason, explanation, permanent=True)
            if delivered:
                wakeups.cancelled(run)


def _found(runs: QuerySet[Run], pk: uuid.UUID) -> Run:
    # `get`, not `first`: on the way of every reply, and to sort one row costs more than to read it.
    try:
        return runs.get(pk=pk)
    except Run.DoesNotExist:
        raise NotFound(NO_RUN) from None
