"""The way into pages for people: signed in, and what they may not have is, for them, not there."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.models import User
from chat.errors import ChatError, NotAllowed, NotFound, TooFast


class PersonRequest(HttpRequest):
    """A request that came in by this door: somebody is signed in."""

    user: User


View = Callable[..., HttpResponseBase]


def for_people(view: View) -> View:
    """Errors of the chat as pages. A form that cannot be taken goes back to where it came from, with the reason."""

    @login_required
    @wraps(view)
    def door(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponseBase:
        try:
            return view(request, *arguments, **named)
        except NotFound as error:
            raise Http404(error.message) from error
        except NotAllowed as error:
            raise PermissionDenied(error.message) from error
        except TooFast as error:
            return too_fast(request, error)
        except ChatError as error:
            messages.error(request, error.message)
            return redirect(way_back(request))

    return door


def too_fast(request: HttpRequest, error: TooFast) -> HttpResponse:
    response = render(request, "429.html", {"seconds": error.retry_after}, status=429)
    response["Retry-After"] = str(error.retry_after)
    return response


def given_back(request: HttpRequest, error: ChatError, template: str, context: dict[str, Any]) -> HttpResponse:
    """The form once more, with what was written in it and why it cannot be taken."""
    response = render(request, template, context | {"problem": error.message}, status=429 if isinstance(error, TooFast) else 422)
    if isinstance(error, TooFast):
        response["Retry-After"] = str(error.retry_after)
    return response


def way_back(request: HttpRequest, address: str = "") -> str:
    """Where to go on: never to another site."""
    address = address or request.headers.get("Referer", "")
    if address and url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure()):
        return address
    return "/"
