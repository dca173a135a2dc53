"""A bot's runs as people look through them: all of them counted, those of one's own rooms shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef

from bots.models import Correction, Run
from bots.models.run import DONE, OUTCOMES, WAITING
from lib.time import database_now

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User
    from bots.models import Bot

CORRECTED, AT_WORK = "corrected", "at-work"
CHOICES = (*OUTCOMES, CORRECTED, WAITING, AT_WORK)
PERIODS = (1, 7, 30, 90)
PAGE = 50
MOST_PAGES = 200
LARGEST = 2**31 - 1


@dataclass(frozen=True)
class Filters:
    """What to show. What a query says that makes no sense is as good as left out: addresses are typed and mended by hand."""

    outcome: str = ""
    version: int | None = None
    person: str = ""
    days: int | None = None
    page: int = 1

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Filters:
        outcome = query.get("outcome", "")
        return cls(
            outcome=outcome if outcome in CHOICES else "",
            version=_whole(query.get("version", ""), LARGEST),
            person=query.get("person", "").strip().removeprefix("@").lower()[:41].replace("\0", ""),
            days=_whole(query.get("days", ""), 3650),
            page=_whole(query.get("page", ""), MOST_PAGES) or 1,
        )

    @property
    def query(self) -> str:
        """The address of the same list, without its page."""
        chosen = {"outcome": self.outcome, "version": self.version, "person": self.person, "days": self.days}
        return urlencode({name: value for name, value in chosen.items() if value})


@dataclass(frozen=True)
class Seen:
    """A run in a room of the viewer's. `took` are the seconds from asking to the end of the answer."""

    run: Run
    corrected: bool
    took: float | None


@dataclass(frozen=True)
class History:
    """A page of runs; how many there are in rooms of the viewer's, and how many in other rooms, which are counted and not shown."""

    runs: list[Seen]
    more: bool
    elsewhere: int


def history(viewer: User, bot: Bot, filters: Filters) -> History:
    found = _matching(bot, filters)
    seen = found.filter(room__removed_at=None, room__memberships__user=viewer)
    start = (filters.page - 1) * PAGE
    runs = seen.select_related("asker", "room", "version", "bot__user").annotate(
        corrected=Exists(Correction.objects.filter(run=OuterRef("pk")))
    )
    page = list(runs.order_by("-created_at", "-pk")[start : start + PAGE + 1])
    # How often one person asked elsewhere is their business.
    elsewhere = 0 if filters.person else found.count() - seen.count()
    return History([_seen(run) for run in page[:PAGE]], len(page) > PAGE, elsewhere)


def _seen(run: Any) -> Seen:
    return Seen(run, run.corrected, (run.ended_at - run.created_at).total_seconds() if run.ended_at else None)


def _matching(bot: Bot, filters: Filters) -> QuerySet[Run]:
    found = Run.objects.filter(bot=bot).defer("start", "handed")
    if filters.outcome in OUTCOMES:
        found = found.filter(state=DONE, outcome=filters.outcome)
    elif filters.outcome == CORRECTED:
        found = found.filter(Exists(Correction.objects.filter(run=OuterRef("pk"))))
    elif filters.outcome == WAITING:
        found = found.filter(state=WAITING)
    elif filters.outcome == AT_WORK:
        found = found.filter(state__in=("pending", "active"))
    if filters.version:
        found = found.filter(version__number=filters.version)
    if filters.person:
        found = found.filter(asker__username=filters.person)
    if filters.days:
        found = found.filter(created_at__gte=database_now() - timedelta(days=filters.days))
    return found


def _whole(text: str, most: int) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 12 and 0 < int(text) <= most else None
