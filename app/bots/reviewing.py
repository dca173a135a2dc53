"""What somebody finds who looks for what a bot does wrong: its runs, with what was said. Only of rooms they are in (W24)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Literal

from django.db.models import Exists, OuterRef

from bots import shown
from bots.access import WITH
from bots.models import Bot, Correction, Feedback, Run
from chat.models import Membership, Message
from chat.models.message import TEXT
from chat.rendering import moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accounts.models import User
    from chat.models import Room

Which = Literal["", "replied", "silent", "failed", "cancelled", "corrected", "disliked"]


def runs_of(user: User, bot: Bot, which: Which, since: int, count: int, *, seen_in: Room | None = None) -> list[Run]:
    """Its runs that have ended, the newest first, `count` of them after the first `since`. What a run reads, everybody in its room
    can read there (`seen_in`): then only of rooms that all its people are in."""
    found = Run.objects.select_related(*WITH).filter(bot=bot, room__removed_at=None, room__memberships__user=user).exclude(outcome="")
    if seen_in:
        is_there_too = Membership.objects.filter(room=OuterRef(OuterRef("room")), user=OuterRef("user"))
        people = Membership.objects.filter(room=seen_in, user__is_bot=False)
        found = found.exclude(Exists(people.exclude(Exists(is_there_too))))
    if which == "corrected":
        found = found.filter(Exists(Correction.objects.filter(run=OuterRef("pk"))))
    elif which == "disliked":
        found = found.filter(Exists(Feedback.objects.filter(run=OuterRef("pk"), value__lt=0)))
    elif which:
        found = found.filter(outcome=which)
    return list(found.order_by("-created_at", "-pk")[since : since + count])


def reviews(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Runs as a reviewer sees them: what was said to the bot, what it answered, how people mended it and what they thought of it."""
    keys = [run.pk for run in runs]
    asked = {str(each.pk): each for each in _texts().filter(pk__in=[one for run in runs for one in run.trigger])}
    replies, corrections, feedback = defaultdict(list), defaultdict(list), defaultdict(list)
    said = _texts().filter(room__in={run.room_id for run in runs}, author__in={run.bot.user_id for run in runs})
    for message in said.filter(metadata__run__in=[str(key) for key in keys]).order_by("position"):
        replies[message.metadata["run"]].append(message.body)
    for mended in Correction.objects.select_related("by").filter(run__in=keys):
        corrections[mended.run_id].append(_correction(mended))
    for thumb in Feedback.objects.filter(run__in=keys):
        feedback[thumb.run_id].append({"value": thumb.value, "reason": thumb.reason, "expected": thumb.expected})
    return [
        shown.run_json(run)
        | {
            "asked": [asked[one].body for one in run.trigger if one in asked and asked[one].room_id == run.room_id],
            "replies": replies[str(run.pk)],
            "corrections": corrections[run.pk],
            "feedback": feedback[run.pk],
        }
        for run in runs
    ]


def _texts() -> Any:
    return Message.objects.filter(kind=TEXT, deleted_at=None)


def _correction(mended: Correction) -> dict[str, Any]:
    by, at = mended.by.username, moment(mended.created_at)
    return {"before": mended.before, "after": mended.after, "by": by, "share": mended.share, "created_at": at}
