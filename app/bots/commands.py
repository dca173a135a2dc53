"""What people write as `/words`: what the place does itself, and which bots know a command of their own.

`/reset`, `/stop`, `/help` and `/ping` are never put to a bot: they work while its server is away, and no context window shows them.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from bots.models import Bot, Run
from bots.models.run import DONE
from chat.models import Message
from chat.models.message import NOTICE

OF_THE_PLACE = {
    "help": "says what you can write",
    "ping": "says whether a bot is there",
    "reset": "lets a bot forget what was said before",
    "stop": "stops what bots are doing for you",
}
NEW_BOT = "newbot"
BUILDER = "builder"
ABOUT_NEW_BOT = "makes a bot of your own"
CONTROL = re.compile(rf"\s*/(?P<word>{'|'.join(OF_THE_PLACE)})(?P<names>(\s+@[a-z][a-z0-9-]*)*)\s*", re.IGNORECASE)
OWN = re.compile(r"\s*/(?P<word>[a-z][a-z0-9-]{0,40})(?=\s|$)", re.IGNORECASE)


class Command(NamedTuple):
    """A word of the place, and the bots it names; none means every bot of the room."""

    word: str
    names: list[str]

    def means(self, bot: Bot) -> bool:
        return not self.names or bot.name in self.names


def read(body: str) -> Command | None:
    """None for any text that is not exactly a command of the place, with the bots it is for."""
    match = CONTROL.fullmatch(body)
    return match and Command(match["word"].lower(), [name.lstrip("@").lower() for name in match["names"].split()])


def knowing(body: str) -> Q:
    """The bots that know the command of their own with which this text begins."""
    match = OWN.match(body)
    if match is None:
        return Q(pk__in=[])
    word = match["word"].lower()
    return Q(commands__contains=[{"name": word}]) | (Q(user__username=BUILDER) if word == NEW_BOT else Q(pk__in=[]))


def wants_new_bot(body: str) -> bool:
    match = OWN.match(body)
    return match is not None and match["word"].lower() == NEW_BOT


def obey(command: Command, message: Message) -> None:
    """Do what a person has written. The bots of the room that may talk to them say what came of it."""
    here = bots_of(message.room_id).exclude(user=message.author_id)
    bots = [bot for bot in here if command.means(bot) and bot.permits(message.author)]
    if bots:
        ACTS[command.word](command, message, bots)


def bots_of(room_id: uuid.UUID) -> QuerySet[Bot]:
    return Bot.objects.filter(user__memberships__room=room_id).select_related("user", "owner", "live").order_by("pk")


def say(bot: Bot, message: Message, words: str) -> None:
    """In answer to a message, once however often it is posted; in other words it is another one. Notices are shown to no bot."""
    edition = f":{message.edited_at.timestamp()}" if message.edited_at else ""
    message.room.post(bot.user, words, kind=NOTICE, client_id=f"{message.pk}:notice{edition}")


def offered(room_id: uuid.UUID) -> list[dict[str, Any]]:
    """What can be written in this room, for completion: the commands of the place where there are bots, and those of the bots."""
    bots = list(bots_of(room_id))
    known: dict[str, dict[str, Any]] = {}
    for bot in bots:
        for name, about in _own(bot):
            known.setdefault(name, {"name": name, "about": about, "bots": []})["bots"].append(bot.name)
    if bots:
        known |= {name: {"name": name, "about": about, "bots": []} for name, about in OF_THE_PLACE.items()}
        known.setdefault(NEW_BOT, {"name": NEW_BOT, "about": ABOUT_NEW_BOT, "bots": []})
    return [known[name] for name in sorted(known)]


def point_to_builder(message: Message) -> None:
    """`/newbot` where the builder is not: the first bot that may talk says where to write it."""
    here = next((bot for bot in bots_of(message.room_id) if bot.permits(message.author)), None)
    if here is None:
        return
    there = Bot.objects.filter(user__username=BUILDER).exists()
    way = f"Write `/{NEW_BOT}` to [@{BUILDER}](/people/{BUILDER}/)." if there else "Open [a new bot](/bots/new/)."
    say(here, message, f"I cannot make bots. {way}")


def _reset(command: Command, message: Message, bots: Sequence[Bot]) -> None:
    """The context window sees it; here the bots only say that they understood, where they were spoken to."""
    for bot in bots:
        if not message.room.is_group or command.names:
            say(bot, message, "We start afresh: I no longer look at what was said before.")


def _stop(command: Command, message: Message, bots: Sequence[Bot]) -> None:
    """What the person may stop: what they asked for, and everything of a bot they are an admin of."""
    running = Run.objects.filter(bot__in=bots, room=message.room_id).exclude(state=DONE).select_related("bot__user", "bot__owner", "asker")
    stopped = set()
    for run in running.order_by("created_at"):
        if run.may_be_steered_by(message.author):
            run.cancel(message.author)
            stopped.add(run.bot_id)
    for bot in bots:
        if bot.pk in stopped:
            say(bot, message, "I have stopped.")
    if not stopped:
        say(bots[0], message, "There is nothing to stop: nothing is running here that you asked for.")


def _ping(command: Command, message: Message, bots: Sequence[Bot]) -> None:
    for bot in bots:
        say(bot, message, _state(bot))


def _help(command: Command, message: Message, bots: Sequence[Bot]) -> None:
    place = "\n".join(f"* `/{name}` {about}" for name, about in OF_THE_PLACE.items())
    if message.room.is_group and not command.names:
        say(bots[0], message, "\n\n".join(["Mention a bot with @ to ask it.", *(_about(bot) for bot in bots), place]))
        return
    for bot in bots:
        say(bot, message, f"{_about(bot)}\n\n{place}")


ACTS: dict[str, Callable[[Command, Message, Sequence[Bot]], None]] = {"reset": _reset, "stop": _stop, "ping": _ping, "help": _help}


def _state(bot: Bot) -> str:
    """What is known of it without asking it: a bot whose server is away could not say so itself."""
    if not bot.is_on:
        return bot.why_off
    if Run.objects.filter(bot=bot, undelivered_since__isnull=False).exclude(state=DONE).exists():
        return "I am on, but my server does not answer at the moment. What you write is kept, and I read it when it is back."
    return f"I am here{f', version {bot.live.number}' if bot.live else ''}."


def _about(bot: Bot) -> str:
    about = " ".join(str(bot.persona.get("about") or "").split())
    lines = [f"**{bot.title}** (@{bot.name}){f': {about}' if about else ''}", *(f"* `/{name}` {about}" for name, about in _own(bot))]
    return "\n".join(lines) if bot.is_on else f"{lines[0]}\n{bot.why_off}"


def _own(bot: Bot) -> list[tuple[str, str]]:
    """Its own commands, as its file tells them."""
    return [(str(each.get("name", "")), str(each.get("about") or "")) for each in bot.commands if each.get("name")]
