"""Who may reach which run and bot. Pages and API ask here; what is not for somebody is, for them, not there (I8)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from bots.errors import NO_BOT, NO_RUN, NotFound
from bots.models import Bot, Run
from chat.access import as_uuid, room_for

if TYPE_CHECKING:
    from django.core.files import File
    from django.db.models import QuerySet

    from accounts.models import User

NO_SUCH_RUN = "There is no such run, or you are not in its room."
PICTURES = "bots/"
WITH = ("bot__user", "bot__owner", "room", "asker", "version")


def run_for(user: User, run_id: uuid.UUID | str) -> Run:
    """The run, if this user is in its room."""
    visible = Run.objects.select_related(*WITH).filter(room__removed_at=None, room__memberships__user=user)
    run = visible.filter(pk=as_uuid(run_id, NO_SUCH_RUN)).first()
    if run is None:
        raise NotFound(NO_SUCH_RUN)
    return run


def runs_in(user: User, room_id: uuid.UUID | str) -> QuerySet[Run]:
    """The runs of a room this user is in, the newest first."""
    room = room_for(user, room_id)
    return Run.objects.select_related(*WITH).filter(room=room).order_by("-created_at", "-pk")


def own_run(owner: User, run_id: uuid.UUID | str) -> Run:
    """The run, if this user registered its bot. Not read yet but for its room: whoever works on it holds it, and reads it then."""
    try:
        return Run.objects.only("room_id").get(pk=as_uuid(run_id, NO_RUN), bot__owner=owner)
    except Run.DoesNotExist:
        raise NotFound(NO_RUN) from None


def bot_named(name: str) -> Bot:
    """Bots are known to everybody who is signed in, like people."""
    bot = _bots().filter(user__username=name).first()
    if bot is None:
        raise NotFound("There is no such bot.")
    return bot


def picture_of(name: str, file: str) -> File[bytes]:
    """The avatar of a bot, under the name it has now."""
    bot = bot_named(name)
    if not file or bot.picture.name != f"{PICTURES}{file}" or not bot.picture.storage.exists(bot.picture.name):
        raise NotFound("There is no such picture.")
    return bot.picture


def own_bot(owner: User, name: str) -> Bot:
    bot = _bots().filter(user__username=name, owner=owner).first()
    if bot is None:
        raise NotFound(NO_BOT)
    return bot


def own_bots(owner: User) -> QuerySet[Bot]:
    """The bots this user registered."""
    return all_bots().filter(owner=owner)


def all_bots() -> QuerySet[Bot]:
    return _bots().order_by("user__username")


def _bots() -> QuerySet[Bot]:
    return Bot.objects.select_related("user", "owner", "live")
