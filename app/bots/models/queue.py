"""The queue of runs: who is asked next, and what happens to runs whose time is up. All times are the database's."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from django.db import IntegrityError, OperationalError, connection, models, transaction
from django.db.models import ExpressionWrapper
from django.db.models.expressions import Combinable
from django.db.models.functions import Now
from psycopg.errors import DeadlockDetected

from bots import metrics, wakeups
from bots.sweeping import each
from lib.ids import uuid7

if TYPE_CHECKING:
    from accounts.models import User
    from bots.models.bot import Bot
    from bots.models.run import Run
    from chat.models import Room

# A run and an attempt of it.
Pair = tuple[uuid.UUID, int]

LEASE = 30.0
# A lease is renewed when less than this is left: a stream of frames then writes to the database every 15 s, not every frame.
RENEW_BELOW = 15.0
PER_ENDPOINT = 8

# One run of each (bot, room) that has none active: the one asked first. Among those, rooms and askers take turns, and within a turn
# what has been due longest goes first: neither a busy room nor one busy person holds up the others. An endpoint gets as many as it has
# room for. SKIP LOCKED: several relays may do this at once. The lease doubles with each delivery in a row that was taken but not started,
# twice at most: a bot server that lost what it took must not keep people waiting for many minutes.
CLAIM = """
WITH busy AS (SELECT * FROM unnest(%(endpoints)s::text[], %(counts)s::int[]) AS busy(endpoint, runs)),
ready AS (
    SELECT DISTINCT ON (run.bot_id, run.room_id) run.id, run.room_id, run.asker_id, run.due_at, bot.endpoint
    FROM bots_run run
    JOIN bots_bot bot ON bot.id = run.bot_id AND bot.status = 'on'
    JOIN chat_room room ON room.id = run.room_id AND room.removed_at IS NULL
    WHERE run.state = 'pending'
      AND (run.due_at <= statement_timestamp() OR (%(probe)s AND run.undelivered_since IS NOT NULL))
      AND (%(only)s::text IS NULL OR bot.endpoint = %(only)s)
      AND NOT EXISTS (SELECT FROM bots_run other WHERE other.bot_id = run.bot_id AND other.room_id = run.room_id AND other.state = 'active')
    ORDER BY run.bot_id, run.room_id, run.created_at, run.id
),
ranked AS (
    SELECT id, due_at,
           row_number() OVER (PARTITION BY room_id ORDER BY due_at) AS of_room,
           row_number() OVER (PARTITION BY asker_id ORDER BY due_at) AS of_asker,
           row_number() OVER (PARTITION BY endpoint ORDER BY due_at) + coalesce(busy.runs, 0) AS of_endpoint
    FROM ready LEFT JOIN busy USING (endpoint)
),
chosen AS (
    SELECT run.id FROM bots_run run JOIN ranked USING (id)
    WHERE run.state = 'pending' AND ranked.of_endpoint <= %(per_endpoint)s
    ORDER BY greatest(ranked.of_room, ranked.of_asker), ranked.due_at
    LIMIT %(limit)s
    FOR NO KEY UPDATE OF run SKIP LOCKED
)
UPDATE bots_run run
SET state = 'active', attempt = attempt + 1, unstarted = unstarted + 1,
    lease_until = statement_timestamp() + make_interval(secs => %(lease)s * 2 ^ least(unstarted, 2)),
    version_id = CASE WHEN run.tries = 0 AND run.how NOT IN ('retried', 'replayed', 'taken_over') THEN bot.live_id ELSE run.version_id END
