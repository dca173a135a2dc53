"""Whom a message addresses: which bots are asked by it, and what they say at once instead of being asked.

Everything here runs in the transaction that posts the message, with the room held: a message and the runs it asks for are stored
together or not at all (I1).
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, NamedTuple

from django.db import connection
from django.db.models import Q

from bots import budgets, commands
from bots.models import Bot, Run
from bots.models.bot import ALWAYS
from bots.models.run import DONE, WAITING
from chat.models import Message
from chat.models.message import NOTICE, TEXT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accounts.models import User

HOPS = 3


class Chain(NamedTuple):
    """Who asked in the first place, how many bots the question has passed since, and the run that began it."""

    asker: User
    hops: int
    first: uuid.UUID | None


def address(message: Message, mentions: Iterable[User]) -> None:
    """Ask the bots that this message addresses."""
    if message.kind != TEXT:
        return
    if not _has_bots(message.room_id):
        return
    if command := commands.read(message.body):
        if not message.author.is_bot:
            commands.obey(command, message)
        return
    mentioned = {user.pk for user in mentions}
    bots = list(_addressed(message, mentioned))
    if _asks_for_the_builder(message, bots):
        commands.point_to_builder(message)
        return
    chain = _chain_of(message) if bots else None
    if chain is None:
        return
    if chain.hops > HOPS:
        _stop_passing_on(bots[0], message, chain)
        return
    for bot in bots:
        _ask(bot, message, chain, spoken_to=not message.room.is_group or bot.user_id in mentioned)


# Most messages are from one person to another, in a room without bots: for them the whole query below would be the dearest part of posting.
HAS_BOTS = """
SELECT EXISTS (SELECT FROM chat_membership member JOIN bots_bot bot ON bot.user_id = member.user_id WHERE member.room_id = %s)
"""


def _has_bots(room_id: uuid.UUID) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(HAS_BOTS, [room_id])
        return bool(cursor.fetchone()[0])


def _addressed(message: Message, mentioned: set[int]) -> Iterable[Bot]:
    """Members of the room only, and never the author itself. A bot's message addresses other bots by mention alone; a person's that begins
    with a command of a bot's own, and mentions nobody, the bots that know it."""
    bots = Bot.objects.filter(user__memberships__room=message.room_id).exclude(user=message.author_id).select_related("user", "live")
    if message.room.is_group or message.author.is_bot:
        by_mention = Q(user__in=mentioned)
        by_command = Q(pk__in=[]) if mentioned else commands.knowing(message.body)
        bots = bots.filter(by_mention if message.author.is_bot else by_mention | by_command | Q(attend__when=ALWAYS))
    return bots.order_by("pk")


def _asks_for_the_builder(message: Message, bots: list[Bot]) -> bool:
    """`/newbot` where no bot knows it."""
    knows = any(bot.name == commands.BUILDER or commands.NEW_BOT in {each.get("name") for each in bot.commands} for bot in bots)
    return commands.wants_new_bot(message.body) and not message.author.is_bot and not knows


def _chain_of(message: Message) -> Chain | None:
    if not message.author.is_bot:
        return Chain(message.author, 0, None)
    # Only a run can speak for a bot, so its message names one; what names none was written by hand and addresses nobody.
    pk = _uuid(message.metadata.get("run"))
    run = pk and Run.objects.select_related("asker").filter(pk=pk, bot__user=message.author_id).first()
    return Chain(run.asker, run.hops + 1, run.chain) if run else None


def _ask(bot: Bot, message: Message, chain: Chain, *, spoken_to: bool) -> None:
    if not bot.permits(chain.asker):
        if not message.room.is_group:
            commands.say(bot, message, f"You are not among those I may talk to. {bot.owner.label} runs me and can change that.")
        return
    if bot.is_on and (refusal := budgets.refusal(bot, chain.asker)):
        if spoken_to:
            _answer_at_once(bot, message, chain, budgets.SPENT, refusal)
    elif bot.is_on:
        Run.objects.put(bot, message.room, chain.asker, [str(message.pk)], message.position, hops=chain.hops, chain=chain.first,
                        settle=bot.settle)  # fmt: skip
    elif spoken_to:  # one that attends to everything would otherwise answer every message with its reason
        _answer_at_once(bot, message, chain, "bot_off", bot.why_off)


def _answer_at_once(bot: Bot, message: Message, chain: Chain, reason: str, words: str) -> None:
    """A run that is over before it began: the reason is known, so it costs no delivery and nobody waits."""
    run = Run(bot=bot, room=message.room, asker=chain.asker, version=bot.live, trigger=[str(message.pk)], trigger_position=message.position,
              hops=chain.hops)  # fmt: skip
    run.chain = chain.first or run.pk
    run.fail_at_once(reason, words)


def _stop_passing_on(bot: Bot, message: Message, chain: Chain) -> None:
    """Bots that mention each other end here (W22). Said once for each chain; the room is held, so there is no race for it."""
    said = Message.objects.filter(room=message.room_id, kind=NOTICE, metadata__chain=str(chain.first)).exists()
    if not said:
        words = f"Bots have passed this on {HOPS} times, so I stop here. Write to me if I should go on."
        message.room.post(bot.user, words, kind=NOTICE, metadata={"chain": str(chain.first)})


def _uuid(text: object) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(text))
    except ValueError:
        return None


def withdraw_all(bot: Bot, room_id: uuid.UUID, reason: str, explanation: str) -> None:
    """The runs of a bot that has left the room end, and the one at work is stopped."""
    for run in Run.objects.filter(bot=bot, room=room_id).exclude(state=DONE):
        run.withdraw(reason, explanation)


def withdraw_answers(message: Message) -> None:
    """Its author says it in other words. Where that makes a branch, what came after it is left behind too."""
    runs = Run.objects.filter(room=message.room_id).exclude(state=DONE)
    late = Q(trigger__contains=[str(message.pk)]) if message.room.is_group else Q(trigger_position__gte=message.position)
    for run in runs.filter(late):
        run.withdraw("resubmitted", f"{message.author.label} asks in other words.")


def withdraw_waiting(message: Message) -> None:
    """Its author takes it back. Nobody is asked any more for leave to do what nobody wants; a run that is due finds that out itself."""
    for run in Run.objects.filter(room=message.room_id, state=WAITING, trigger__contains=[str(message.pk)]):
        if not Message.objects.filter(pk__in=run.trigger, deleted_at=None).exists():
            run.withdraw("taken_back", f"{message.author.label} has taken back what was asked.")
