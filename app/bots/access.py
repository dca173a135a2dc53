"""Who may reach which run and bot. Pages and API ask here; what is not for somebody is, for them, not there (I8)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, TypeVar

from django.db.models import Q

from accounts.names import USERNAME
from bots.errors import NO_BOT, NO_RUN, BadInput, NotFound, StaleAttempt
from bots.models import Approval, Bot, Question, Run
from bots.models.run import ACTIVE
from chat.access import as_uuid, message_for, room_for
from chat.models.message import NO_MESSAGE, TEXT

if TYPE_CHECKING:
    from django.core.files import File
    from django.db.models import QuerySet

    from accounts.models import User
    from bots.glances import Glance
    from bots.models import BotVersion
    from chat.models import Message

Card = TypeVar("Card", Approval, Question)

NO_CARD = "There is no such card, or you are not in its room."
NO_SUCH_RUN = "There is no such run, or you are not in its room."
PICTURES = "bots/"
WITH = ("bot__user", "bot__owner", "room", "asker", "version")


def reads(user: User, run: Run | None) -> bool:
    """Whether this user is in the room of the run: only then does a link lead to it."""
    return run is not None and Run.objects.filter(pk=run.pk, room__removed_at=None, room__memberships__user=user).exists()


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
    # Where a run begins is a payload of up to 256 KB: a list does not show it.
    return Run.objects.select_related(*WITH).defer("start", "handed").filter(room=room).order_by("-created_at", "-pk")


def run_behind(message: Message) -> Run:
    """The run that posted this reply; whoever asks is in its room already. Messages of people, cards and notices have none."""
    mine = Run.objects.select_related(*WITH).filter(room=message.room_id, bot__user=message.author_id)
    pk = run_id_of(message)
    run = mine.filter(pk=pk).first() if pk and message.kind == TEXT else None
    if run is None:
        raise BadInput("Only a bot's reply can be corrected and rated.")
    return run


def run_id_of(message: Message) -> uuid.UUID | None:
    """The run that a bot's message names. Whether it is one of this bot in this room is still to be asked."""
    if message.deleted_at or not message.author.is_bot:
        return None
    try:
        return uuid.UUID(str(message.metadata.get("run")))
    except ValueError:
        return None


def reply_for(user: User, room_id: uuid.UUID, message_id: uuid.UUID) -> Message:
    """A message in this room, if this user is in it."""
    message = message_for(user, message_id)
    if message.room_id != room_id:
        raise NotFound(NO_MESSAGE)
    return message


def steerers_of(run: Run) -> str:
    """For whom pages show what `run.may_be_steered_by` allows, in the words of `for_controller.js`: ids, @names, operators."""
    return _steerers(run.asker_id, run.bot.owner_id, run.bot.attend.get("admins") or [])


def steerers(run: Glance) -> str:
    """The same of a run at a glance."""
    return _steerers(run.asker_id, run.owner_id, run.admins)


def _steerers(asker: int, owner: int, admins: list[str]) -> str:
    return ",".join([str(asker), str(owner), "operators", *(f"@{name}" for name in admins)])


def approval_for(user: User, approval_id: uuid.UUID | str) -> Approval:
    """The approval, if this user is in the room of its run. Whether they may decide is another question."""
    return _card_for(user, Approval.objects.select_related("decided_by"), approval_id)


def question_for(user: User, question_id: uuid.UUID | str) -> Question:
    """The question, if this user is in the room of its run. Whether they may answer is another question."""
    return _card_for(user, Question.objects.select_related("answered_by"), question_id)


def _card_for(user: User, cards: QuerySet[Card], card_id: uuid.UUID | str) -> Card:
    visible = cards.select_related("run__bot__user", "run__room", "message")
    found = visible.filter(run__room__removed_at=None, run__room__memberships__user=user, pk=as_uuid(card_id, NO_CARD)).first()
    if found is None:
        raise NotFound(NO_CARD)
    return found


def own_run(owner: User, run_id: uuid.UUID | str) -> Run:
    """The run, if this user registered its bot. Not read yet but for its room: whoever works on it holds it, and reads it then."""
    try:
        return Run.objects.only("room_id").get(pk=as_uuid(run_id, NO_RUN), bot__owner=owner)
    except Run.DoesNotExist:
        raise NotFound(NO_RUN) from None


def run_at_work(owner: User, named: str) -> Run:
    """The run "<id>/<attempt>" of a bot that this user registered, if this very attempt works on it now."""
    run_id, _, attempt = named.partition("/")
    found = Run.objects.select_related(*WITH).filter(pk=as_uuid(run_id, NO_RUN), bot__owner=owner).first()
    if found is None:
        raise NotFound(NO_RUN)
    asker_is_there = found.room.removed_at is None and found.room.memberships.filter(user=found.asker_id).exists()
    if found.state != ACTIVE or str(found.attempt) != attempt or not found.asker.is_active or not asker_is_there:
        raise StaleAttempt
    return found


def acts_for_its_asker(run: Run, owner: User) -> bool:
    """Whether its program may use the rights of whoever asked (W24). What somebody else's program does with what it reads, the asker
    cannot know; and who writes a bot in the browser could have it carry what others may read into a proposal to themselves."""
    author = run.bot.author
    return owner.is_superuser and (author is None or author.is_superuser or author.pk == run.asker_id)


def bot_named(name: str) -> Bot:
    """Bots are known to everybody who is signed in, like people."""
    bot = _bots().filter(user__username=name).first() if USERNAME.fullmatch(name) else None  # not every text can be looked for
    if bot is None:
        raise NotFound("There is no such bot.")
    return bot


def bots_matching(text: str) -> QuerySet[Bot]:
    """Bots whose name, title or description holds the text; those that are on come first."""
    text = text.replace("\0", "").strip()[:80]
    found = _bots()
    if text:
        words = Q(user__username__icontains=text) | Q(user__name__icontains=text) | Q(persona__about__icontains=text)
        found = found.filter(words)
    return found.order_by("-status", "user__username")


def version_of(bot: Bot, number: int) -> BotVersion:
    version = bot.versions.select_related("created_by").filter(number=number).first()
    if version is None:
        raise NotFound(f"There is no version {number} of {bot.title}.")
    return version


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
