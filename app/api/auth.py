"""Who asks. One authenticator for every header and for the session, so that no door is left with weaker rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.http import HttpRequest
from ninja.security.http import HttpAuthBase
from ninja.utils import check_csrf

from accounts.authentication import user_of_token
from accounts.models.token import BOTS, CHAT, SCOPES, WORKSHOP
from bots.access import acts_for_its_asker, run_at_work
from chat.errors import NotAllowed

if TYPE_CHECKING:
    from accounts.models import ApiToken, User
    from bots.models import Run

SCHEMES = {"bearer", "token"}
NOT_TRUSTED = "Only bots of the operator, and those you wrote yourself, act for you in the workshop."
# A bot's program that works on a run may act for whoever asked: "<run id>/<attempt>".
RUN = "X-Parley-Run"


class OutOfScope(NotAllowed):
    code = "out_of_scope"


class CsrfFailed(NotAllowed):
    code = "csrf"


@dataclass(frozen=True)
class Access:
    """What a view finds as `request.auth`."""

    user: User
    scopes: frozenset[str]
    token: ApiToken | None = None
    run: Run | None = None


class ApiRequest(HttpRequest):
    """A request past the authenticator: for annotations."""

    auth: Access


class Authenticated(HttpAuthBase):
    """A token in the Authorization header, or the session with CSRF; and the scope that is needed."""

    openapi_scheme: str = "bearer"
    names: ClassVar[dict[str, str]] = SCOPES

    def __init__(self, scope: str) -> None:
        self.scope = scope
        super().__init__()

    def __call__(self, request: HttpRequest) -> Access | None:
        access = self._by_token(request) if "Authorization" in request.headers else self._by_session(request)
        if access is None:
            return None
        if self.scope not in access.scopes:
            raise OutOfScope(f"This needs a token with the scope “{self.scope}”: {self.names[self.scope].lower()}.")
        request.user = access.user
        return access

    def authenticate(self, request: HttpRequest, **_: Any) -> Access | None:
        return self(request)

    def _by_token(self, request: HttpRequest) -> Access | None:
        scheme, _, text = request.headers["Authorization"].strip().partition(" ")
        found = user_of_token(text) if scheme.lower() in SCHEMES else None
        return Access(found[0], frozenset(found[1].scopes), found[1]) if found else None

    def _by_session(self, request: HttpRequest) -> Access | None:
        if not request.user.is_authenticated:
            return None
        if check_csrf(request) is not None:
            raise CsrfFailed("The CSRF token is missing or out of date. Load the page again, then send it once more.")
        return Access(request.user, frozenset({CHAT}))


class ForWorkshop(Authenticated):
    """A token of this scope; or the operator's for bots together with a run that its program has in hand, which then acts as the run's
    asker, with the asker's rights and no others (W24)."""

    def _by_token(self, request: HttpRequest) -> Access | None:
        found = super()._by_token(request)
        named = request.headers.get(RUN)
        if found is None or named is None or BOTS not in found.scopes:
            return found
        run = run_at_work(found.user, named)
        if not acts_for_its_asker(run, found.user):
            raise NotAllowed(NOT_TRUSTED)
        return Access(run.asker, frozenset({WORKSHOP}), found.token, run)


# A session acts as its user, and never as a bot: registering and answering need a token.
for_chat = Authenticated(CHAT)
for_bots = Authenticated(BOTS)
for_workshop = ForWorkshop(WORKSHOP)