FROM chosen, bots_bot bot
WHERE run.id = chosen.id AND bot.id = run.bot_id
RETURNING run.id
"""

# Which of the (run, attempt) pairs are alive and the owner's; the first sign of life of an attempt starts it, the first text that it shows
# is noted, and a lease that runs low is renewed. One statement for a whole batch, and mostly one that only reads. Rows that somebody else
# holds are left alone rather than waited for: two batches could otherwise wait for each other, and whoever holds the row is at work on the
# same run.
TOUCH = """
WITH live AS (
    SELECT run.id, run.attempt, run.room_id, usr.id AS user_id, usr.username, usr.name, old.position,
           run.started_attempt < run.attempt AS starts,
           extract(epoch FROM statement_timestamp() - run.due_at) AS waited,
           run.lease_until < statement_timestamp() + make_interval(secs => %(below)s) AS runs_low,
           wanted.speaks AND run.first_word_at IS NULL AS first_word
    FROM unnest(%(runs)s::uuid[], %(attempts)s::int[], %(speaks)s::bool[]) AS wanted(id, attempt, speaks)
    JOIN bots_run run ON run.id = wanted.id AND run.attempt = wanted.attempt AND run.state = 'active'
    JOIN bots_bot bot ON bot.id = run.bot_id AND bot.owner_id = %(owner)s
    JOIN accounts_user usr ON usr.id = bot.user_id
    LEFT JOIN chat_message old ON old.id = run.regenerates_id
),
held AS (
    SELECT run.id, run.attempt, live.first_word FROM bots_run run JOIN live ON live.id = run.id AND live.attempt = run.attempt
    WHERE (live.starts OR live.runs_low OR live.first_word) AND run.state = 'active'
    FOR NO KEY UPDATE OF run SKIP LOCKED
),
touched AS (
    UPDATE bots_run run
    SET lease_until = statement_timestamp() + make_interval(secs => %(lease)s),
        tries = run.tries + (run.started_attempt < run.attempt)::int,
        started_attempt = run.attempt,
        unstarted = 0,
        started_at = coalesce(run.started_at, statement_timestamp()),
        first_word_at = CASE WHEN held.first_word THEN coalesce(run.first_word_at, statement_timestamp()) ELSE run.first_word_at END
    FROM held WHERE run.id = held.id AND run.attempt = held.attempt AND run.state = 'active'
)
SELECT id, attempt, room_id, user_id, username, name, starts, waited, position FROM live
"""

# The first sign of life of an attempt. Answers how long the run was due, and when it first started.
START = """
UPDATE bots_run SET
    tries = tries + 1, started_attempt = attempt, unstarted = 0, started_at = coalesce(started_at, statement_timestamp()),
    lease_until = statement_timestamp() + make_interval(secs => %(lease)s)
