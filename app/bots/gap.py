"""The gap between what people expected of a bot and what it did: over time, and for each version (C30).

An answer counts as accepted when nobody corrected it, gave it a thumb down or asked for another one. The edit distance is the share of
an answer's text that people changed, over all answers: nothing where they changed nothing. Runs of all rooms count; replays do not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils import timezone

from lib.time import database_now

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bots.models import Bot

DAYS = 30

# One pass over the runs of the period gives the days, the versions and the whole. What a run waited for people is not the bot's slowness:
# only runs that went through in one piece count for the time they took.
GAP = """
WITH mended AS (
    SELECT run_id, least(1, sum(share)) AS share FROM bots_correction
    WHERE bot_id = %(bot)s AND created_at >= %(since)s AND run_id IS NOT NULL GROUP BY run_id
),
disliked AS (SELECT DISTINCT run_id FROM bots_feedback WHERE bot_id = %(bot)s AND created_at >= %(since)s AND value < 0),
anew AS (SELECT DISTINCT origin_id AS run_id FROM bots_run WHERE bot_id = %(bot)s AND created_at >= %(since)s AND how = 'regenerated'),
ended AS (
    SELECT (run.created_at AT TIME ZONE %(zone)s)::date AS day, run.version_id, run.outcome, run.cost,
           coalesce(mended.share, 0) AS share, mended.run_id IS NOT NULL AS mended,
           mended.run_id IS NULL AND disliked.run_id IS NULL AND anew.run_id IS NULL AS accepted,
           CASE WHEN run.outcome = 'replied' AND run.start IS NULL AND run.how = 'asked'
                THEN extract(epoch FROM run.ended_at - run.created_at) END AS seconds,
           CASE WHEN run.outcome = 'replied' AND run.start IS NULL AND run.how = 'asked'
                THEN extract(epoch FROM run.first_word_at - run.created_at) END AS to_first_word
    FROM bots_run run
    LEFT JOIN mended ON mended.run_id = run.id LEFT JOIN disliked ON disliked.run_id = run.id LEFT JOIN anew ON anew.run_id = run.id
    WHERE run.bot_id = %(bot)s AND run.created_at >= %(since)s AND run.state = 'done' AND run.how NOT IN ('replayed', 'taken_over')
      AND NOT (run.reason = 'budget_spent' AND run.tries = 0)
)
SELECT grouping(day, version_id), day, version_id,
       count(*) FILTER (WHERE outcome <> 'cancelled') AS runs,
       count(*) FILTER (WHERE outcome = 'replied') AS answers,
       count(*) FILTER (WHERE outcome = 'replied' AND accepted) AS accepted,
       count(*) FILTER (WHERE outcome = 'replied' AND mended) AS corrected,
       count(*) FILTER (WHERE outcome = 'failed') AS failed,
       avg(share) FILTER (WHERE outcome = 'replied') AS distance,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY to_first_word) AS first_word,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS median,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds) AS slowest,
       sum(cost) AS cost
FROM ended GROUP BY GROUPING SETS ((day), (version_id), ())
"""
OF_DAY, OF_VERSION, OF_ALL = 1, 2, 3

# For a page of many bots: how many runs each had, and how many of its answers were accepted.
SUMMARIES = """
SELECT run.bot_id, count(*) FILTER (WHERE outcome <> 'cancelled'), count(*) FILTER (WHERE outcome = 'replied'),
       count(*) FILTER (WHERE outcome = 'replied'
                        AND NOT EXISTS (SELECT FROM bots_correction c WHERE c.run_id = run.id)
                        AND NOT EXISTS (SELECT FROM bots_feedback f WHERE f.run_id = run.id AND f.value < 0)
                        AND NOT EXISTS (SELECT FROM bots_run again WHERE again.origin_id = run.id AND again.how = 'regenerated')),
       count(*) FILTER (WHERE outcome = 'failed')
FROM bots_run run
WHERE run.bot_id = ANY(%(bots)s) AND run.created_at >= %(since)s AND run.state = 'done' AND run.how NOT IN ('replayed', 'taken_over')
  AND NOT (run.reason = 'budget_spent' AND run.tries = 0)
GROUP BY run.bot_id
"""


@dataclass(frozen=True)
class Measure:
    """What a number of runs amounts to. Shares are 0 to 1, and None where there is nothing to take a share of. Times are seconds since the
    question: to the first text that could be read, and to the end."""

    runs: int = 0
    answers: int = 0
    accepted: int = 0
    corrected: int = 0
    failed: int = 0
    distance: float | None = None
    first_word: float | None = None
    median: float | None = None
    slowest: float | None = None
    cost: Decimal | None = None

    @property
    def accepted_share(self) -> float | None:
        return self.accepted / self.answers if self.answers else None

    @property
    def gap(self) -> float | None:
        """The share of the answers that were not what somebody wanted."""
        return None if self.accepted_share is None else 1 - self.accepted_share

    @property
    def failed_share(self) -> float | None:
        return self.failed / self.runs if self.runs else None

    @property
    def cost_per_answer(self) -> Decimal | None:
        return self.cost / self.answers if self.cost is not None and self.answers else None


NOTHING = Measure()


@dataclass(frozen=True)
class Day:
    day: date
    measure: Measure
    went_live: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Gap:
    """`days` are all days of the period, oldest first; `versions` by number, the newest first."""

    whole: Measure
    days: list[Day]
    versions: list[tuple[int, Measure]]


def of(bot: Bot, days: int = DAYS) -> Gap:
    """The gap of the last so many days, in the reader's time zone."""
    since = _midnight(days)
    with connection.cursor() as cursor:
        cursor.execute(GAP, {"bot": bot.pk, "since": since, "zone": timezone.get_current_timezone_name()})
        rows = cursor.fetchall()
    numbers = dict(bot.versions.values_list("pk", "number"))
    by_day = {row[1]: _measure(row) for row in rows if row[0] == OF_DAY}
    by_version = {numbers[row[2]]: _measure(row) for row in rows if row[0] == OF_VERSION and row[2] in numbers}
    went_live = _went_live(bot, since)
    all_days = [timezone.localdate(since) + timedelta(days=past) for past in range(days)]
    return Gap(
        whole=next((_measure(row) for row in rows if row[0] == OF_ALL), NOTHING),
        days=[Day(day, by_day.get(day, NOTHING), went_live.get(day, [])) for day in all_days],
        versions=sorted(by_version.items(), reverse=True),
    )


def summaries(bots: Sequence[Bot], days: int = DAYS) -> dict[int, Measure]:
    """The same in short, for many bots at once, by the key of the bot."""
    with connection.cursor() as cursor:
        cursor.execute(SUMMARIES, {"bots": [bot.pk for bot in bots], "since": _midnight(days)})
        rows = cursor.fetchall()
    return {row[0]: Measure(runs=row[1], answers=row[2], accepted=row[3], failed=row[4]) for row in rows}


def _measure(row: tuple[Any, ...]) -> Measure:
    return Measure(*row[3:])


def _midnight(days: int) -> datetime:
    """When the first of so many days began, today being the last of them."""
    today = timezone.localtime(database_now()).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=days - 1)


def _went_live(bot: Bot, since: datetime) -> dict[date, list[int]]:
    found: dict[date, list[int]] = {}
    for number, created_at in bot.versions.filter(created_at__gte=since).order_by("number").values_list("number", "created_at"):
        found.setdefault(timezone.localdate(created_at), []).append(number)
    return found
