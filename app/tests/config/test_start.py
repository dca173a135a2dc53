"""What operators' machines ask: is it alive, is it ready, how is it doing."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client


def test_healthz_answers_without_a_database() -> None:
    assert Client().get("/healthz").json() == {"status": "ok"}


@pytest.mark.django_db
def test_readyz_says_ok_when_postgresql_and_redis_answer() -> None:
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "away": []})


@pytest.mark.django_db
def test_readyz_names_what_is_away_and_when_to_ask_again(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["away"]) == (503, ["redis"])
    assert int(answer["Retry-After"]) > 0


@pytest.mark.django_db
def test_metrics_are_for_this_machine_while_there_is_no_token() -> None:
    assert b"parley_http_requests_total" in Client().get("/metrics").content
    assert Client(REMOTE_ADDR="192.0.2.1").get("/metrics").status_code == 404


@pytest.mark.django_db
def test_metrics_behind_a_proxy_need_the_token(settings: Any) -> None:
    settings.BEHIND_PROXY = True
    assert Client().get("/metrics").status_code == 404


@pytest.mark.django_db
def test_metrics_with_a_token_are_for_whoever_has_it(settings: Any) -> None:
    settings.METRICS_TOKEN = "a-long-metrics-token"
    client = Client(REMOTE_ADDR="192.0.2.1")
    assert client.get("/metrics", headers={"Authorization": "Bearer a-long-metrics-token"}).status_code == 200
    assert client.get("/metrics", headers={"Authorization": "Bearer a-long-metrics-tokem"}).status_code == 404
    assert Client().get("/metrics").status_code == 404


@pytest.mark.django_db
def test_requests_are_counted_by_route_and_not_by_address() -> None:
    for number in range(3):
        Client().get(f"/nowhere-{number}/")
    text = Client().get("/metrics").content.decode()
    assert 'route="none",status="404"' in text
    assert "nowhere" not in text
