"""A bot's cases: what people said and expected, confirmed by whoever said it, kept in the bot's file, and run for every version.

proposed ──▶ confirmed ──▶ saved        the author of the words confirms the exact text; an editor of the bot puts it into the file
    └──────────┴──▶ dropped
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q

from bots import budgets, case_text, workshop
from bots.errors import BadInput, ContentChanged, Decided, NotAllowed, NotFound
from bots.models import Bot, Case, CaseResult
from bots.models.case import CONFIRMED, DROPPED, PROPOSED, SAVED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

    from accounts.models import User
    from bots.models import BotVersion

NO_CASE = "There is no such case, or it is not yours to see."
# So many versions stand side by side in the table of cases.
COMPARED = 8


@dataclass(frozen=True)
class Track:
    """One case of the file through the versions: True passed, False missed, None it was not there; the oldest version first."""

    case: str
    cells: list[tuple[int, bool | None]]
    missed: str = ""
    broken_by: int | None = None
    mended_by: int | None = None

    @property
    def ran(self) -> bool:
        return any(passed is not None for _, passed in self.cells)


@dataclass(frozen=True)
class Tracks:
    versions: list[int] = field(default_factory=list)
    tracks: list[Track] = field(default_factory=list)

    @property
    def broken(self) -> list[Track]:
        return [track for track in self.tracks if track.broken_by is not None]


def visible_to(user: User, bot: Bot) -> QuerySet[Case]:
    """What is confirmed is for everybody; what is only proposed, for those whose words it is and who can read them where they stand."""
    there = Q(message__room__memberships__user=user, message__room__removed_at=None, message__deleted_at=None)
    mine = Q(author=user) | Q(made_by=user) | there
    shown = Case.objects.filter(bot=bot).exclude(state=DROPPED).filter(Q(state__in=(CONFIRMED, SAVED)) | mine)
    return shown.select_related("author", "made_by", "run", "message").distinct().order_by("-created_at")


def confirm(user: User, bot: Bot, pk: int, sha: str) -> Case:
    """Say yes to the exact text. For the author of the words alone: nobody else gives away what they wrote."""
    with transaction.atomic():
        case = _held(user, bot, pk)
        if user.pk != case.author_id:
            raise NotAllowed(f"Only {case.author.label}, whose words these are, can confirm them.")
        if case.state != PROPOSED:
            raise Decided("This case is confirmed already.")
        if sha != case_text.sha_of(case):
            raise ContentChanged
        case.state = CONFIRMED
        case.save(update_fields=["state"])
    return case


def drop(user: User, bot: Bot, pk: int) -> None:
    """Nobody needs it. For the author of the words, for who proposed it, and for the bot's editors."""
    with transaction.atomic():
        case = _held(user, bot, pk)
        if user.pk not in (case.author_id, case.made_by_id) and not bot.may_be_edited_by(user):
            raise NotAllowed("Only its author, who proposed it and the bot's editors can drop a case.")
        if case.state == SAVED:
            raise Decided("It stands in the bot's file already. Take it out there.")
        case.state = DROPPED
        case.save(update_fields=["state"])


def save(user: User, bot: Bot, pk: int) -> int:
    """Put a confirmed case into the bot's file. The version that is live then."""
    if not bot.may_be_edited_by(user):
        raise NotAllowed("Only the bot's editors can put a case into its file.")
    case = confirmed(user, bot, pk)
    if bot.live is None:
        raise Decided("The bot has no version that works.")
    # Not in a transaction: the manager registers the version meanwhile, and its cases may take a while.
    return workshop.save(bot.name, case_text.with_case(bot.live.yaml, case), base=bot.live.number, by=user).version


def confirmed(user: User, bot: Bot, pk: int) -> Case:
    """A case that waits for an editor of the bot."""
    case = visible_to(user, bot).filter(pk=pk).first()
    if case is None:
        raise NotFound(NO_CASE)
    if case.state != CONFIRMED:
        raise Decided("Its author has not confirmed this case, or it stands in the file already.")
    return case


def find_saved(bot: Bot) -> None:
    """A version went live: the confirmed cases that stand in its file, by whatever way they came there, are saved."""
    waiting = list(Case.objects.filter(bot=bot, state=CONFIRMED))
    if not waiting or bot.live is None:
        return
    tests = case_text.tests_of(bot.live.yaml)
    saved = [case.pk for case in waiting if case_text.as_read({"say": case.say, "expect": case.expect}) in tests]
    Case.objects.filter(pk__in=saved).update(state=SAVED)


def run(user: User, bot: Bot, version: BotVersion) -> list[CaseResult]:
    """Try a version with the cases of today's file, and keep how it did: so one finds which version broke what was noticed later."""
    if not bot.may_be_edited_by(user):
        raise NotAllowed("Only the bot's editors can run its cases.")
    if bot.live is None:
        raise Decided("The bot has no version that works.")
    text = version.yaml if version.pk == bot.live_id else case_text.with_tests_of(version.yaml, bot.live.yaml)
    if refusal := budgets.refusal(bot, user):
        raise BadInput(refusal)
    told = {result["case"]: result for result in workshop.run_cases(text, bot.name, user)}
    with transaction.atomic():
        version.results.all().delete()
        return CaseResult.objects.bulk_create(
            CaseResult(version=version, case=case, passed=result["passed"], missed=result["missed"]) for case, result in told.items()
        )


def tracks(bot: Bot) -> Tracks:
    """The cases of the live version, run or not, and how they went in the versions before it: which version broke which."""
    versions = list(bot.versions.filter(results__isnull=False).distinct().order_by("-number")[:COMPARED])[::-1]
    results = CaseResult.objects.filter(version__in=versions).select_related("version")
    known = {(result.case, result.version.number): result for result in results}
    cases = list(bot.live.results.order_by("pk").values_list("case", flat=True)) if bot.live else []
    if bot.live and not cases:  # they have not been run
        cases = list(dict.fromkeys("\n".join(map(str, test["say"])) for test in case_text.tests_of(bot.live.yaml)))
    return Tracks([version.number for version in versions], [_track(case, versions, known) for case in cases])


def _track(case: str, versions: Sequence[BotVersion], known: dict[tuple[str, int], CaseResult]) -> Track:
    cells = [(version.number, known.get((case, version.number))) for version in versions]
    broken_by = mended_by = None
    before: bool | None = None
    for number, result in cells:
        if result is None:
            continue
        if before is True and not result.passed:
            broken_by, mended_by = number, None
        elif before is False and result.passed:
            broken_by, mended_by = None, number
        before = result.passed
    last = next((result for _, result in reversed(cells) if result), None)
    return Track(case, [(number, result.passed if result else None) for number, result in cells], last.missed if last else "", broken_by,
                 mended_by)  # fmt: skip


def _held(user: User, bot: Bot, pk: int) -> Case:
    if not visible_to(user, bot).filter(pk=pk).exists():
        raise NotFound(NO_CASE)
    return Case.objects.select_for_update(of=("self",)).select_related("author").get(pk=pk)
