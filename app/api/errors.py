"""Errors of the API: one shape, `{"error": {"code", "message", "fields"?}}`, whoever raised them."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DatabaseError, DataError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.http.request import UnreadablePostError
from django.urls import URLPattern
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from chat.errors import ChatError, TooFast

log = logging.getLogger(__name__)

NOT_FOUND = "There is nothing at this address."


def answer(
    status: int, code: str, message: str, fields: dict[str, str] | None = None, headers: dict[str, str] | None = None
) -> HttpResponse:
    error: dict[str, Any] = {"code": code, "message": message}
    if fields:
        error["fields"] = fields
    return JsonResponse({"error": error}, status=status, headers=headers)


def refused(request: HttpRequest, error: ChatError) -> HttpResponse:
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, TooFast) else None
    return answer(error.status, error.code, error.message, error.fields, headers)


def signed_out(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return answer(401, "signed_out", "Send a valid token (Authorization: Bearer …), or sign in.", headers={"WWW-Authenticate": "Bearer"})


def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    fields = {
        ".".join(str(part) for part in problem["loc"][1:] if part != "payload") or "body": str(problem["msg"]) for problem in error.errors
    }
    return answer(
        400, "invalid", f"The request is not what this address takes: {'; '.join(f'{k}: {v}' for k, v in fields.items())}.", fields
    )


def http(request: HttpRequest, error: HttpError) -> HttpResponse:
    if isinstance(error.__cause__, ChatError):  # ninja hides what the parser said in the cause
        return refused(request, error.__cause__)
    return answer(error.status_code, "bad_request" if error.status_code < 500 else "internal", str(error))


def not_found(request: HttpRequest, error: Exception | None = None) -> HttpResponse:
    return answer(404, "not_found", NOT_FOUND)


def forbidden(request: HttpRequest, error: PermissionDenied) -> HttpResponse:
    return answer(403, "not_allowed", str(error) or "This is not yours to do.")


def too_big(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return answer(413, "too_big", "The request's body is too big; 1 MB is the most that is taken.")


def suspicious(request: HttpRequest, error: Exception) -> HttpResponse:
    return answer(400, "bad_request", "The request cannot be read.")


def unstorable(request: HttpRequest, error: Exception) -> HttpResponse:
    log.warning("A request held what cannot be stored: %s", error)
    return answer(400, "bad_input", "The request holds a value that cannot be stored.")


def away(request: HttpRequest, error: Exception) -> HttpResponse:
    log.error("The database does not answer: %s", error)
    return answer(503, "unavailable", "The database does not answer just now. Send it again in a moment.", headers={"Retry-After": "2"})


def internal(request: HttpRequest, error: Exception) -> HttpResponse:
    log.error("%s %s failed", request.method, request.path, exc_info=error)
    return answer(500, "internal", "This request met a fault of ours. It is in the log, with the time it happened.")


ANSWERS: dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
    Exception: internal,
    ChatError: refused,
    AuthenticationError: signed_out,
    ValidationError: invalid,
    HttpError: http,
    Http404: not_found,
    PermissionDenied: forbidden,
    RequestDataTooBig: too_big,
    SuspiciousOperation: suspicious,
    UnreadablePostError: suspicious,
    UnicodeEncodeError: unstorable,
    DataError: unstorable,
    InterfaceError: away,
    DatabaseError: away,
}


def install(api: NinjaAPI) -> None:
    for kind, respond in ANSWERS.items():
        api.add_exception_handler(kind, respond)


def in_one_shape(pattern: URLPattern) -> URLPattern:
    """The same address, whose "method not allowed" and "not found" have our shape too: those are made before any of the above is asked."""
    view = pattern.callback

    @functools.wraps(view)
    def shaped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response: HttpResponse = view(request, *args, **kwargs)
        except Http404 as error:
            return not_found(request, error)
        if isinstance(response, HttpResponseNotAllowed):
            allowed = response.headers["Allow"]
            return answer(405, "method_not_allowed", f"This address takes {allowed}.", headers={"Allow": allowed})
        return response

    pattern.callback = shaped
    return pattern
