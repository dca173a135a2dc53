"""Signing out is told to whoever holds a connection open on that session."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest
from structlog import get_logger

from accounts.models import User
from accounts.signals import access_revoked
from lib.clients import address_of

log = get_logger(__name__)


@receiver(user_logged_out)
def revoke_session(request: HttpRequest, user: User | None, **_: Any) -> None:
    if user is not None:
        access_revoked.send(User, user=user, session_key=request.session.session_key)
        log.info("signed out", user=user.username)


@receiver(user_logged_in)
def log_sign_in(request: HttpRequest, user: User, **_: Any) -> None:
    log.info("signed in", user=user.username, address=address_of(request))


@receiver(user_login_failed)
def log_refused_sign_in(credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    name = str(credentials.get("username") or credentials.get("email") or "")[:100]
    log.warning("sign-in refused", login=name, address=address_of(request) if request else "")
