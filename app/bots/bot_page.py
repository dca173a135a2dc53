"""What the directory of bots and the page of one bot show to this viewer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from django.db.models import Count, Sum

from bots import access, budgets, casebook, gap
from bots.models import Spending
from bots.models.case import CONFIRMED, PROPOSED
from bots.models.proposal import OPEN
from bots.registration import may_make
from lib.time import database_now

if TYPE_CHECKING:
    from decimal import Decimal

    from accounts.models import User
    from bots.gap import Gap, Measure
    from bots.models import Bot

PAGE = 30
PERIODS = (7, 30, 90)


@dataclass(frozen=True)
class Found:
    bot: Bot
    measure: Measure


class Directory:
    """A page of the bots whose name, title or description holds the text."""

    def __init__(self, viewer: User, text: str = "", page: str = "") -> None:
        self.viewer, self.search = viewer, text.replace("\0", "").strip()[:80]
        self.page = min(int(page), 1000) if page.isascii() and page.isdecimal() and len(page) < 6 and int(page) > 0 else 1
        found = list(access.bots_matching(self.search)[(self.page - 1) * PAGE : self.page * PAGE + 1])
        self.more = len(found) > PAGE
        self.may_make = may_make(viewer)
        measures = gap.summaries(found[:PAGE])
        self.bots = [Found(bot, measures.get(bot.pk, gap.NOTHING)) for bot in found[:PAGE]]


@dataclass(frozen=True)
class Meter:
    """How much of a budget is used today."""

    label: str
    used: int
    limit: int

    @property
    def percent(self) -> int:
        return min(100, round(100 * self.used / self.limit))

    @property
    def is_spent(self) -> bool:
        return self.used >= self.limit

    @property
    def low(self) -> int:
        """Up to here all is well; from here to the end it is shown as nearly spent."""
        return self.limit * 4 // 5

    @property
    def high(self) -> int:
        return self.limit - 1


class BotPage:
    def __init__(self, viewer: User, bot: Bot, days: str = "") -> None:
        self.viewer, self.bot = viewer, bot
        self.days = next((period for period in PERIODS if str(period) == days), gap.DAYS)
        self.periods = PERIODS

    @property
    def may_edit(self) -> bool:
        return self.bot.may_be_edited_by(self.viewer)

    @cached_property
    def gap(self) -> Gap:
        return gap.of(self.bot, self.days)

    @cached_property
    def meters(self) -> list[Meter]:
        today = Spending.objects.filter(bot=self.bot, day=database_now().astimezone(UTC).date())
        whole = today.aggregate(sum=Sum("tokens"))["sum"] or 0
        mine = today.filter(asker=self.viewer).aggregate(sum=Sum("tokens"))["sum"] or 0
        limits = [("All people together", whole, budgets.PER_BOT), ("You", mine, budgets.PER_PERSON)]
        return [Meter(label, used, self.bot.budget[key]) for label, used, key in limits if self.bot.budget.get(key)]

    @cached_property
    def spent(self) -> tuple[int, Decimal | None]:
        """Tokens and money of the period, of all rooms."""
        first = database_now().astimezone(UTC).date() - timedelta(days=self.days - 1)
        rows = Spending.objects.filter(bot=self.bot, day__gte=first)
        found = rows.aggregate(tokens=Sum("tokens"), cost=Sum("cost"))
        return found["tokens"] or 0, found["cost"] or None

    @cached_property
    def to_do(self) -> dict[str, int]:
        """What waits for somebody: proposals for the editors, cases of the viewer's own words."""
        cases = casebook.visible_to(self.viewer, self.bot).order_by()
        counted = dict(cases.values_list("state").annotate(Count("pk", distinct=True)))
        return {
            "proposals": self.bot.proposals.filter(state=OPEN).count(),
            "cases": counted.get(PROPOSED, 0) + counted.get(CONFIRMED, 0),
        }

    @cached_property
    def broken(self) -> int:
        """How many cases the live version fails that an older one passed."""
        return len(casebook.tracks(self.bot).broken)
