"""Misconfiguration, found at start and said with the remedy. config/asgi.py does not serve while one of the errors stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured

from bots import prices

TAG = "parley"
LOCAL = re.compile(r"localhost|127\.\d+\.\d+\.\d+|\[::1\]|testserver|app")
HOST_AND_PORT = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}")


@checks.register(TAG)
def check_settings(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    return [*_secret_key(), *_hosts(), *_https(), *_bots(), *_prices(), *_mail()]


def refuse_misconfiguration() -> None:
    """Raises what is wrong and how to mend it; a server that starts all the same would be worse than none."""
    wrong = [message for message in checks.run_checks(tags=[TAG]) if message.is_serious()]
    if wrong:
        raise ImproperlyConfigured("\n".join(f"{message.id}: {message.msg} {message.hint or ''}" for message in wrong))


def _secret_key() -> Iterator[CheckMessage]:
    try:
        key = settings.SECRET_KEY
    except ImproperlyConfigured:
        key = ""
    if not key:
        yield Error("DJANGO_SECRET_KEY is not set.", hint="./setup writes one to .env.", id="parley.E001")
    elif len(key) < 32:
        yield Error("DJANGO_SECRET_KEY is short enough to guess.", hint="Use 50 random characters; ./setup makes them.", id="parley.E002")


def _hosts() -> Iterator[CheckMessage]:
    if "*" in settings.ALLOWED_HOSTS and not settings.DEBUG:
        hint = "Name the hosts people use. With * any site could open a websocket in a visitor's name."
        yield Error("DJANGO_ALLOWED_HOSTS is *.", hint=hint, id="parley.E003")
    if settings.DEBUG and (public := _public_hosts()):
        hint = "Set DJANGO_DEBUG=0, or keep to localhost: DEBUG shows settings and source to every visitor."
        yield Error(f"DJANGO_DEBUG is on and the chat answers to {', '.join(public)}.", hint=hint, id="parley.E004")


def _https() -> Iterator[CheckMessage]:
    if not settings.HTTPS and not settings.DEBUG and (public := _public_hosts()):
        hint = "Put nginx with a certificate in front and set DJANGO_HTTPS=1 and DJANGO_BEHIND_PROXY=1."
        yield checks.Warning(
            f"The chat answers to {', '.join(public)} without HTTPS: passwords travel in the clear.", hint=hint, id="parley.W005"
        )


def _bots() -> Iterator[CheckMessage]:
    bot_api = urlsplit(settings.BOT_API)
    if bot_api.scheme not in {"http", "https"} or not bot_api.hostname:
        yield Error("BOT_API is no address.", hint="It looks like http://127.0.0.1:3001.", id="parley.E006")
    for entry in settings.BOT_ENDPOINTS:
        if not HOST_AND_PORT.fullmatch(entry):
            hint = "Each entry is host:port, such as 10.0.0.5:9000, without a scheme."
            yield Error(f"BOT_ENDPOINTS holds {entry!r}.", hint=hint, id="parley.E007")


def _prices() -> Iterator[CheckMessage]:
    try:
        prices.parsed(settings.PRICES)
    except prices.BadPrices as error:
        yield Error(str(error), hint="See docs/configuration.md, PRICES.", id="parley.E009")


def _mail() -> Iterator[CheckMessage]:
    if not settings.EMAIL_HOST and not settings.DEBUG and _public_hosts():
        hint = f"Set EMAIL_HOST, or hand on the links in {settings.EMAIL_FILE_PATH} yourself."
        yield checks.Info("Mails for forgotten passwords go to files, not to people.", hint=hint, id="parley.I008")


def _public_hosts() -> list[str]:
    return [host for host in settings.ALLOWED_HOSTS if not LOCAL.fullmatch(host)]
