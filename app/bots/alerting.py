"""Who is told that a bot fails (C29): its owner and whoever asked, once for each cause, until the bot answers again.

Here, in the transaction that ends the run, it is only noted what has to go out. The relay sends it (`alarms.py`), so that nothing is
lost and nobody waits for a mail server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from bots.models.alert import Alert
from bots.models.queue import in_seconds

if TYPE_CHECKING:
    from accounts.models import User
    from bots.models import Run

# A bot that fails every other time would otherwise be told of every other time.
QUIET_SECONDS = 3600


def hear(run: Run) -> None:
    """A run has ended. The room is held."""
    if run.outcome == "failed":
        _raise(run)
    elif (run.outcome == "replied" and run.attempt) or (run.outcome == "silent" and not run.reason):
        # What a person answered in its place says nothing of whether the bot can again.
        Alert.objects.filter(bot=run.bot_id, closed_at=None).update(closed_at=Now())


def _raise(run: Run) -> None:
    people: dict[int, User] = {user.pk: user for user in (run.asker, run.bot.owner) if user.is_active and not user.is_bot}
    # In the order of their ids: two runs of the bot that fail in two rooms must not wait for each other crosswise.
    for _, user in sorted(people.items()):
        if not _noted(run, user):
            _open(run, user)


def _noted(run: Run, user: User) -> bool:
    """Whether they know of this cause already: it has not been closed yet, or only just now."""
    more: dict[str, Any] = {"count": F("count") + 1, "run": run}
    known = Alert.objects.filter(bot=run.bot_id, user=user, reason=run.reason)
    if known.filter(closed_at=None).update(**more):
        return True
    recent = known.filter(opened_at__gt=in_seconds(-QUIET_SECONDS)).order_by("-opened_at").values_list("pk", flat=True).first()
    return bool(recent and Alert.objects.filter(pk=recent).update(closed_at=None, **more))


def _open(run: Run, user: User) -> None:
    owns = user.pk == run.bot.owner_id
    try:
        with transaction.atomic():
            Alert.objects.create(
                bot=run.bot, user=user, reason=run.reason, run=run,
                # Whoever asked has read it in the room.
                notice_due_at=Now() if owns and user.pk != run.asker_id else None,
                mail_due_at=Now() if user.email else None,
                webhook_due_at=Now() if owns and settings.ALERT_WEBHOOK else None,
            )  # fmt: skip
    except IntegrityError:  # another run of the bot failed for the same cause at the same moment, and has told them
        _noted(run, user)
