"""Changes of a bot that somebody proposes, mostly a bot. One of the bot's editors decides over the exact difference."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from accounts.names import USERNAME
from accounts.throttle import Limit
from bots import comparing, workshop
from bots.bench import NOT_OURS, Bench, new_name
from bots.errors import BadInput, Decided, NotAllowed, NotFound
from bots.models import Bot, Proposal
from bots.models.proposal import ACCEPTED, OPEN, REJECTED
from bots.registration import NOT_A_MAKER, may_make
from chat.access import as_uuid
from chat.limits import storable

if TYPE_CHECKING:
    from accounts.models import User
    from bots.comparing import Line
    from bots.models import Run

NO_PROPOSAL = "There is no such proposal."
AN_HOUR = 30
# Of one bot: from everybody together, and from one person, who could otherwise keep all others from proposing.
MOST_OPEN, MOST_OF_ONE = 50, 5
LONGEST_REASON = 2000


def propose(user: User, name: str, yaml: str, why: str, *, base: int | None = None, run: Run | None = None) -> Proposal:
    """Store a change that loads. Its cases are run for whoever could save it anyway; else an editor runs them (they may cost money)."""
    bot = Bot.objects.select_related("user", "live", "owner").filter(user__username=name).first()
    known = Proposal.objects.filter(name=name, yaml=yaml, by=user, state=OPEN).first()
    if known:  # asked once more, since the answer was lost
        return known
    limit = Limit(f"proposal:{user.pk}", AN_HOUR, 3600)
    if not limit.take():
        raise BadInput(f"You have proposed {AN_HOUR} changes in this hour. Wait {limit.wait // 60 + 1} minutes.")
    _check(user, bot, name, yaml)
    may_save = bot is None or bot.may_be_edited_by(user)
    cases = Bench(user, bot).cases(yaml) if may_save else None
    version = bot.versions.filter(number=base).first() if bot and base else bot.live if bot else None
    return Proposal.objects.create(bot=bot, name=name, base=version, yaml=yaml, why=why, by=user, run=run, cases=cases)


def visible_to(user: User, name: str) -> QuerySet[Proposal]:
    """The proposals for a bot: all of them for its editors, their own for everybody else."""
    if not USERNAME.fullmatch(name):
        raise NotFound(NO_PROPOSAL)
    found = Proposal.objects.select_related("by", "run__bot__user", "decided_by", "base", "bot__user", "bot__live").filter(name=name)
    bot = Bot.objects.filter(user__username=name).first()
    return found if bot and bot.may_be_edited_by(user) else found.filter(by=user)


def proposal_for(user: User, name: str, proposal_id: Any) -> Proposal:
    """For the bot's editors and for whoever proposed it; for everybody else it is not there."""
    proposal = visible_to(user, name).filter(pk=as_uuid(proposal_id, NO_PROPOSAL)).first()
    if proposal is None:
        raise NotFound(NO_PROPOSAL)
    return proposal


@dataclass(frozen=True)
class ProposalPage:
    """A proposal as somebody sees it: the difference is against what is live now, which is what accepting it would change."""

    proposal: Proposal
    user: User

    @property
    def bot(self) -> Bot | None:
        return self.proposal.bot

    @property
    def live(self) -> int | None:
        return self.bot.live.number if self.bot and self.bot.live else None

    @cached_property
    def lines(self) -> list[Line]:
        """A decided one is shown against what it was made from."""
        is_open = self.proposal.state == OPEN
        before = self.bot.live if self.bot and is_open else self.proposal.base
        return comparing.difference(before.yaml if before else "", self.proposal.yaml)

    @property
    def is_overtaken(self) -> bool:
        """Whether the bot has changed since it was proposed."""
        return bool(self.proposal.base and self.bot and self.bot.live_id != self.proposal.base_id)

    @property
    def may_decide(self) -> bool:
        return self.proposal.state == OPEN and may_decide(self.user, self.proposal)


def may_decide(user: User, proposal: Proposal) -> bool:
    """A bot's editors. A bot that is to be new is its proposer's, if they may have one."""
    if proposal.bot:
        return proposal.bot.may_be_edited_by(user)
    return proposal.by_id == user.pk and may_make(user)


def accept(user: User, proposal: Proposal, base: int | None) -> int:
    """Make it live: the version it is now. `base` is the version that the difference was shown against: another one, and it is 409."""
    _must_decide(user, proposal)
    if proposal.state != OPEN:
        raise Decided(_decided(proposal))
    bench = Bench(user, proposal.bot)
    if (bench.base or None) != base:
        raise Decided("The bot has changed since you looked. Look at the difference again.")
    saved = bench.save(proposal.yaml, base)
    _decide(user, proposal, ACCEPTED, "")
    return saved.version


def run_cases(user: User, proposal: Proposal) -> None:
    _must_decide(user, proposal)
    proposal.cases = Bench(user, proposal.bot).cases(proposal.yaml)
    proposal.save(update_fields=["cases"])


def reject(user: User, proposal: Proposal, reason: str) -> None:
    _must_decide(user, proposal)
    _decide(user, proposal, REJECTED, storable(reason[:LONGEST_REASON], "reason"))


def _decide(user: User, proposal: Proposal, state: str, reason: str) -> None:
    """Once: of two who decide in the same moment, one hears that the other did."""
    with transaction.atomic():
        open_ones = Proposal.objects.filter(pk=proposal.pk, state=OPEN)
        changed = open_ones.update(state=state, decided_by=user, decided_at=Now(), reason=reason)
    if not changed:
        raise Decided(_decided(Proposal.objects.select_related("decided_by").get(pk=proposal.pk)))
    if state == ACCEPTED and proposal.bot is None:
        Proposal.objects.filter(pk=proposal.pk).update(bot=Bot.objects.filter(user__username=proposal.name).first())


def _decided(proposal: Proposal) -> str:
    by = proposal.decided_by.label if proposal.decided_by else "Somebody"
    return f"{by} has {proposal.state} this already."


def _must_decide(user: User, proposal: Proposal) -> None:
    if not may_decide(user, proposal):
        raise NotAllowed("Only the bot's editors decide over a change of it." if proposal.bot else NOT_A_MAKER)


def _check(user: User, bot: Bot | None, name: str, yaml: str) -> None:
    """Whether it may be proposed, and loads. Raises HeldBack with what is wrong."""
    if bot is None and not may_make(user):
        raise NotAllowed(NOT_A_MAKER)
    if bot and Bench(user, bot).not_ours:
        raise BadInput(NOT_OURS)
    if bot and bot.live and bot.live.yaml == yaml:
        raise BadInput("This is what the bot's file says already.")
    waiting = Proposal.objects.filter(name=name, state=OPEN)
    if waiting.filter(by=user).count() >= MOST_OF_ONE:
        raise BadInput(f"{MOST_OF_ONE} changes that you proposed for this bot wait for a decision. Propose another when one is decided.")
    if waiting.count() >= MOST_OPEN:
        raise BadInput(f"{MOST_OPEN} changes of this bot wait for a decision. Let its editors decide first.")
    if bot is None and new_name(yaml) != name:
        raise BadInput("The text names another bot than the address.")
    checked = workshop.check(yaml, bot.name if bot else None)
    if checked.problems:
        raise workshop.HeldBack(checked.problems, [])
