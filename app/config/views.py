"""What operators and their machines ask, and the pages of errors."""

import redis
from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """This process answers."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """This process can do its work: PostgreSQL and Redis answer."""
    away = [name for name, answers in {"postgresql": _database_answers, "redis": _redis_answers}.items() if not answers()]
    return JsonResponse({"status": "away" if away else "ok", "away": away}, status=503 if away else 200)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)


def refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    return HttpResponseForbidden("This form is out of date. Load the page again, then send it once more.")


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return False
    return True


def _redis_answers() -> bool:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
