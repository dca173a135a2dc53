"""A bot makes itself known, again and again: at every start and every change of its file. The same wish twice changes nothing."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models.functions import Now

from accounts.models import User
from accounts.names import check_not_reserved, check_shape
from bots import avatars, casebook, wakeups
from bots.errors import BadInput, EndpointRefused, NotAllowed
from bots.models import Bot, BotVersion, CaseResult, Run
from bots.models.bot import OFF
from lib.errors import OutboundError
from lib.outbound import check_endpoint

if TYPE_CHECKING:
    from collections.abc import Mapping

NOT_A_MAKER = "You may not register new bots. Ask the operator to let you."
# What the bot's file says of it, stored as it comes.
DESCRIBED = ("persona", "attend", "steps", "permissions", "budget", "commands", "callees", "status", "reason", "held_back")


class Registered(NamedTuple):
    bot: Bot
    created: bool
    secret: str | None  # only when it was made here


def register(owner: User, name: str, wish: Mapping[str, Any]) -> Registered:
    """Make the bot, or bring it up to date. Its name belongs to whoever registered it first."""
    _check_endpoint(wish["endpoint"])
    picture = avatars.safe(name, wish["picture"])
    with transaction.atomic():
        bot = _known(name)
        if bot is None:
            _alone_with(name)
            bot = _known(name)
        if bot and bot.owner_id != owner.pk:
            raise NotAllowed(f"The name {name} belongs to a bot of somebody else. Choose another name.")
        return _bring_up_to_date(bot or _make(owner, name), bot is None, wish, picture)


def _known(name: str) -> Bot | None:
    return Bot.objects.select_for_update(of=("self",), no_key=True).select_related("user").filter(user__username=name).first()


def _alone_with(name: str) -> None:
    """Two managers that register the same new bot in the same moment take turns; the second finds it made."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"bot:{name}"])


def _make(owner: User, name: str) -> Bot:
    if not may_make(owner):
        raise NotAllowed(NOT_A_MAKER)
    _check_name(name)
    if User.objects.filter(username=name).exists():
        raise BadInput(f"Somebody is called {name} already. Choose another name for the bot.", name="is taken")
    return Bot(user=User.objects.create_bot(name), owner=owner)


def may_make(owner: User) -> bool:
    """Whether this user may have new bots."""
    if settings.BOT_AUTHORS:
        return owner.is_superuser or owner.groups.filter(name=settings.BOT_AUTHORS).exists()
    return owner.is_staff or owner.is_superuser


def _bring_up_to_date(bot: Bot, created: bool, wish: Mapping[str, Any], picture: avatars.Picture | None) -> Registered:
    was = None if created else (bot.endpoint, bot.status)
    for field in DESCRIBED:
        setattr(bot, field, wish[field])
    bot.endpoint, bot.seen_at = wish["endpoint"], Now()
    made = None
    if wish.get("secret"):
        bot.secret = wish["secret"]
    elif not bot.secret:
        bot.secret = made = secrets.token_hex(32)
    avatars.put(bot, picture)
    bot.save()
    _rename(bot)
    _keep_version(bot, wish)
    _keep_results(bot, wish["results"])
    if was != (bot.endpoint, bot.status) or bot.is_on:
        _wake_up(bot)
    return Registered(bot, created, made)


def _rename(bot: Bot) -> None:
    title = (bot.persona.get("title") or "")[: User._meta.get_field("name").max_length]
    if bot.user.name != title:
        bot.user.name = title
        bot.user.save(update_fields=["name"])


def _keep_version(bot: Bot, wish: Mapping[str, Any]) -> None:
    """What differs from the live version becomes the next one. While a newer file is held back, the live one goes on."""
    if wish["status"] == OFF and not wish["yaml"]:
        return  # a bot that never worked, or whose file is gone: there is nothing that could run
    live = bot.live
    if live and (live.yaml, live.code_hash) == (wish["yaml"], wish["code_hash"]):
        return
    last = bot.versions.order_by("-number").values_list("number", flat=True).first() or 0
    bot.live = BotVersion.objects.create(
        bot=bot, number=last + 1, yaml=wish["yaml"], source=wish["source"], code_hash=wish["code_hash"], created_by_id=bot.owner_id
    )
    bot.save(update_fields=["live"])
    casebook.find_saved(bot)


def _keep_results(bot: Bot, results: list[dict[str, Any]] | None) -> None:
    """How the live version did in the cases of its file; what it is told replaces what was known."""
    if results is None or bot.live is None:
        return
    told = {result["case"]: result for result in results}
    known = {each.case: (each.passed, each.missed) for each in bot.live.results.all()}
    if known == {case: (result["passed"], result["missed"]) for case, result in told.items()}:
        return
    bot.live.results.exclude(case__in=told).delete()
    CaseResult.objects.bulk_create(
        [CaseResult(version=bot.live, **result) for result in told.values()],
        update_conflicts=True, unique_fields=["version", "case"], update_fields=["passed", "missed", "ran_at"],
    )  # fmt: skip


def _wake_up(bot: Bot) -> None:
    """It is there: what waited because it could not be reached is due at once."""
    if bot.is_on:
        Run.objects.filter(bot=bot).due_at_once()
    wakeups.bots_changed()


def _check_endpoint(url: str) -> None:
    """An address that deliveries may not go to is refused now, before there is anything to deliver (W7); the relay checks again."""
    try:
        check_endpoint(url)
    except OutboundError as error:
        raise EndpointRefused(str(error), endpoint="is refused") from error


def _check_name(name: str) -> None:
    try:
        check_shape(name)
        check_not_reserved(name)
    except ValidationError as error:
        raise BadInput(f"A bot cannot be called {name}. {' '.join(error.messages)}", name="cannot be taken") from error
