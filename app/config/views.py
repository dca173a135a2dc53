"""What operators and their machines ask, and the answers to what went wrong."""

from __future__ import annotations

import hmac
import ipaddress
import sys

import redis
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

RETRY_AFTER = 2
# SQLSTATEs of a server that cannot serve now: connection, resources, operator (also a query cut off), system, rolled back, read-only.
AWAY = ("08", "53", "57", "58", "40", "25006")
AWAY_WORDS = "The database is not answering right now. Nothing you sent was stored; try again in a moment."


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """This process answers."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """This process can do its work: PostgreSQL and Redis answer."""
    missing = [name for name, answers in {"postgresql": _database_answers, "redis": _redis_answers}.items() if not answers()]
    response = JsonResponse({"status": "away" if missing else "ok", "away": missing}, status=503 if missing else 200)
    if missing:
        response["Retry-After"] = str(RETRY_AFTER)
    return response


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """For Prometheus: with METRICS_TOKEN as bearer token, or without one from this machine."""
    if not _may_see_metrics(request):
        raise Http404
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)


def database_is_away(error: BaseException) -> bool:
    """Whether trying again later can help, as opposed to a fault in a query."""
    state = getattr(error.__cause__, "sqlstate", None)
    if state is None:  # no answer from a server at all: refused, broken off, or no connection free in the pool
        return type(error).__name__ in {"OperationalError", "InterfaceError"}
    return str(state).startswith(AWAY)


def away(request: HttpRequest) -> HttpResponse:
    """503 in the words of whoever asked."""
    response = _said(request, 503, "unavailable", AWAY_WORDS, "503.html")
    response["Retry-After"] = str(RETRY_AFTER)
    return response


def failed(request: HttpRequest) -> HttpResponse:
    """The answer to an error that nobody caught. What it was is in the log, under the id of the request."""
    error = sys.exc_info()[1]
    if isinstance(error, DatabaseError) and database_is_away(error):
        return away(request)
    return _said(request, 500, "server_error", "This failed on our side. The operator finds the reason in the log.", "500.html")


def refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its token: from another site, or from a page that was open for too long."""
    return _said(request, 403, "csrf", "This page was open for too long. Load it again, then send once more.", "403.html")


def _said(request: HttpRequest, status: int, code: str, message: str, template: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        return JsonResponse({"error": {"code": code, "message": message}}, status=status)
    # Who is asking, and what they were told last, stands in the database, which may be what is missing.
    request.user = AnonymousUser()
    return render(request, template, {"message": message, "exception": message, "messages": []}, status=status)


def _may_see_metrics(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        return hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {settings.METRICS_TOKEN}".encode())
    # Behind a proxy on this machine every visitor comes from this machine.
    return not settings.BEHIND_PROXY and ipaddress.ip_address(request.META.get("REMOTE_ADDR") or "0.0.0.0").is_loopback  # noqa: S104


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _redis_answers() -> bool:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
