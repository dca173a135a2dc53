"""F8: a database that does not serve is said in plain words, with a time to try again, and without a stack trace."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError, close_old_connections, connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from accounts.models import User
from config.urls import urlpatterns as real


def too_slow(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 20; SELECT pg_sleep(5)")
    return HttpResponse()


def cut_off(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    return HttpResponse()


def wrong(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nonsense")
    return HttpResponse()


urlpatterns = [path("slow/", too_slow), path("api/v1/cut/", cut_off), path("wrong/", wrong), *real]
handler500 = "config.views.failed"

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls(__name__)]


def test_a_query_that_takes_too_long_is_a_503_page() -> None:
    answer = Client().get("/slow/")
    assert answer.status_code == 503 and int(answer["Retry-After"]) > 0
    assert "text/html" in answer["Content-Type"]


def test_a_connection_that_breaks_is_a_503_in_json_for_programs_and_the_next_request_is_served() -> None:
    answer = Client().get("/api/v1/cut/")
    assert answer.status_code == 503 and answer.json()["error"]["code"] == "unavailable"
    close_old_connections()  # as Django does between requests; its test client leaves that out
    assert Client().get("/readyz").status_code == 200


def test_a_fault_in_a_query_is_ours_and_a_500() -> None:
    answer = Client(raise_request_exception=False).get("/wrong/")
    assert answer.status_code == 500
    assert b"nonsense" not in answer.content and b"Traceback" not in answer.content


def test_no_connection_at_all_is_a_503_even_for_somebody_signed_in(bea: User, bea_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The session itself stands in the database: the page of the error must not ask for it."""

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise OperationalError("connection refused")

    connection.close()
    with monkeypatch.context() as patch:
        patch.setattr(connection, "connect", refuse)
        bea_client.raise_request_exception = False
        answers = [bea_client.get("/profile/"), bea_client.get("/readyz"), bea_client.get("/healthz")]
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert bea_client.get("/profile/").status_code == 200
