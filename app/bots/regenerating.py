"""A reply made again: a new run over the same question, whose first words stand beside the old ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bots import access, placing, resuming
from bots.errors import BadInput
from bots.models import Run
from bots.models.run import DONE, REGENERATED
from chat.models.event import MESSAGE_EDITED

if TYPE_CHECKING:
    from accounts.models import User
    from chat.models import Message


class Regenerated(NamedTuple):
    run: Run
    created: bool


def regenerate(message: Message, by: User) -> Regenerated:
    """Ask for another version of a reply. Asking twice gives the same run. It waits its turn when the bot is at work in the room (I4)."""
    run = access.run_behind(message)
    run.must_be_steered_by(by)
    with run.held() as held:
        if held.state != DONE:
            raise BadInput("This answer is not finished yet. Wait for its end, or stop it first.")
        reply = placing.replies_of(held).first()
        if reply is None or message.deleted_at or not reply.alternatives().filter(hidden=False).exists():
            raise BadInput("This answer is not shown in the room. Show it first.")
        waiting = Run.objects.exclude(state=DONE).filter(room=held.room, how=REGENERATED, regenerates__position=reply.position).first()
        if waiting:
            return Regenerated(waiting, created=False)
        resuming.must_find_its_bot(held)
        return Regenerated(resuming.answer_beside(held, reply), created=True)


def run_ended(run: Run) -> None:
    """Without another version the old reply is rendered anew: whoever pressed Regenerate may press it again. The room is held."""
    if run.regenerates is None or run.room.removed_at or placing.replies_of(run).exists():
        return
    shown = run.regenerates.alternatives().filter(hidden=False).first()
    if shown:
        run.room.record(MESSAGE_EDITED, message=shown)
