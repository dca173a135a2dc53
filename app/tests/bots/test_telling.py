"""What operators see of runs, and that Redis being away costs nobody a message or a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.test import Client
from prometheus_client import REGISTRY

from accounts.models import User
from bots import metrics
from bots.models import Run
from chat import drafts, publisher, throttle
from chat.away import Away
from chat.models import Message, Room
from tests.bots.program import Api


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_runs_are_counted_by_outcome_and_reason(at_work: Run, django_capture_on_commit_callbacks: Any) -> None:
    before = value("parley_runs_total", outcome="replied", reason="")

    with django_capture_on_commit_callbacks(execute=True):
        at_work.finish(1, "replied")

    assert value("parley_runs_total", outcome="replied", reason="") == before + 1


def test_a_bots_own_reason_codes_do_not_make_series_without_end(at_work: Run, django_capture_on_commit_callbacks: Any) -> None:
    before = value("parley_runs_total", outcome="failed", reason="other")

    with django_capture_on_commit_callbacks(execute=True):
        at_work.finish(1, "failed", reason="made-up-4711", permanent=True)

    assert value("parley_runs_total", outcome="failed", reason="other") == before + 1
    assert value("parley_runs_total", outcome="failed", reason="made-up-4711") == 0


@pytest.mark.parametrize("way", ["steps", "heartbeats"])
def test_the_time_from_due_to_started_is_measured_once(
    bots_api: Api, asked: Run, age: Any, way: str, django_capture_on_commit_callbacks: Any
) -> None:
    age(asked, due_at=40)
    (run,) = Run.objects.claim(1)
    count, total = value("parley_delivery_seconds_count"), value("parley_delivery_seconds_sum")

    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(2):
            if way == "steps":
                run.record_steps(1, [])
            else:
                bots_api.post("heartbeats", {"runs": [{"run": str(run.pk), "attempt": 1}]})

    assert value("parley_delivery_seconds_count") == count + 1
    assert 39 < value("parley_delivery_seconds_sum") - total < 60


def test_the_age_of_the_queue_is_that_of_the_oldest_due_run(asked: Run, age: Any, ada_client: Client) -> None:
    assert metrics.queue_age() < 5
    age(asked, due_at=100)
    assert 99 < metrics.queue_age() < 130

    Run.objects.claim(1)
    assert metrics.queue_age() == 0


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_without_a_database_the_other_metrics_still_stand(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise error("gone")

    monkeypatch.setattr(connection, "cursor", away)
    page = Client().get("/metrics")

    assert page.status_code == 200
    assert b"parley_queue_age_seconds NaN" in page.content


# Redis away


@pytest.fixture
def no_redis(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens where Redis should."""
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    for part in (drafts, throttle):  # each keeps the client it has once made
        monkeypatch.setattr(part, "_client", publisher.redis_client)
    monkeypatch.setattr(throttle.posts, "_away", Away())  # nor shall the next test think it away


@pytest.mark.django_db(transaction=True)
def test_f7_without_redis_messages_are_posted_and_runs_come_to_their_end(
    no_redis: None, bea_api: Api, bots_api: Api, direct: Room, bea: User
) -> None:
    """I1: drafts are a comfort; what was said and asked is in PostgreSQL."""
    posted = bea_api.post(f"rooms/{direct.pk}/messages", {"body": "hello", "client_id": "c-1"})
    (run,) = Run.objects.claim(1)
    wish = {"attempt": 1, "offset": 0, "text": "hel"}
    typed = bots_api.post("drafts", {"frames": [{"run": str(run.pk), **wish}]})
    failed = bots_api.post(f"runs/{run.pk}/outcome", {"attempt": 1, "outcome": "failed", "retry_after": 0})
    (again,) = Run.objects.claim(1)
    replied = bots_api.post(f"runs/{run.pk}/replies", {"attempt": 2, "key": "1.0", "body": "hello Bea"})
    ended = bots_api.post(f"runs/{run.pk}/outcome", {"attempt": 2, "outcome": "replied"})

    assert [answer.status_code for answer in (posted, typed, failed, replied, ended)] == [201, 200, 200, 201, 200]
    assert (again.attempt, Run.objects.get().outcome) == (2, "replied")
    assert list(direct.messages.order_by("position").values_list("body", flat=True)) == ["hello", "hello Bea"]


def test_i9_within_a_turn_the_room_has_the_failure_as_a_message(at_work: Run, direct: Room, say: Callable[..., Message]) -> None:
    at_work.finish(1, "failed", reason="no_key", explanation="There is no key for this model.", permanent=True)

    failure = direct.messages.get(kind="failure")
    assert (failure.author, failure.body) == (at_work.bot.user, "There is no key for this model.")
