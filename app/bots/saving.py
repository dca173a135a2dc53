"""What the app remembers of a save in the browser: who wrote the version, whose a new bot is, and what its cases used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bots import budgets
from bots.models import Bot, BotVersion

if TYPE_CHECKING:
    from accounts.models import User


def written_by(user: User, name: str, version: int, *, is_new: bool) -> None:
    """The manager has registered the version in its owner's name; the person who wrote it is its author."""
    BotVersion.objects.filter(bot__user__username=name, number=version).update(created_by=user)
    if is_new:
        Bot.objects.filter(user__username=name, author=None).update(author=user)


def spent(user: User, name: str) -> str:
    """Why its cases may use nothing now, in plain words; empty when they may."""
    bot = Bot.objects.filter(user__username=name).first()
    return budgets.refusal(bot, user) if bot else ""


def used_by(user: User, name: str, used: list[Any]) -> None:
    """Cases are paid for like answers."""
    bot = Bot.objects.filter(user__username=name).first()
    if bot:
        budgets.book_trial(bot, user, [{"usage": usage} for usage in used])
