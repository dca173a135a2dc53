"""Delegation: a run hands work to another bot, in the same room, for the same person, and waits for what comes back.

The bots it may hand work to are declared in its file. Depth and turns are limited (W22), and the rights are those of the person who
asked in the first place (W24).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from bots import cards, wakeups
from bots.deciding import go_on
from bots.models import Bot, Run
from bots.models.run import DELEGATED, DONE, REPLIED, SILENT, WAITING
from chat.models import Message
from lib.ids import uuid7

DEEPEST = 3
MOST_IN_A_CHAIN = 8


def hand_over(run: Run, wish: Mapping[str, Any]) -> None:
    """Make the other bot's run and its card. What may not be handed over comes back at once, as a failure with its reason."""
    callee = Bot.objects.select_related("user", "owner", "live").filter(user__username=wish["to"]).first()
    if refusal := _refusal(run, callee, wish["to"]):
        go_on(run, _answer(run.pk, "failed", [], refusal))
        return
    assert callee is not None  # noqa: S101 (for the type checker: without one there is a refusal)
    pk = uuid7()
    card = cards.post(run, cards.DELEGATION, pk, f"{run.bot.title} asks {callee.title}:\n\n{wish['body']}")
    Run.objects.create(
        pk=pk, bot=callee, room=run.room, asker=run.asker, trigger=[str(card.pk)], trigger_position=card.position,
        how=DELEGATED, parent=run, chain=run.chain, hops=run.hops + 1, handed={"body": wish["body"], "card": str(card.pk), "replies": []},
    )  # fmt: skip
    run.start = {**run.start, "child": str(pk)}
    Run.objects.filter(pk=run.pk).update(start=run.start)
    wakeups.due()


def words_handed_over(run: Run) -> Message:
    """All that the other bot sees of the room: what it was given, as a message of the bot that gave it."""
    handed, caller = run.handed, run.parent.bot.user if run.parent else run.asker
    return Message(
        pk=uuid.UUID(handed["card"]), room_id=run.room_id, author=caller, body=handed["body"], position=run.trigger_position,
        created_at=run.created_at,
    )  # fmt: skip


def child_ended(child: Run) -> None:
    """However it ended, the run that waits for it goes on. The room is held."""
    if card := cards.standing(child.handed["card"]):
        cards.changed(child, card)
    parent = Run.objects.select_for_update(no_key=True).filter(delegated=child).first()
    if parent and parent.state == WAITING and parent.start.get("child") == str(child.pk):
        replies = [reply["body"] for reply in child.handed["replies"]]
        go_on(parent, _answer(child.pk, child.outcome, replies, child.explanation))


def withdraw_of(run: Run) -> None:
    """The run has ended: nobody waits for the work it handed over."""
    for child in Run.objects.filter(parent=run, how=DELEGATED).exclude(state=DONE):
        child.withdraw("not_needed", f"{run.bot.title} does not wait for this any more.")


def _refusal(run: Run, callee: Bot | None, name: str) -> str:
    """Why this may not be handed over; empty when it may."""
    if callee is None or name not in run.bot.callees:
        return f"{run.bot.title} may not hand work to {name}: its file does not name {name} under “delegates”."
    if not callee.is_on:
        return f"{callee.title} is switched off at the moment."
    if not callee.permits(run.asker):
        return f"{callee.title} may not work for {run.asker.label}."
    if run.hops + 1 > DEEPEST:
        return f"This was handed on {DEEPEST} times already, which is the most."
    if Run.objects.filter(chain=run.chain, how=DELEGATED).count() >= MOST_IN_A_CHAIN:
        return f"Bots have handed on work {MOST_IN_A_CHAIN} times for this question, which is the most."
    return ""


def _answer(pk: uuid.UUID, outcome: str, replies: list[str], explanation: str) -> dict[str, Any]:
    if outcome == SILENT and replies:
        outcome = REPLIED
    return {"kind": "delegation", "id": str(pk), "outcome": outcome, "replies": replies, "explanation": explanation}
