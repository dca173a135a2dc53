"""What pages of the chat say of bots."""

from __future__ import annotations

from collections.abc import Collection

from django.urls import reverse

from bots.models import Bot
from chat.profiles import Profile, Step


def profiles_of(user_ids: Collection[int]) -> dict[int, Profile]:
    return {bot.user_id: _profile(bot) for bot in Bot.objects.filter(user__in=user_ids).select_related("user", "live")}


def _profile(bot: Bot) -> Profile:
    return Profile(
        about=str(bot.persona.get("about") or ""),
        greeting=str(bot.persona.get("greeting") or ""),
        version=bot.live.number if bot.live else None,
        off=not bot.is_on,
        reason=bot.reason.rstrip("."),
        held_back=bot.held_back,
        steps=[Step(str(step.get("name", "")), str(step.get("detail") or "")) for step in bot.steps],
        page=reverse("bot", args=[bot.name]),
    )
