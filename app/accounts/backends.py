from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.internal.userkit import filter_users_by_email
from django.http import HttpRequest

from accounts.models import User


class PeopleBackend(AuthenticationBackend):  # type: ignore[misc]  # allauth has no types
    """Signs in by username or e-mail address. Bots never sign in: their user has no session, only their server's token."""

    def _authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:
        # One password is hashed whoever was named, known or not: allauth's own way hashes twice for a known address,
        # and the time tells it. (It hashes once itself when this has found nobody.)
        login = str(credentials.get("username") or credentials.get("email") or "").strip()
        for person in self._named(login):
            if self._check_password(person, credentials.get("password") or ""):
                return person
        return None

    def _named(self, login: str) -> list[User]:
        if "@" in login:
            return list(filter_users_by_email(login, prefer_verified=True, for_login=True))
        return list(User.objects.filter(username=login.lower()))

    def user_can_authenticate(self, user: Any) -> bool:
        return bool(super().user_can_authenticate(user)) and not user.is_bot
