"""The page of one run: what it is about, how it stands, its steps, and what the viewer may do with it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bots import differences, replaying, secrecy, taking_over, telling, traces
from bots.course import dollars, duration
from bots.errors import ChatError
from bots.models import Run
from bots.models.run import ACTIVE, CANCELLED, DONE, FAILED, PENDING, REPLAYED, SILENT, WAITING
from bots.prices import tokens_of
from bots.resuming import must_be_heard, must_find_its_bot
from bots.step_page import StepPage
from bots.timeline import Row, planned_names, rows_of
from bots.waits import Wait, wait_of
from chat import access as rooms
from chat import drafts
from chat.models import Message
from chat.room_page import RoomPage
from lib.time import database_now

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from accounts.models import User
    from bots.models import Correction, RunStep

MADE = {
    "retried": "Goes on from", "regenerated": "Regenerated from", "replayed": "Replay of", "taken_over": "Taken over from",
}  # fmt: skip
ENDED_BY = {
    "taken_over": "A person took over from {bot}", "rejected": "{bot} was told no", "expired": "{bot} got no answer in time",
    "no_answer": "{bot} got no answer in time",
}  # fmt: skip
MOST_LISTED = 20


@dataclass(frozen=True)
class Act:
    """A way to go on that the viewer has."""

    way: str
    words: str


class RunPage:
    def __init__(self, run: Run, viewer: User, opened: int | None = None) -> None:
        self.run = run
        self.viewer = viewer
        self.bot = run.bot
        self._opened = opened
        membership = rooms.membership_for(viewer, run.room_id)
        self.room = RoomPage(membership)
        # Read before the run's own rows: what comes in between is then told twice rather than never.
        self.seq = membership.room.seq
        self.now = database_now()

    # What it is about

    @property
    def heading(self) -> str:
        bot, run = self.bot.title, self.run
        if run.state == DONE:
            if self.by_hand:
                return f"{self.by_hand} answered for {bot}"
            words = {FAILED: "{bot} did not answer", SILENT: "{bot} had nothing to say", CANCELLED: "{bot} was stopped"}
            said = ENDED_BY.get(run.reason) if run.outcome == CANCELLED else None
            return (said or words.get(run.outcome, "{bot} answered")).format(bot=bot)
        words = {WAITING: "{bot} waits for an answer", ACTIVE: "{bot} is at work"}
        begun = "{bot} tries again" if run.tries else "{bot} has yet to begin"
        return words.get(run.state, begun).format(bot=bot)

    @property
    def over(self) -> bool:
        """Whether nothing more is to come. What a stopped attempt did last is told after its end."""
        return self.run.state == DONE and self.run.outcome != CANCELLED

    @property
    def mark(self) -> str:
        return self.run.outcome if self.run.state == DONE else self.run.state

    @property
    def state(self) -> str:
        parts = [self.run.outcome if self.run.state == DONE else self.run.state, self.run.reason]
        return " · ".join(part for part in parts if part)

    @property
    def facts(self) -> list[tuple[str, str]]:
        run = self.run
        counts = [(tokens_of(step.usage), bool(step.usage.get("estimated"))) for step in self._own if isinstance(step.usage, dict)]
        tokens = sum(sum(count) for count, _ in counts)
        costs = [step.cost for step in self._own if step.cost is not None]
        took = sum(step.ms for step in self._own)
        found = [
            ("tries", str(run.tried) if run.tried > 1 else ""),
            ("first word", self._first_word),
            ("took", duration(took) if self._own else ""),
            ("tokens", f"{'about ' if any(guess for _, guess in counts) else ''}{tokens:,}" if tokens else ""),
            ("cost", dollars(sum(costs, Decimal()) if costs else run.cost)),
        ]
        return [(name, value) for name, value in found if value]

    @property
    def _first_word(self) -> str:
        """From the question to the first text that could be read. A person who answered in its place is no bot that was fast."""
        run = self.run
        return duration(round((run.first_word_at - run.created_at).total_seconds() * 1000)) if run.first_word_at and run.tries else ""

    @property
    def short_id(self) -> str:
        return f"{str(self.run.pk)[:8]}-{str(self.run.pk)[-4:]}"

    @cached_property
    def question(self) -> Message | None:
        """The newest message it answers."""
        messages = Message.objects.filter(pk__in=self.run.trigger, room=self.run.room_id, deleted_at=None).select_related("author")
        return messages.order_by("-position").first()

    @cached_property
    def replies(self) -> Sequence[Message]:
        return list(replaying.replies_of(self.run)[:MOST_LISTED])

    @property
    def handed_back(self) -> list[str]:
        """What came back of work that was handed over: it is no message of the room."""
        given: dict[str, Any] = self.run.handed or {}
        return [str(reply.get("body", "")) for reply in given.get("replies", []) if isinstance(reply, dict)]

    @property
    def by_hand(self) -> str:
        made = self.run.how == "taken_over" and not self.run.attempt and next(iter(self.replies), None)
        return str(made.metadata.get("by_hand", {}).get("name", "")) if made else ""

    @property
    def standing(self) -> str:
        """What a page that is open compares to see whether its head is still the same."""
        later = [f"{run.pk} {run.outcome or run.state}" for run in (*self.successors, *self.delegated)]
        acts = [act.way for act in (*self.replays, *self.ways)]
        return "|".join([self.heading, self.state, str(self.facts), *self.notes, *later, *acts, self.retry_from, str(self.waits)])

    # How it stands

    @cached_property
    def notes(self) -> list[str]:
        run = self.run
        found = []
        if run.state == DONE and run.explanation and run.explanation not in self._failures:
            found.append(str(secrecy.hidden(run.explanation)))
        if run.state == PENDING:
            found.append(self._why_pending())
        if run.state == ACTIVE and run.lease_until and run.lease_until < self.now:
            silent = duration(int((self.now - run.lease_until).total_seconds() * 1000))
            found.append(
                f"Its worker has not been heard of, and its time ran out {silent} ago. Another worker goes on from the last step kept."
            )
        if run.start and run.start.get("by"):
            found.append(f"{run.start['by']} made the payload that it begins with.")
        return [note for note in found if note]

    @property
    def _failures(self) -> list[str]:
        """What failed steps say, which stands with them."""
        return [step.error.get("message", "") for step in self.steps if isinstance(step.error, dict)]

    def _why_pending(self) -> str:
        run = self.run
        if run.undelivered_since:
            return telling.undelivered(self.bot.title, run.reason)
        wait = max(0.0, (run.due_at - self.now).total_seconds())
        if run.tries and run.explanation:
            return telling.trying_again(str(secrecy.hidden(run.explanation)), wait)
        return "It was cut off, and goes on from the last step kept." if run.tries else "It waits for its turn."

    @cached_property
    def waits(self) -> Wait | None:
        return wait_of(self.run, self.viewer) if self.run.state == WAITING else None

    @property
    def made(self) -> str:
        return MADE.get(self.run.how, "") if self.run.origin_id else ""

    @cached_property
    def successors(self) -> Sequence[Run]:
        return list(self.run.successors.defer("start", "handed").select_related("bot__user").order_by("created_at")[:MOST_LISTED])

    @cached_property
    def delegated(self) -> Sequence[Run]:
        return list(self.run.delegated.defer("start", "handed").select_related("bot__user").order_by("created_at")[:MOST_LISTED])

    @cached_property
    def correction(self) -> Correction | None:
        return replaying.correction_of(self.run)

    @cached_property
    def difference(self) -> list[differences.Piece]:
        """What this replay says where a person has corrected the answer: theirs against its own."""
        said = next(iter(self.replies), None)
        if self.run.how != REPLAYED or self.correction is None or said is None or said.pk == self.correction.message_id:
            return []
        return differences.pieces(self.correction.after, said.body)

    # Its steps

    @cached_property
    def steps(self) -> list[RunStep]:
        return list(self.run.steps.order_by("index").defer(*traces.BIG))

    @property
    def _own(self) -> list[RunStep]:
        return [step for step in self.steps if not step.carried]

    @cached_property
    def rows(self) -> list[Row]:
        return rows_of(self.run, self.steps, self._doing)

    @property
    def _doing(self) -> str:
        """The step that its newest draft names."""
        if self.run.state != ACTIVE:
            return ""
        return next((draft.step for draft in drafts.glance(self.run.room_id) if draft.run == str(self.run.pk)), "")

    @cached_property
    def opened(self) -> StepPage | None:
        """The step that is open when the page comes: the one asked for, else the one that failed."""
        failed = [row.index for row in self.rows if row.mark == "failed"]
        index = self._opened if self._opened is not None else failed[-1] if failed else None
        return StepPage(self.run, index) if index is not None and any(row.index == index and row.recorded for row in self.rows) else None

    # What the viewer may do

    @cached_property
    def steers(self) -> bool:
        return self.run.may_be_steered_by(self.viewer)

    @property
    def can_stop(self) -> bool:
        return self.steers and self.run.state != DONE

    @cached_property
    def obstacle(self) -> str:
        """Why the bot cannot be asked again just now; empty when it can."""
        return _obstacle(must_find_its_bot, self.run)

    @cached_property
    def stuck(self) -> int | None:
        return traces.stuck_at(self.run)

    @property
    def stuck_name(self) -> str:
        return taking_over.step_name(self.run, self.stuck) if self.stuck is not None else ""

    @property
    def retry_from(self) -> str:
        """The step a retry goes on from. Empty when it cannot."""
        over = self.run.state == DONE and self.run.outcome in (FAILED, CANCELLED)
        return self.stuck_name if over and self._goes_on else ""

    @property
    def can_ask_again(self) -> bool:
        return self.steers and self.run.state == DONE and self.run.outcome in (FAILED, CANCELLED) and not self.obstacle

    @cached_property
    def _goes_on(self) -> bool:
        if not self.steers or self.obstacle or self.stuck is None:
            return False
        planned = planned_names(self.run)
        ended = bool(planned) and self.stuck >= len(planned)
        return not ended and traces.input_of(self.run, self.stuck) is not None

    @property
    def replays(self) -> list[Act]:
        if not self.steers or self.run.state != DONE or self.obstacle or traces.input_of(self.run, 0) is None:
            return []
        live, own = self.bot.live, self.run.version
        same = [Act(replaying.SAME, f"Replay on version {own.number}")] if own and live and own.pk != live.pk else []
        return [Act(replaying.NEWEST, f"Replay on version {live.number} (newest)" if same and live else "Replay"), *same]

    @property
    def ways(self) -> list[Act]:
        """How the viewer may take over."""
        found = [Act(taking_over.ANSWER, "Answer yourself")] if self._may_answer else []
        if self.run.state != ACTIVE and self._goes_on and self.stuck is not None:
            named = {
                taking_over.PAYLOAD: "Edit payload and go on", taking_over.OUTPUT: "Supply the output",
                taking_over.SKIP: f"Skip {self.stuck_name}",
            }  # fmt: skip
            found += [Act(way, words) for way, words in named.items() if not taking_over.evades(self.run, self.stuck, way)]
        return found

    @property
    def _may_answer(self) -> bool:
        over = self.run.outcome in (FAILED, CANCELLED, SILENT)
        stands_still = self.run.state == WAITING or (self.run.state == PENDING and self.run.tries > 0)
        answered = _obstacle(taking_over.must_not_be_answered, self.run) or _obstacle(must_be_heard, self.run)
        return self.steers and (over or stands_still) and not answered

    @cached_property
    def key(self) -> str:
        """For the forms of this page: pressing twice does it once."""
        return uuid.uuid4().hex


def _obstacle(check: Callable[[Run], None], run: Run) -> str:
    try:
        check(run)
    except ChatError as error:
        return error.message
    return ""
