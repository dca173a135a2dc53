"""The one place that turns a token's text into a user: for the API and for sockets."""

from __future__ import annotations

from accounts.models import ApiToken, User


def user_of_token(text: str) -> tuple[User, ApiToken] | None:
    """The user a token stands for, and the token; nothing for an unknown, revoked or malformed one."""
    token = ApiToken.objects.find(text.strip())
    if token is None:
        return None
    token.touch()
    return token.user, token
