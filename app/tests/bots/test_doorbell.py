"""What wakes the relay, each without waiting for its poll."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from django.db import connection

from accounts.models import User
from bots import doorbell, wakeups
from bots.doorbell import Doorbell
from bots.models import Bot, Run
from bots.relay import Relay
from chat.models import Message, Room
from tests.bots.endpoint import until
from tests.bots.program import in_threads

pytestmark = pytest.mark.django_db(transaction=True)
LONG = 30.0


@pytest.fixture
def bell() -> Iterator[Doorbell]:
    bell = Doorbell()
    assert bell.wait(0) == [wakeups.DUE]  # a new connection may have missed something
    yield bell
    bell.close()


def heard(bell: Doorbell) -> list[str]:
    """Everything that rang until now, by a last ring of our own."""
    wakeups.bots_changed()
    rings: list[str] = []
    while wakeups.BOTS not in rings:
        rings += bell.wait(LONG)
    return rings[:-1]


def test_a_message_to_a_bot_rings(bell: Doorbell, direct: Room, bea: User) -> None:
    rings, _ = in_threads([lambda: bell.wait(LONG), lambda: direct.post(bea, "hello")])

    assert rings == [wakeups.DUE]


def test_a_message_to_nobody_does_not(bell: Doorbell, group: Room, bea: User) -> None:
    group.post(bea, "hello all")

    assert heard(bell) == []


def test_a_stop_rings_with_the_attempt(bell: Doorbell, at_work: Run, bea: User) -> None:
    heard(bell)

    at_work.cancel(bea)

    assert [wakeups.as_cancelled(ring) for ring in heard(bell)] == [(str(at_work.pk), 1)]


def test_an_end_rings_only_when_somebody_waits_behind_it(bell: Doorbell, at_work: Run, direct: Room, say: Callable[..., Message]) -> None:
    heard(bell)
    at_work.finish(1, "replied")
    assert heard(bell) == []

    say(direct, "next")
    (run,) = Run.objects.claim(1)
    say(direct, "and next")
    heard(bell)
    run.finish(1, "replied")
    assert heard(bell) == [wakeups.DUE]


def test_a_thread_rings(bell: Doorbell) -> None:
    begun = time.monotonic()

    for _ in range(100_000):  # more than the pipe holds
        bell.ring()

    assert bell.wait(LONG) == []
    assert time.monotonic() - begun < LONG


def test_a_cut_connection_is_made_anew_and_counts_as_a_ring(bell: Doorbell) -> None:
    assert bell._connection is not None
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [bell._connection.info.backend_pid])

    assert bell.wait(LONG) == []  # the server's goodbye, or the cut itself

    until(lambda: bell.wait(LONG) == [wakeups.DUE])


def test_without_a_database_it_tries_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "_parameters", lambda: {"host": "127.0.0.1", "port": 9, "connect_timeout": 1})
    monkeypatch.setattr(doorbell, "RETRY", 0.01)
    bell = Doorbell()

    assert bell.wait(LONG) == []

    bell.close()


def test_a_relay_sleeps_until_the_next_run_is_due_and_no_longer(direct: Room, bot: Bot, bea: User) -> None:
    """Settling and retries come at their time, not at the next poll."""
    bot.attend = {"settle": 1.5}
    bot.save()
    direct.post(bea, "hello")
    relay = Relay()

    assert 0 < relay.turn() <= 1.5

    relay._drain()