WHERE id = %(run)s
RETURNING extract(epoch FROM statement_timestamp() - due_at), started_at
"""

NEXT_DUE = """
SELECT extract(epoch FROM min(due_at) - statement_timestamp()) FROM bots_run WHERE state = 'pending' AND due_at > statement_timestamp()
"""


class Live(NamedTuple):
    """A run that its bot may work on, and who speaks in it."""

    id: uuid.UUID
    attempt: int
    room_id: uuid.UUID
    user_id: int
    username: str
    name: str
    starts: bool
    waited: float
    position: int | None  # of the reply it makes again

    @property
    def author(self) -> dict[str, Any]:
        return {"id": self.user_id, "username": self.username, "name": self.name or self.username, "is_bot": True}


class Runs(models.QuerySet["Run"]):
    TRIGGERS = 64

    # Asking

    def put(self, bot: Bot, room: Room, asker: User, trigger: list[str], position: int, *, hops: int = 0, chain: uuid.UUID | None = None,
            settle: float = 0.0) -> Run:  # fmt: skip
        """What this person asks next of this bot here: a new run, or part of the one that has not gone out yet (I4). The room is held."""
        due = in_seconds(settle)
        run = self.select_for_update(no_key=True).filter(bot=bot, room=room, asker=asker, state="pending", tries=0, how="asked").first()
        if run is None:
            pk = uuid7()
            run = self.create(
                pk=pk, bot=bot, room=room, asker=asker, trigger=trigger, trigger_position=position, hops=hops, chain=chain or pk, due_at=due
            )
        else:
            run.take_in(trigger, position, hops)
            self.filter(pk=run.pk).update(trigger=run.trigger, trigger_position=run.trigger_position, hops=run.hops, due_at=due)
        wakeups.due()
        return run

    # Claiming

    def claim(self, limit: int, *, busy: Mapping[str, int] | None = None, per_endpoint: int = PER_ENDPOINT) -> list[Run]:
        """Take up to `limit` due runs: each active with its next attempt and a lease. `busy`: what each endpoint has in hand."""
        return self._claim(limit, busy or {}, per_endpoint, only=None, probe=False)

    def probe(self, endpoint: str) -> list[Run]:
        """One run of this endpoint, due or waiting for its retry: to see whether it answers again."""
        return self._claim(1, {}, 1, only=endpoint, probe=True)

    def _claim(self, limit: int, busy: Mapping[str, int], per_endpoint: int, *, only: str | None, probe: bool) -> list[Run]:
        wish: dict[str, Any] = {
            "limit": limit,
            "endpoints": list(busy),
            "counts": list(busy.values()),
            "per_endpoint": per_endpoint,
            "lease": LEASE,
            "only": only,
            "probe": probe,
        }
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(CLAIM, wish)
                ids = [row[0] for row in cursor.fetchall()]
        except IntegrityError:
            # Another relay made a run of the same bot and room active in this very moment. It has it; the next look finds the rest.
            return []
        except OperationalError as error:
            if isinstance(error.__cause__, DeadlockDetected):  # the same with two bots, crosswise
                return []
            raise
        claimed = self.filter(pk__in=ids).select_related("bot__user", "room", "asker", "version")
        return sorted(claimed, key=lambda run: run.due_at)

    # Signs of life

    def touch(self, owner: User, pairs: Sequence[Pair], *, below: float = RENEW_BELOW, speaking: Collection[Pair] = ()) -> dict[Pair, Live]:
        """Which of these (run, attempt) are alive; each is started if it was not, and its lease renewed when it runs low. `speaking`: those
        that show text now. One query."""
        wish: dict[str, Any] = {
            "runs": [run for run, _ in pairs],
            "attempts": [attempt for _, attempt in pairs],
            "speaks": [pair in speaking for pair in pairs],
            "owner": owner.pk,
            "lease": LEASE,
            "below": below,
        }
        with connection.cursor() as cursor:
            cursor.execute(TOUCH, wish)
            found = [Live(*row) for row in cursor.fetchall()]
        for live in found:
            if live.starts:
                metrics.started(timedelta(seconds=float(live.waited)))
        return {(live.id, live.attempt): live for live in found}

    def start(self, run: Run) -> datetime:
        """The current attempt of this run, which the caller holds, has started. Since when there was one that had."""
        with connection.cursor() as cursor:
            cursor.execute(START, {"run": run.pk, "lease": LEASE})
            waited, started_at = cursor.fetchone()
        metrics.started(timedelta(seconds=float(waited)))
        return cast("datetime", started_at)

    # Sweeping

    def expire_leases(self) -> int:
        """Make the runs due again whose worker has not been heard of."""
        late = self.filter(state="active", lease_until__lt=Now()).order_by("lease_until")
        return each(late, lambda run: run.lease_ran_out())

    def give_up(self) -> None:
        """End the runs that nobody can deliver any more."""
        waiting = self.filter(state="pending").select_related("bot")
        each(waiting.filter(room__removed_at__isnull=False), lambda run: run.withdraw("room_removed", "The room was removed."))
        each(waiting.filter(bot__status="off"), lambda run: run.fail("bot_off", run.bot.why_off))
        each(waiting.filter(undelivered_since__lt=in_seconds(-24 * 3600)), lambda run: run.undeliverable())

    def tell_unreachable(self, endpoints: Sequence[str]) -> None:
        """Rooms whose runs wait for an endpoint that is known to be away hear of it, once."""
        waiting = self.filter(state="pending", told_at=None, due_at__lte=Now(), bot__endpoint__in=endpoints, bot__status="on")
        each(waiting.select_related("bot__user"), lambda run: run.tell_undelivered())

    def recover(self, endpoint: str) -> int:
        """The endpoint answers again: everything that waits for it is due."""
        return self.filter(bot__endpoint=endpoint).due_at_once()

    def due_at_once(self) -> int:
        """Of these, what waits because it could not be delivered is due now."""
        # Rows that somebody holds are being booked just now. To wait for one while holding others could become a circle.
        with transaction.atomic():
            waiting = self.filter(state="pending", undelivered_since__isnull=False)
            free = waiting.select_for_update(of=("self",), no_key=True, skip_locked=True).values_list("pk", flat=True)
            return self.model.objects.filter(pk__in=list(free)).update(due_at=Now())

    def next_due(self) -> float | None:
        """Seconds until a run that is not due yet will be."""
        with connection.cursor() as cursor:
            cursor.execute(NEXT_DUE)
            seconds = cursor.fetchone()[0]
        return None if seconds is None else float(seconds)


def in_seconds(seconds: float) -> Combinable:
    """A moment on the database's clock."""
    return ExpressionWrapper(Now() + timedelta(seconds=seconds), output_field=models.DateTimeField())
