"""W17: one user cannot starve the others, and a throttle whose Redis is away lets posts through."""

from __future__ import annotations

import pytest
from pytest_django.fixtures import Settings

from accounts.models import User
from chat import posting, throttle
from chat.errors import TooFast
from chat.models import Room
from chat.publisher import redis_client


@pytest.fixture(autouse=True)
def _slow(settings: Settings) -> None:
    settings.POSTS_PER_SECOND = 2


@pytest.fixture(autouse=True)
def _rested(monkeypatch: pytest.MonkeyPatch) -> None:
    # A Redis that another test took away may still count as away.
    monkeypatch.setattr(posting, "posts", throttle.Posts())


@pytest.fixture(autouse=True)
def _empty(bea: User, ada: User) -> None:
    # User ids come back after a rollback, and buckets outlive it.
    with redis_client() as client:
        client.delete(f"parley:posts:{bea.pk}", f"parley:posts:{ada.pk}")


def test_w17_a_burst_passes_and_a_flood_does_not(room: Room, bea: User, ada: User) -> None:
    for number in range(4):
        posting.post(bea, room.pk, str(number))
    with pytest.raises(TooFast) as caught:
        posting.post(bea, room.pk, "one too many")

    assert caught.value.retry_after == 1
    assert posting.post(ada, room.pk, "mine is not stopped by it").created
    assert room.messages.count() == 5


def test_w17_with_redis_away_posts_go_through(room: Room, bea: User, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(throttle, "_client", redis_client)
    monkeypatch.setattr(posting, "posts", throttle.Posts())
    for number in range(12):
        assert posting.post(bea, room.pk, str(number)).created
