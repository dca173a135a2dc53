"""A run done again from its first input, by the version it had or by the newest (C28)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bots import placing
from bots.errors import BadInput, ChatError
from bots.models import Correction, Run
from bots.models.run import DONE, REPLAYED
from bots.resuming import Beginning, follow, known, known_input, must_find_its_bot

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User
    from chat.models import Message

SAME, NEWEST = "same", "newest"
VERSIONS = (SAME, NEWEST)


class Corrected(ChatError):
    """A person has said already what the answer should have been."""

    code = "corrected"
    status = 409

    def __init__(self, correction: Correction) -> None:
        self.correction = correction
        super().__init__(f"{correction.by.label} has corrected this answer, so there is no need to replay it.")


def replay(run: Run, by: User, version: str, key: str = "", *, force: bool = False) -> Run:
    """A new run over what this one was given. Its reply stands beside the old one; a reply that a person corrected stays the one shown."""
    run.must_be_steered_by(by)
    if version not in VERSIONS:
        raise BadInput("Replay on the same version or on the newest one.", version="is neither same nor newest")
    with run.held() as held:
        if held.state != DONE:
            raise BadInput("This run is not over yet. Stop it first, or wait for its end.")
        must_find_its_bot(held)
        correction = correction_of(held)
        if correction and not force:
            raise Corrected(correction)
        chosen = held.bot.live if version == NEWEST else held.version
        begins = Beginning(0, known_input(held, 0))
        made = known(held, REPLAYED, key, begins, chosen or held.bot.live)
        return made or follow(held, REPLAYED, begins, key=key, version=chosen, regenerates=replies_of(held).first())


def replies_of(run: Run) -> QuerySet[Message]:
    """What a run has said in its room and what still stands there, oldest first."""
    return placing.replies_of(run).filter(deleted_at=None)


def correction_of(run: Run) -> Correction | None:
    """The newest correction of what this run answered, or of an answer that stands in its place."""
    places = list(replies_of(run).values_list("position", flat=True))
    own = Correction.objects.filter(message__room=run.room_id, message__position__in=places, message__author=run.bot.user_id)
    return own.select_related("by", "message").order_by("-created_at", "-pk").first()
