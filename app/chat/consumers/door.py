"""Who may open a socket, decided before it is accepted.

Either a session, whose cookie a browser also sends for a page of somebody else: so the Origin must be ours. Or a token in the
Authorization header, which no page can send: so no cookie may come with it. Never both, and never a token in the address, which
ends up in logs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host

from accounts.authentication import user_of_token
from chat.broadcasts import hash_of
from chat.consumers.work import in_thread

if TYPE_CHECKING:
    from accounts.models import User

SCOPE = "chat"
SCHEMES = ("bearer ", "token ")


@dataclass(frozen=True)
class Visitor:
    """A user, and what lets them in: a session (with the hash of the password it was opened with) or a token."""

    user: User
    session_key: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    token: int | None = None

    def rests_on(self, session: str | None, token: int | None) -> bool:
        """Whether the end of this session (its hash) or token is the end of the visit; with neither, all of the user's end."""
        if session is None and token is None:
            return True
        return token == self.token if token is not None else bool(self.session_key) and hash_of(str(self.session_key)) == session


async def admit(scope: dict[str, Any]) -> Visitor | None:
    """The visitor this handshake is from, or nobody."""
    headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    if query.keys() & {"token", "access_token", "bearer", "authorization", "api_key", "key"}:
        return None
    authorization = [value for name, value in headers if name == "authorization"]
    cookies = [value for name, value in headers if name == "cookie"]
    if authorization and cookies:
        return None
    if authorization:
        return await in_thread(_by_token, authorization)
    return await in_thread(_by_session, cookies) if cookies and _is_from_here(scope, headers) else None


def _by_token(authorization: list[str]) -> Visitor | None:
    if len(authorization) != 1 or not authorization[0].lower().startswith(SCHEMES):
        return None
    found = user_of_token(authorization[0].partition(" ")[2])
    if found is None or not found[1].allows(SCOPE):
        return None
    return Visitor(found[0], token=found[1].pk)


def _by_session(cookies: list[str]) -> Visitor | None:
    try:
        jar = SimpleCookie("; ".join(cookies))
    except CookieError:
        return None
    key = jar[settings.SESSION_COOKIE_NAME].value if settings.SESSION_COOKIE_NAME in jar else ""
    if not key:
        return None
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    user: Any = auth.get_user(request)
    if not user.is_authenticated or not user.is_active:
        return None
    return Visitor(user, session_key=key, password=user.get_session_auth_hash())


def _is_from_here(scope: dict[str, Any], headers: list[tuple[str, str]]) -> bool:
    """Whether the page that opens the socket is ours: the same scheme, host and port as the socket's, or a trusted origin."""
    origins = [value for name, value in headers if name == "origin"]
    hosts = [value for name, value in headers if name == "host"]
    if len(origins) != 1 or len(hosts) != 1:
        return False
    allowed = settings.ALLOWED_HOSTS or (["localhost", "127.0.0.1", "[::1]"] if settings.DEBUG else [])
    if not validate_host(split_domain_port(hosts[0])[0], allowed):
        return False
    secure = scope.get("scheme") in {"wss", "https"} or settings.HTTPS
    return origins[0] == f"{'https' if secure else 'http'}://{hosts[0]}" or origins[0] in settings.CSRF_TRUSTED_ORIGINS
