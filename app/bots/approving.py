"""Approvals: a run shows a person the exact bytes of what it wants to do, and waits. Pending never turns into yes (I5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db.models.functions import Now

from bots import cards, contents
from bots.deciding import deciders_of, go_on, must_be_on, must_decide, must_wait, nobody, turn_down
from bots.errors import BadInput, ContentChanged, Decided, Unshowable
from bots.models import Approval, Run
from bots.models.approval import APPROVED, EXPIRED, PENDING, REJECTED, WITHDRAWN
from bots.models.queue import in_seconds
from chat.limits import storable
from lib.time import database_now

if TYPE_CHECKING:
    from accounts.models import User

APPROVE, REJECT = "approve", "reject"
LONGEST_REASON = 1000


def ask(run: Run, wish: Mapping[str, Any]) -> None:
    """Put the card into the room. The run, which is held, waits."""
    contents.read(wish["content"])
    if contents.sha256_of(wish["content"]) != wish["sha256"].lower():
        raise Unshowable("The SHA-256 is not that of the content.", sha256="does not match")
    deciders = deciders_of(run, wish["by"])
    if not deciders:
        nobody(run, "I would have to ask before I do this")
        return
    approval = Approval(
        run=run, step=wish["step"], title=wish["title"], content=wish["content"], sha256=wish["sha256"].lower(),
        deciders=[user.pk for user in deciders], expires_at=in_seconds(wish["expires"]),
    )  # fmt: skip
    approval.message = cards.post(run, cards.APPROVAL, approval.pk, wish["title"])
    approval.save(force_insert=True)


def decide(approval: Approval, by: User, decision: str, sha256: str, *, reason: str = "", changes: Mapping[int, str] | None = None) -> None:
    """Take a person's word, once, for the bytes they saw. Two clicks at once take turns here; the second finds it decided."""
    if decision not in (APPROVE, REJECT):
        raise BadInput("Choose to approve or to reject.")
    with approval.run.held() as run:
        approval = _as_it_is(approval)
        must_decide(by, run, approval.deciders)
        if approval.state != PENDING:
            raise Decided(in_words(approval))
        if approval.expires_at <= database_now():
            raise Decided("The time to decide on this is over, so it was not done.")
        must_wait(run)
        if sha256 != approval.sha256 or contents.sha256_of(approval.content) != approval.sha256:
            raise ContentChanged
        if decision == REJECT:
            _reject(run, approval, by, reason)
        else:
            must_be_on(run)
            _approve(run, approval, by, contents.edited(approval.content, changes or {}))


def expire(approval: Approval) -> None:
    """Nobody decided in time, which is a no."""
    with approval.run.held() as run:
        approval = _as_it_is(approval)
        if approval.state != PENDING or approval.expires_at > database_now():
            return
        _settle(approval, EXPIRED)
        cards.settled(run, approval.message_id, f"{approval.title} Nobody decided in time, so it was not done.")
        turn_down(run, "expired", f"Nobody decided in time on “{approval.title}”, so it was not done.")


def withdraw_of(run: Run) -> None:
    """The run has ended: what it asked leave for is not wanted any more."""
    for approval in Approval.objects.select_for_update(no_key=True).filter(run=run, state=PENDING):
        _settle(approval, WITHDRAWN)
        cards.settled(run, approval.message_id, f"{approval.title} Withdrawn: it was not done.")


def in_words(approval: Approval) -> str:
    """What became of it, for a person."""
    who = approval.decided_by.label if approval.decided_by else ""
    said = {
        APPROVED: f"{who} has approved this already.",
        REJECTED: f"{who} has rejected this already.",
        EXPIRED: "The time to decide on this is over, so it was not done.",
        WITHDRAWN: "The run that asked has ended, so there is nothing to decide any more.",
    }
    return said[approval.state]


def _approve(run: Run, approval: Approval, by: User, content: str) -> None:
    sha256 = contents.sha256_of(content)
    _settle(approval, APPROVED, decided_by=by, decided_content=content, decided_sha256=sha256)
    how = "Approved" if sha256 == approval.sha256 else "Edited and approved"
    cards.settled(run, approval.message_id, f"{approval.title} {how} by {by.label}.")
    go_on(run, {"kind": "approval", "id": str(approval.pk), "content": content, "sha256": sha256, "by": by.username})


def _reject(run: Run, approval: Approval, by: User, reason: str) -> None:
    reason = storable(reason.strip(), "reason")
    if len(reason) > LONGEST_REASON:
        raise BadInput(f"A reason has at most {LONGEST_REASON:,} characters.")
    _settle(approval, REJECTED, decided_by=by, reason=reason)
    because = f": {reason}" if reason else "."
    cards.settled(run, approval.message_id, f"{approval.title} Rejected by {by.label}{because}")
    turn_down(run, "rejected", f"{by.label} rejected “{approval.title}”{because}")


def _settle(approval: Approval, state: str, **fields: Any) -> None:
    decided = {"decided_at": Now()} if "decided_by" in fields else {}
    Approval.objects.filter(pk=approval.pk).update(state=state, **decided, **fields)


def _as_it_is(approval: Approval) -> Approval:
    rows = Approval.objects.select_for_update(of=("self",), no_key=True).select_related("decided_by")
    return rows.get(pk=approval.pk)
