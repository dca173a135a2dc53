"""What cards look like. `bots` gives them to the chat as extras: one query for each kind of card, however many there are."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from django.contrib.auth import get_user_model
from django.template.loader import get_template

from bots import contents
from bots.access import steerers_of
from bots.cards import APPROVAL, DELEGATION, QUESTION
from bots.errors import Unshowable
from bots.exactly import exactly
from bots.models import Approval, Question, Run
from chat.extras import Extra
from chat.models.message import CARD
from lib.markdown import render

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

    from accounts.models import User
    from chat.models import Message

# A card is sent to everybody in the room, again with each change. Longer ones are read and decided on their own page.
MOST_IN_A_ROOM = 20_000
EXCERPT = 2_000
# What a card says of its run.
RUN = ("run__asker", "run__bot__user", "run__bot__owner")
Users = Mapping[int, "User"]


class Shown(NamedTuple):
    """One part of what is asked leave for. In the room, what is very long is shown in part: `more` characters are left out."""

    number: int
    part: contents.Part
    html: SafeString
    label: SafeString
    more: int = 0


@dataclass(frozen=True)
class ApprovalFace:
    """`alone`: on a page of its own, where everything is shown, however long. In the room nobody approves what they cannot see there."""

    approval: Approval
    users: Users
    alone: bool = False

    @property
    def is_open(self) -> bool:
        return self.approval.state == "pending"

    @property
    def title(self) -> SafeString:
        return exactly(self.approval.title)

    @property
    def parts(self) -> list[Shown]:
        return self._shown(self.approval.content)

    @property
    def decided_parts(self) -> list[Shown]:
        return self._shown(self.approval.decided_content)

    @property
    def was_edited(self) -> bool:
        return bool(self.approval.decided_sha256) and self.approval.decided_sha256 != self.approval.sha256

    @property
    def sends(self) -> bool:
        return any(shown.part.kind == contents.RECIPIENTS for shown in self.parts)

    @property
    def is_whole(self) -> bool:
        """Whether all of it can be seen here, and so be decided on here."""
        return not any(shown.more for shown in self.parts)

    @property
    def editable(self) -> bool:
        return any(shown.part.editable for shown in self.parts)

    @property
    def count(self) -> int:
        """The characters of what is asked leave for; to whom it goes is read at a glance."""
        return sum(len(shown.part.text) for shown in self.parts if shown.part.kind != contents.RECIPIENTS)

    @property
    def about(self) -> str:
        """On whose behalf it is, and who decides."""
        run = self.approval.run
        behalf = f"on behalf of {run.asker.label} · " if self.sends else ""
        return asked_by(run, self.approval.message) + behalf + who_decides(self.approval.deciders, self.users, "decide")

    @property
    def stoppable(self) -> str:
        """For whom there is a Stop. Who decides can reject instead."""
        run = self.approval.run
        return "" if run.asker_id in self.approval.deciders else steerers_of(run)

    @property
    def allowed(self) -> str:
        return ",".join(str(pk) for pk in self.approval.deciders)

    def _shown(self, content: str) -> list[Shown]:
        parts = contents.read(content).parts
        most = None if self.alone or sum(len(part.text) for part in parts) <= MOST_IN_A_ROOM else EXCERPT
        return [
            Shown(number, part, exactly(part.text[:most]), exactly(part.label), max(0, len(part.text) - (most or len(part.text))))
            for number, part in enumerate(parts)
        ]


@dataclass(frozen=True)
class QuestionFace:
    question: Question
    users: Users

    @property
    def is_open(self) -> bool:
        return self.question.state == "open"

    @property
    def about(self) -> str:
        return asked_by(self.question.run, self.question.message) + who_decides(self.question.answerers, self.users, "answer")

    @property
    def stoppable(self) -> str:
        return steerers_of(self.question.run)

    @property
    def allowed(self) -> str:
        return ",".join(str(pk) for pk in self.question.answerers)

    @property
    def said(self) -> str:
        answer = self.question.answer
        return str(answer["name"] if isinstance(answer, dict) else answer)


@dataclass(frozen=True)
class DelegationFace:
    run: Run

    @property
    def caller(self) -> str:
        return self.run.parent.bot.title if self.run.parent else ""

    @cached_property
    def replies(self) -> list[str]:
        return [render(reply["body"]) for reply in self.run.handed["replies"]]

    @property
    def is_open(self) -> bool:
        return self.run.state != "done"

    @property
    def state(self) -> str:
        if self.run.state == "waiting":
            return "waits for an answer"
        words = {"replied": "done", "silent": "done, without a reply", "failed": "could not do it", "cancelled": "stopped"}
        return words[self.run.outcome] if self.run.state == "done" else "at work"

    @property
    def allowed(self) -> str:
        return steerers_of(self.run)


def asked_by(run: Run, message: Message | None) -> str:
    """Which bot asks, where its card stands in the name of another one."""
    return f"for {run.bot.title} · " if message and message.author_id != run.bot.user_id else ""


def who_decides(ids: Sequence[int], users: Users, verb: str) -> str:
    names = [users[pk].label for pk in ids if pk in users]
    if not names:
        return f"nobody here can {verb}"
    if len(names) == 1:
        return f"only {names[0]} can {verb}"
    return f"{', '.join(names[:-1])} or {names[-1]} can {verb}"


def approval_face(approval: Approval) -> ApprovalFace:
    """For the page of its own."""
    return ApprovalFace(approval, _users(approval.deciders), alone=True)


def question_face(question: Question) -> QuestionFace:
    return QuestionFace(question, _users(question.answerers))


def of(messages: Sequence[Message]) -> dict[uuid.UUID, Extra]:
    """The cards among these messages. A source of extras."""
    wanted: dict[str, list[uuid.UUID]] = {APPROVAL: [], QUESTION: [], DELEGATION: []}
    by_card: dict[uuid.UUID, Message] = {}
    for message in messages:
        if message.kind == CARD and message.metadata.get("card") in wanted:
            pk = uuid.UUID(message.metadata["id"])
            wanted[message.metadata["card"]].append(pk)
            by_card[pk] = message
    found: dict[uuid.UUID, Extra] = {}
    for card, pks in wanted.items():
        if pks:
            for pk, html in SOURCES[card](pks):
                found[by_card[pk].pk] = Extra(card=html)
    return found


def _approvals(pks: list[uuid.UUID]) -> Iterable[tuple[uuid.UUID, str]]:
    rows = list(Approval.objects.select_related(*RUN, "message", "decided_by").filter(pk__in=pks))
    users = _users([pk for row in rows for pk in row.deciders])
    for row in rows:
        # A row that somebody broke by hand shows the words of its message: no room is lost for a card (I10).
        with contextlib.suppress(Unshowable):
            yield row.pk, _html("approval", {"face": ApprovalFace(row, users), "approval": row})


def _questions(pks: list[uuid.UUID]) -> Iterable[tuple[uuid.UUID, str]]:
    rows = list(Question.objects.select_related(*RUN, "message", "answered_by").filter(pk__in=pks))
    users = _users([pk for row in rows for pk in row.answerers])
    for row in rows:
        yield row.pk, _html("question", {"face": QuestionFace(row, users), "question": row})


def _delegations(pks: list[uuid.UUID]) -> Iterable[tuple[uuid.UUID, str]]:
    for run in Run.objects.select_related("bot__user", "bot__owner", "asker", "parent__bot__user").filter(pk__in=pks):
        yield run.pk, _html("delegation", {"face": DelegationFace(run), "run": run})


def _html(card: str, context: dict[str, Any]) -> str:
    return get_template(f"bots/_{card}.html").render(context)


def _users(ids: Iterable[int]) -> Users:
    return get_user_model().objects.in_bulk(set(ids))


SOURCES: dict[str, Callable[[list[uuid.UUID]], Iterable[tuple[uuid.UUID, str]]]] = {
    APPROVAL: _approvals, QUESTION: _questions, DELEGATION: _delegations,
}  # fmt: skip
