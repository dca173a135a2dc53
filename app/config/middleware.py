"""What happens around every request."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from prometheus_client import Counter, Histogram

from config.views import away, database_is_away
from lib.clients import address_of

View = Callable[[HttpRequest], HttpResponseBase]

log = structlog.get_logger("parley.requests")
answers = Counter("parley_http_requests_total", "Requests answered.", ["method", "route", "status"])
seconds = Histogram(
    "parley_http_seconds", "Seconds from request to answer.", ["method"], buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
)
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
# Asked all the time, and worth a line only when they fail.
QUIET = re.compile(r"healthz|readyz|metrics|api/v1/(drafts|heartbeats)")
# The parts of an address that let whoever has them in.
SECRET_PARTS = {"text", "key"}


def observe(get_response: View) -> View:
    """Gives each request an id, counts it, and writes its line. The query is left out, and so is an address that opens a door."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        request_id = _request_id(request)
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = get_response(request)
            took = time.perf_counter() - started
            _note(request, response, took)
        response["X-Request-ID"] = request_id
        return response

    return middleware


class Guard:
    """A database that is away is said in plain words with a time to try again; private answers are kept by nobody on the way."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.setdefault("Cache-Control", "no-store")
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        if isinstance(error, DatabaseError) and database_is_away(error):
            log.error("the database does not serve", error=str(error))
            return away(request)
        return None


def _request_id(request: HttpRequest) -> str:
    given = request.headers.get("X-Request-ID", "") if settings.BEHIND_PROXY else ""
    return given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _note(request: HttpRequest, response: HttpResponseBase, took: float) -> None:
    match = request.resolver_match
    route = match.route if match else "none"
    method = request.method if request.method in METHODS else "other"
    answers.labels(method, route, response.status_code).inc()
    seconds.labels(method).observe(took)
    shown = f"/{route}" if match and SECRET_PARTS & match.kwargs.keys() else request.path
    level = log.debug if QUIET.match(route) and response.status_code < 400 else log.info
    level("request", method=method, path=shown, status=response.status_code, ms=round(took * 1000, 1), address=address_of(request))
