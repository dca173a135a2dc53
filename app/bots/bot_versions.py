"""A bot's versions as people see them: what each changed, how it did, and the way back to one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from django.db.models import Count, Q

from bots import comparing, gap, workshop
from bots.errors import BadInput, NotAllowed

if TYPE_CHECKING:
    from accounts.models import User
    from bots.comparing import Line
    from bots.gap import Measure
    from bots.models import Bot, BotVersion

# As far back as answers are looked at for a version: a quarter of a year.
DAYS = 90
PAGE = 50


@dataclass(frozen=True)
class Row:
    version: BotVersion
    is_live: bool
    measure: Measure
    passed: int
    cases: int
    broke: int


@dataclass(frozen=True)
class Rows:
    """A page of versions, the newest first: those below the number `before`, if there is one. `older` is that of the next page."""

    rows: list[Row]
    before: int | None
    older: int | None


def rows_of(bot: Bot, before: str = "") -> Rows:
    """Versions, each with its gap and how its cases went."""
    first = _number(before)
    measures = dict(gap.of(bot, DAYS).versions)
    versions = (
        bot.versions.select_related("created_by")
        .defer("yaml")
        .annotate(cases=Count("results"), passed=Count("results", filter=Q(results__passed=True)))
    )
    if first is not None:
        versions = versions.filter(number__lt=first)
    shown = list(versions.order_by("-number")[: PAGE + 1])
    older = shown[PAGE - 1].number if len(shown) > PAGE else None
    passes = _passes(bot, shown[-1].number if shown else 0)
    found, passing = [], set[str]()
    for version in reversed(shown):
        told = passes.get(version.pk, {})
        broke = sum(1 for case, passed in told.items() if not passed and case in passing)
        passing = {case for case, passed in told.items() if passed} if told else passing
        measure = measures.get(version.number, gap.NOTHING)
        found.append(Row(version, version.pk == bot.live_id, measure, version.passed, version.cases, broke))
    return Rows(found[::-1][:PAGE], first, older)


class VersionPage:
    """One version, against the one before it or another."""

    def __init__(self, bot: Bot, version: BotVersion, against: str = "") -> None:
        self.bot, self.version = bot, version
        wanted = _number(against)
        wanted = version.number - 1 if wanted is None else wanted
        self.against = bot.versions.filter(number=wanted).exclude(pk=version.pk).first()

    @property
    def is_live(self) -> bool:
        return self.version.pk == self.bot.live_id

    @cached_property
    def lines(self) -> list[Line]:
        return comparing.difference(self.against.yaml if self.against else "", self.version.yaml)

    @property
    def code_changed(self) -> bool:
        return bool(self.against and self.against.code_hash != self.version.code_hash)

    @cached_property
    def others(self) -> list[int]:
        return list(self.bot.versions.exclude(pk=self.version.pk).values_list("number", flat=True))

    @cached_property
    def missed(self) -> list[tuple[str, str]]:
        return list(self.version.results.filter(passed=False).values_list("case", "missed"))


def restore(user: User, bot: Bot, version: BotVersion) -> int:
    """Make the text of an older version live again, as the newest. Its steps in Python stay as they are today."""
    if not bot.may_be_edited_by(user):
        raise NotAllowed("Only the bot's editors can restore a version.")
    if version.pk == bot.live_id or (bot.live and bot.live.yaml == version.yaml):
        raise BadInput(f"The text of version {version.number} is what is live now.")
    if not version.yaml.strip():
        raise BadInput(f"Version {version.number} has no text to restore: the bot is a program of its own.")
    return workshop.save(bot.name, version.yaml, base=bot.live.number if bot.live else None, by=user).version


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _passes(bot: Bot, oldest: int) -> dict[int, dict[str, bool]]:
    """How the cases of the versions from this number on went."""
    found: dict[int, dict[str, bool]] = {}
    told = bot.versions.filter(number__gte=oldest, results__isnull=False)
    for version_id, case, passed in told.values_list("pk", "results__case", "results__passed"):
        found.setdefault(version_id, {})[case] = passed
    return found
