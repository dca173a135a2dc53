"""What corrections and expectations teach a bot: cases. Each is only proposed; the author of the words confirms the exact text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bots.models import Case
from bots.models.case import PROPOSED
from chat.models import Message

if TYPE_CHECKING:
    from accounts.models import User
    from bots.models import Run


def propose(run: Run, message: Message, by: User, source: str, expect: dict[str, Any]) -> Case | None:
    """A case from what was said to the bot here. The same source on the same reply again changes the case that is still proposed.

    None when what was said has been taken back: a case without words asks nothing.
    """
    said = Message.objects.filter(pk__in=run.trigger, room=run.room_id, deleted_at=None).order_by("position", "pk")
    say = [body for body in said.values_list("body", flat=True) if body.strip()]
    if not say:
        return None
    known = Case.objects.filter(message=message, source=source, made_by=by, state=PROPOSED).first()
    case = known or Case(bot=run.bot, message=message, run=run, source=source, author=run.asker, made_by=by)
    case.say, case.expect = say, expect
    case.save()
    return case
