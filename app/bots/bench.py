"""The workbench of one bot: what somebody who may edit it finds there, and what saving does. `Bench.new` is that of a bot to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ValidationError

from accounts.models import User
from accounts.names import check_not_reserved
from accounts.throttle import Limit
from bots import budgets, workshop
from bots.access import bot_named
from bots.errors import BadInput, NotAllowed, NotFound
from bots.registration import NOT_A_MAKER, may_make

if TYPE_CHECKING:
    from bots.models import Bot

NOT_OURS = "This bot is a program of its own, and its file is not on this server. Change it where it runs."
NO_SUCH_BOT = "There is no such bot."
CASES, WHILE = 20, 60


@dataclass(frozen=True)
class Bench:
    """`name` is None for a bot that is to be new."""

    user: User
    bot: Bot | None = None

    @classmethod
    def new(cls, user: User) -> Bench:
        """For those who may have new bots."""
        if not may_make(user):
            raise NotAllowed(NOT_A_MAKER)
        return cls(user)

    @classmethod
    def of(cls, user: User, name: str) -> Bench:
        """For the bot's editors; for everybody else it is not there."""
        bot = bot_named(name)
        if not bot.may_be_edited_by(user):
            raise NotFound(NO_SUCH_BOT)
        return cls(user, bot)

    @classmethod
    def at(cls, user: User, name: str | None) -> Bench:
        return cls.new(user) if name is None else cls.of(user, name)

    @property
    def name(self) -> str | None:
        return self.bot.name if self.bot else None

    @property
    def base(self) -> int | None:
        """The version a text is made from."""
        return self.bot.live.number if self.bot and self.bot.live else None

    @property
    def not_ours(self) -> str:
        """Why its file cannot be edited here; empty when it can."""
        ours = self.bot is None or self.bot.endpoint == f"{settings.BOT_API}/bots/{self.bot.name}"
        return "" if ours else NOT_OURS

    def text(self) -> str:
        """What to begin with: the file as it is on disk, also when it is held back; else the version that is live."""
        if self.bot is None:
            return workshop.templates()[0]["yaml"]
        live = self.bot.live.yaml if self.bot.live else ""
        if self.not_ours:
            return live
        now = workshop.current(self.bot.name)
        return live if now is None else now

    def check(self, yaml: str) -> workshop.Checked:
        return workshop.check(yaml, self.name)

    def cases(self, yaml: str) -> list[dict[str, Any]]:
        limit = Limit(f"cases:{self.user.pk}", CASES, WHILE)
        if not limit.take():
            raise BadInput(f"You have run cases {CASES} times in this minute. Wait {limit.wait} s.")
        if self.bot and (refusal := budgets.refusal(self.bot, self.user)):
            raise BadInput(refusal)
        return workshop.run_cases(yaml, self.name, self.user)

    def save(self, yaml: str, base: int | None, seen: str = "") -> workshop.Saved:
        """Make it the bot's file, and have it live. Raises what `workshop.save` does."""
        if self.not_ours:
            raise NotAllowed(self.not_ours)
        return workshop.save(self.name or new_name(yaml), yaml, base, self.user, seen=seen)


def new_name(yaml: str) -> str:
    """The name that a new bot gives itself, if it may have it. Raises HeldBack."""
    checked = workshop.check(yaml)
    if checked.problems:
        raise workshop.HeldBack(checked.problems, [])
    try:
        check_not_reserved(checked.name)
    except ValidationError as error:
        raise _named_wrong(yaml, f"a bot cannot be called {checked.name}; choose another name") from error
    if User.objects.filter(username=checked.name).exists():
        raise _named_wrong(yaml, f"somebody is called {checked.name} already; choose another name")
    return checked.name


def _named_wrong(yaml: str, message: str) -> workshop.HeldBack:
    line = next((number for number, text in enumerate(yaml.splitlines(), 1) if text.startswith("name:")), 1)
    return workshop.HeldBack([{"line": line, "key": "name", "message": message, "hint": ""}], [])
