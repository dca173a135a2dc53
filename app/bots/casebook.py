"""A bot's cases: what people said and expected, confirmed by whoever said it, kept in the bot's file, and run for every version.

proposed ──▶ confirmed ──▶ saved        the author of the words confirms the exact text; an editor of the bot puts it into the file
    └──────────┴──▶ dropped
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml
from django.db import transaction
from django.db.models import Q

from bots import workshop
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
    def passes(self) -> bool:
        return bool(self.cells) and self.cells[-1][1] is True


@dataclass(frozen=True)
class Tracks:
    versions: list[int] = field(default_factory=list)
    tracks: list[Track] = field(default_factory=list)

    @property
    def broken(self) -> list[Track]:
        return [track for track in self.tracks if track.broken_by is not None]


def text_of(case: Case) -> str:
    """The case as it would stand in the bot's file: this is what its author confirms, to the letter."""
    say = case.say if len(case.say) != 1 else case.say[0]
    dumped: str = yaml.safe_dump([{"say": say, "expect": case.expect}], allow_unicode=True, sort_keys=False, width=100)
    return dumped


def sha_of(case: Case) -> str:
    return hashlib.sha256(text_of(case).encode()).hexdigest()


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
        if sha != sha_of(case):
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
    case = visible_to(user, bot).filter(pk=pk).first()
    if case is None:
        raise NotFound(NO_CASE)
    if case.state != CONFIRMED or bot.live is None:
        raise Decided("Its author has not confirmed this case, or it stands in the file already.")
    # Not in a transaction: the manager registers the version meanwhile, and its cases may take a while.
    saved = workshop.save(bot.name, with_case(bot.live.yaml, case), base=bot.live.number, by=user)
    Case.objects.filter(pk=case.pk, state=CONFIRMED).update(state=SAVED)
    return saved.version


def run(user: User, bot: Bot, version: BotVersion) -> list[CaseResult]:
    """Try a version with the cases of today's file, and keep how it did: so one finds which version broke what was noticed later."""
    if not bot.may_be_edited_by(user):
        raise NotAllowed("Only the bot's editors can run its cases.")
    if bot.live is None:
        raise Decided("The bot has no version that works.")
    text = version.yaml if version.pk == bot.live_id else with_tests_of(version.yaml, bot.live.yaml)
    told = {result["case"]: result for result in workshop.run_cases(text, bot.name)}
    with transaction.atomic():
        version.results.all().delete()
        return CaseResult.objects.bulk_create(
            CaseResult(version=version, case=case, passed=result["passed"], missed=result["missed"]) for case, result in told.items()
        )


def with_tests_of(text: str, other: str) -> str:
    """A bot's file with the tests of another in the place of its own. It is only tried, so how it is written does not matter."""
    try:
        file, tests = yaml.safe_load(text), yaml.safe_load(other).get("tests")
        made: str = yaml.safe_dump({**file, "tests": tests or []}, allow_unicode=True, sort_keys=False)
    except (yaml.YAMLError, TypeError, AttributeError) as error:
        raise BadInput("The text of this version cannot be read, so it cannot be tried.") from error
    return made


def with_case(text: str, case: Case) -> str:
    """The bot's file with one more of its tests. The rest of the text stays as somebody wrote it, comments and all."""
    item, tests = text_of(case), _tests(text)
    if tests is None:
        made = f"{text.rstrip()}\ntests:\n{_indented(item, 2)}"
    elif isinstance(tests, yaml.SequenceNode) and tests.value and not tests.flow_style:
        lines = text.splitlines(keepends=True)
        end = _end_of(tests.value[-1], lines)
        head = "".join(lines[:end])
        made = f"{head}{'' if head.endswith(chr(10)) else chr(10)}{_indented(item, tests.start_mark.column)}{''.join(lines[end:])}"
    else:  # `tests: []`, or written in one line
        made = f"{text[: tests.start_mark.index].rstrip()}\n{_indented(_dumped(tests, text) + item, 2)}{text[tests.end_mark.index :]}"
    _check(text, made, case)
    return made


def tracks(bot: Bot) -> Tracks:
    """The cases of the live version, and of the versions before it: which version broke which."""
    versions = list(bot.versions.filter(results__isnull=False).distinct().order_by("-number")[:COMPARED])[::-1]
    results = CaseResult.objects.filter(version__in=versions).select_related("version")
    known = {(result.case, result.version.number): result for result in results}
    cases = list(dict.fromkeys(result.case for result in results.order_by("-version__number", "pk")))
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


def _tests(text: str) -> Any:
    """The node of the file's `tests`, or None when it has none."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise BadInput("The bot's file cannot be read. Mend it in the editor first.") from error
    if not isinstance(node, yaml.MappingNode) or node.flow_style:
        raise BadInput("The bot's file is not written line by line. Add the case in the editor.")
    return next((value for key, value in node.value if key.value == "tests"), None)


def _end_of(node: Any, lines: list[str]) -> int:
    """The line after the last one that belongs to this node: without the empty lines and comments that follow it."""
    end: int = node.end_mark.line if node.end_mark.column == 0 else node.end_mark.line + 1
    end = min(end, len(lines))
    while end > 0 and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
        end -= 1
    return end


def _dumped(node: Any, text: str) -> str:
    known = yaml.safe_load(text[node.start_mark.index : node.end_mark.index]) or []
    dumped: str = yaml.safe_dump(known, allow_unicode=True, sort_keys=False, width=100) if known else ""
    return dumped


def _indented(text: str, columns: int) -> str:
    return "".join(f"{' ' * columns}{line}" if line.strip() else line for line in text.splitlines(keepends=True))


def _check(before: str, after: str, case: Case) -> None:
    """What was put together by hand must be what was meant, or it is not written."""
    try:
        was, now = yaml.safe_load(before), yaml.safe_load(after)
        added = yaml.safe_load(text_of(case))
        meant = was | {"tests": [*(was.get("tests") or []), *added]}
    except (yaml.YAMLError, TypeError, AttributeError) as error:
        raise BadInput("The case could not be put into the bot's file. Add it in the editor.") from error
    if now != meant:
        raise BadInput("The case could not be put into the bot's file. Add it in the editor.")
