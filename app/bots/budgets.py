"""What bots use, and when it is enough: sums by bot, person and day (UTC), held against the budgets before a service is called.

Runs that go on at the same time each see the sum as it is: together they can pass a budget by the step each has in hand, never by more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.db import connection
from django.db.models import F, Sum
from django.db.models.functions import Coalesce

from bots.models.spending import Spending
from bots.models.step import RunStep
from bots.prices import cost_of, tokens_of
from lib.time import database_now

if TYPE_CHECKING:
    from accounts.models import User
    from bots.models.bot import Bot
    from bots.models.run import Run

SPENT = "budget_spent"
PER_BOT, PER_PERSON = "tokens_per_day", "tokens_per_person"

# One statement, so that two runs of the same person add up. The row is taken last of all that a transaction holds.
RAISE = """
INSERT INTO bots_spending (bot_id, asker_id, day, tokens, cost)
VALUES (%s, %s, (statement_timestamp() AT TIME ZONE 'UTC')::date, %s, %s)
ON CONFLICT (bot_id, asker_id, day) DO UPDATE
SET tokens = bots_spending.tokens + excluded.tokens, cost = bots_spending.cost + excluded.cost
"""


class Left(NamedTuple):
    """What is left of the tightest budget today; None without one. `said`: what the bot says when nothing is left."""

    tokens: int | None
    said: str = ""

    @property
    def is_spent(self) -> bool:
        return self.tokens is not None and self.tokens <= 0


class Used(NamedTuple):
    tokens: int
    cost: Decimal | None


NOTHING = Used(0, None)


def has_one(bot: Bot) -> bool:
    return bool(bot.budget.get(PER_BOT) or bot.budget.get(PER_PERSON) or settings.TOKENS_PER_PERSON)


def left(bot: Bot, asker: User) -> Left:
    """How much this bot may still use for this person today."""
    if not has_one(bot):
        return Left(None)
    now = database_now().astimezone(UTC)
    today = Spending.objects.filter(day=now.date())
    back = f"I answer again after midnight UTC, in {_until_midnight(now)}."
    limits = [
        (bot.budget.get(PER_BOT), today.filter(bot=bot), f"I have used up my {{}} tokens for today. {back}"),
        (bot.budget.get(PER_PERSON), today.filter(bot=bot, asker=asker), f"You have used up your {{}} tokens with me for today. {back}"),
        (settings.TOKENS_PER_PERSON, today.filter(asker=asker), f"You have used up your {{}} tokens with bots for today. {back}"),
    ]
    counted = [
        (limit - int(sums.aggregate(sum=Coalesce(Sum("tokens"), 0))["sum"]), said.format(f"{limit:,}"))
        for limit, sums, said in limits
        if limit
    ]
    tokens, said = min(counted)
    return Left(max(0, tokens), said)


def refusal(bot: Bot, asker: User) -> str:
    """Why it may not begin, in plain words; empty when it may."""
    still = left(bot, asker)
    return still.said if still.is_spent else ""


def refusal_of(run: Run) -> str:
    """The same for a run that is about to be delivered. One that is under way is asked before each step that costs, and may end without."""
    return "" if run.tries or run.start else refusal(run.bot, run.asker)


def book(run: Run, steps: Sequence[dict[str, Any]]) -> None:
    """Write into each step what it cost, and add what is new of it to the run and to the sum of the day. The run is held.

    The same step told again by the same attempt is known already; done once more by a later attempt, it was paid for once more.
    """
    now = datetime.now(UTC)
    paid = [step for step in steps if _used(step.get("usage"), now) != NOTHING]
    known = {step.index: step for step in RunStep.objects.filter(run=run, attempt=run.attempt, carried=False)} if paid else {}
    tokens, cost, priced = 0, Decimal(0), False
    for step in paid:
        used, before = _used(step["usage"], now), known.get(step["index"])
        step["cost"] = used.cost
        told = _used(before.usage, now) if before else NOTHING
        tokens += max(0, used.tokens - told.tokens)
        cost += max(Decimal(0), (used.cost or 0) - (told.cost or 0))
        priced = priced or used.cost is not None
    if priced:
        run.cost = (run.cost or 0) + cost
        type(run).objects.filter(pk=run.pk).update(cost=Coalesce(F("cost"), Decimal(0)) + cost)
    if tokens or cost:
        with connection.cursor() as cursor:
            cursor.execute(RAISE, [run.bot_id, run.asker_id, tokens, cost])


def book_trial(bot: Bot, asker: User, steps: Sequence[dict[str, Any]]) -> None:
    """What an unsaved text of the bot used counts for the day like its answers, though no run remembers it."""
    now = datetime.now(UTC)
    used = [_used(step.get("usage"), now) for step in steps if isinstance(step, dict)]
    tokens = sum(one.tokens for one in used)
    if tokens:
        with connection.cursor() as cursor:
            cursor.execute(RAISE, [bot.pk, asker.pk, tokens, sum((one.cost or Decimal(0) for one in used), Decimal(0))])


def _used(usage: Any, now: datetime) -> Used:
    if not isinstance(usage, dict) or not sum(tokens_of(usage)):
        return NOTHING
    return Used(sum(tokens_of(usage)), cost_of(usage, now))


def _until_midnight(now: datetime) -> str:
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    minutes = int((midnight - now).total_seconds() // 60) + 1
    return f"{round(minutes / 60)} h" if minutes >= 90 else f"{minutes} min"
