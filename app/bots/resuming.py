"""A run that did not come to its end goes on as a new one: from the step where it stood still, or from the newest words of the room."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connection
from django.db.models.functions import Now

from bots import traces, wakeups
from bots.errors import BadInput, NotAllowed
from bots.models import Run, RunStep
from bots.models.run import ACTIVE, CANCELLED, DONE, FAILED, PENDING, REGENERATED, REPLIED, RETRIED, WAITING
from chat.models import Message
from chat.models.event import MESSAGE_EDITED
from lib.ids import uuid7

if TYPE_CHECKING:
    from accounts.models import User
    from bots.models import BotVersion

KEY_LIMIT = 100
# A run that ended so has taken over from the one that it was made of: it has answered, or has a failure card of its own.
PASSES = (REPLIED, FAILED)
# What says whose run a payload belongs to. Nobody edits it, and a run made from another one gets its own.
IDENTITY = ("run", "attempt", "bot", "room", "asker", "trigger")
COPY_STEPS = """
INSERT INTO bots_runstep (run_id, carried, {columns})
SELECT %(to)s, true, {columns} FROM bots_runstep WHERE run_id = %(from)s AND index < %(before)s AND state = 'done'
"""


class Beginning(NamedTuple):
    """Where a new run begins: at which step, with which payload; and the person who made that payload, if one did."""

    step: int
    payload: dict[str, Any]
    by: User | None = None


def ask_again(run: Run, by: User) -> Run:
    """Ask once more what failed or was stopped: a new run over the newest context. Asking twice gives the same run."""
    run.must_be_steered_by(by)
    with run.held() as held:
        if held.state == PENDING:
            _hurry(held)
        if held.state != DONE:
            return held
        must_be_retriable(held)
        again = Run.objects.filter(bot=held.bot, room=held.room, asker=held.asker, trigger_position__gte=held.trigger_position,
                                   created_at__gt=held.created_at).exclude(state=DONE).first()  # fmt: skip
        if held.regenerates is not None:
            return again or answer_beside(held, held.regenerates)
        return again or Run.objects.put(held.bot, held.room, held.asker, held.trigger, held.trigger_position, hops=held.hops)


def retry(run: Run, by: User, step: int, key: str = "") -> Run:
    """Go on from a step that the run came to. What the steps before it gave is kept, and not paid for again (C28)."""
    run.must_be_steered_by(by)
    with run.held() as held:
        if held.state == PENDING:
            _hurry(held)
        if held.state != DONE:
            return held
        must_be_retriable(held)
        stuck = traces.stuck_at(held)
        if stuck is None or not 0 <= step <= stuck:
            raise BadInput("This run did not come to that step, so it cannot go on from there.", step="is not one the run came to")
        begins = Beginning(step, known_input(held, step))
        return known(held, RETRIED, key, begins, held.version) or follow(held, RETRIED, begins, key=key, version=held.version)


def retry_or_ask_again(run: Run, by: User, step: int | None, key: str = "") -> Run:
    """What Retry in the room means: from the step, or, of a bot that does not record what its steps were given, all of it again.

    Its card has no key: whoever presses it when another has already done so, perhaps in a page that does not show it yet, gets that run.
    """
    if step is not None and not key and (since := _passed_by(run)):
        run.must_be_steered_by(by)
        return since
    if step is None or traces.input_of(run, step) is None:
        return ask_again(run, by)
    return retry(run, by, step, key)


def run_ended(run: Run) -> None:
    """A failure that a later run has gone on from offers no more to do so: its card is rendered anew. The room is held."""
    if run.origin_id is None or run.outcome not in PASSES or run.room.removed_at:
        return
    failure = Message.objects.filter(author=run.bot.user_id, client_id=f"{run.origin_id}:failure", hidden=False, deleted_at=None)
    if card := failure.select_related("author").first():
        run.room.record(MESSAGE_EDITED, message=card)


def _passed_by(run: Run) -> Run | None:
    return run.successors.filter(outcome__in=PASSES).order_by("created_at").last()


def known_input(run: Run, step: int) -> dict[str, Any]:
    payload = traces.input_of(run, step)
    if payload is None:
        raise BadInput("What this step was given is not known, so the run cannot go on from there. Ask again instead.")
    return payload


def must_be_retriable(run: Run) -> None:
    if run.outcome not in (FAILED, CANCELLED):
        raise NotAllowed("Only a run that failed or was stopped can be retried.")
    must_find_its_bot(run)


def must_find_its_bot(run: Run) -> None:
    """Nothing can be asked of a bot that is not there, nor on behalf of somebody it does not talk to; nor what nobody asks any more."""
    must_be_heard(run)
    if not run.bot.is_on:
        raise NotAllowed(f"{run.bot.title} is switched off at the moment. Try again when it is back.")
    if not run.bot.permits(run.asker):
        raise NotAllowed(f"{run.asker.label} is not among those {run.bot.title} may talk to.")
    if not Message.objects.filter(pk__in=run.trigger, deleted_at=None).exists():
        raise NotAllowed("What was asked has been taken back, so there is nothing to answer.")


def must_be_heard(run: Run) -> None:
    """What comes of a run is said in its room, by its bot."""
    if run.parent_id:
        raise NotAllowed("Another run handed this work over. Go on from that one.")
    if not run.room.memberships.filter(user=run.bot.user_id).exists():
        raise NotAllowed(f"{run.bot.title} is not in this room any more.")


# A new run on top of another one, which is held


def known(origin: Run, how: str, key: str, begins: Beginning, version: BotVersion | None) -> Run | None:
    """The run that this very wish made before: by its key (a double click), or the same wish whose run is still under way."""
    if key and (made := Run.objects.filter(pk=pk_of(origin, how, key), origin=origin).first()):
        return made
    if begins.by:
        return None
    return origin.successors.filter(how=how, version=version, start__step=begins.step).exclude(state=DONE).first()


def follow(
    origin: Run, how: str, begins: Beginning, *, key: str = "", version: BotVersion | None, regenerates: Message | None = None
) -> Run:
    """A new run that begins where it is told to, with what was done before that."""
    run = successor(origin, how, key, version)
    run.regenerates = regenerates or origin.regenerates
    run.start = {"step": begins.step, "payload": own_payload(run, begins.payload), "handmade": begins.by is not None}
    if begins.by:
        run.start["by"] = begins.by.label
    run.save(force_insert=True)
    _carry(origin, run, begins.step)
    wakeups.due()
    return run


def answer_beside(origin: Run, reply: Message) -> Run:
    """A new run of the same question from its beginning, for another version of this reply."""
    run = successor(origin, REGENERATED, "", None)
    run.regenerates = reply
    run.save(force_insert=True)
    wakeups.due()
    return run


def successor(origin: Run, how: str, key: str, version: BotVersion | None) -> Run:
    """A new run of the same question, not stored yet. A person wants it: what it hands on is counted anew."""
    pk = pk_of(origin, how, key) if key else uuid7()
    return Run(pk=pk, bot=origin.bot, room=origin.room, asker=origin.asker, version=version or origin.bot.live, trigger=origin.trigger,
               trigger_position=origin.trigger_position, hops=origin.hops, chain=pk, how=how, origin=origin)  # fmt: skip


def own_payload(run: Run, payload: dict[str, Any]) -> dict[str, Any]:
    """The payload with this run's name in it, in place of the one it was made from."""
    named = {"name": run.bot.name, "version": run.version.number if run.version else 0}
    return {**payload, "run": str(run.pk), "attempt": 1, "bot": named}


def pk_of(origin: Run, how: str, key: str) -> uuid.UUID:
    """One click, one run: the same key always names the same one."""
    return uuid.uuid5(origin.pk, f"{how}:{key[:KEY_LIMIT]}")


def end_waiting(run: Run, by: User) -> None:
    """Before a person goes on in its place: a run that waits, for an answer or for its next try, ends."""
    if run.state == ACTIVE:
        raise NotAllowed("It is at work just now. Stop it first, then take over.")
    if run.state in (WAITING, PENDING):
        run.withdraw("taken_over", f"{by.label} took it over.")


def _carry(origin: Run, run: Run, before: int) -> None:
    """Copied inside the database: fifty steps may weigh ten megabytes."""
    kept = [str(field.column) for field in RunStep._meta.concrete_fields if field.name not in ("id", "run", "carried")]
    with connection.cursor() as cursor:
        cursor.execute(COPY_STEPS.format(columns=", ".join(kept)), {"to": run.pk, "from": origin.pk, "before": before})


def _hurry(run: Run) -> None:
    """It waits for its next try: that is now."""
    Run.objects.filter(pk=run.pk, state=PENDING).update(due_at=Now())
    wakeups.due()
