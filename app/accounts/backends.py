from typing import Any

from allauth.account.auth_backends import AuthenticationBackend


class PeopleBackend(AuthenticationBackend):  # type: ignore[misc]  # allauth has no types
    """Signs in by username or e-mail address. Bots never sign in: their user has no session, only their server's token."""

    def user_can_authenticate(self, user: Any) -> bool:
        return bool(super().user_can_authenticate(user)) and not user.is_bot
