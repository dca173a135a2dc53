"""Where in the room the words of a run go: at the end, in the branch of what it answers, or beside the reply it was made again for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bots.models.correction import Correction
from chat.models import Message
from chat.models.branching import makes_a_branch
from chat.models.message import TEXT
from chat.models.storing import HERE, Here

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from bots.models import Run
    from chat.models import Posted

REGENERATED = "regenerated"
# What this chat alone says of a message: who wrote it by hand, corrected and approved it. No bot says that of itself.
OURS = ("by_hand", "via", "approval", "corrected")


def say(run: Run, body: str, *, client_id: str, kind: str = TEXT, metadata: dict[str, Any] | None = None) -> Posted:
    """Post in the bot's name, for this run. The room is held, and `run.room` is as it is now."""
    author, about = run.bot.user, metadata or {}
    first = replies_of(run).first() if run.regenerates else None
    if first is not None and first.client_id != client_id:
        return run.room.post(author, body, client_id=client_id, kind=kind, metadata=about, within=first)
    if kind != TEXT or run.regenerates is None:
        return run.room.post(author, body, client_id=client_id, kind=kind, metadata=about, within=branch_of(run))
    _gather(run.regenerates)
    choose = not _was_mended(run.regenerates, run)
    return run.room.post_alternative(run.regenerates, author, body, client_id=client_id, metadata=about, choose=choose)


def own_words(metadata: dict[str, Any]) -> dict[str, Any]:
    """What a bot may say of its message."""
    return {key: value for key, value in metadata.items() if key not in OURS}


def replies_of(run: Run) -> QuerySet[Message]:
    """What this run has said in the room, the first words first."""
    said = Message.objects.filter(author=run.bot.user, room=run.room_id, client_id__startswith=f"{run.pk}:", kind=TEXT)
    return said.select_related("author").order_by("position", "pk")


def branch_of(run: Run) -> Message | Here | None:
    """People may have gone on in another branch while the bot was at work. What it says belongs to the question."""
    if run.room.branch_id is None:
        return HERE
    asked = Message.objects.filter(pk__in=run.trigger, room=run.room_id).select_related("author", "within").order_by("-position").first()
    if asked is None:
        return HERE
    asked.room = run.room
    return asked if makes_a_branch(asked) else asked.within


def _was_mended(reply: Message, run: Run) -> bool:
    """What a person put right stays what is shown, in whichever of the alternatives they did it; unless one asked for another since."""
    mended = Correction.objects.filter(message__room=reply.room_id, message__position=reply.position)
    return (mended.filter(created_at__gt=run.created_at) if run.how == REGENERATED else mended).exists()


def _gather(reply: Message) -> None:
    """What else was said in the run of this reply comes and goes with it; what is shown is not put out of sight by the way."""
    run = (reply.client_id or "").partition(":")[0]
    if run:
        later = Message.objects.filter(author=reply.author_id, room=reply.room_id, client_id__startswith=f"{run}:")
        later.filter(position__gt=reply.position, within=reply.within_id, hidden=reply.hidden).update(within=reply)
