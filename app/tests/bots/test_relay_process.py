"""The relay as a process: woken by NOTIFY, killed, stopped, doubled, and cut off from PostgreSQL."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from bots.models import Bot, Run
from chat.models import Message, Room
from tests.bots.endpoint import Endpoint, Held, Request, accept, until

pytestmark = pytest.mark.django_db(transaction=True)
APP = Path(__file__).parents[2]


class Process:
    """`manage.py relay` on the tests' database."""

    def __init__(self, endpoint: Endpoint, name: str) -> None:
        self.name = name
        environment = {
            **os.environ,
            "POSTGRES_DB": connection.settings_dict["NAME"],
            "BOT_ENDPOINTS": f"127.0.0.1:{endpoint.port}",
            "PGAPPNAME": name,
        }
        self.process = subprocess.Popen(
            [sys.executable, str(APP / "manage.py"), "relay"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.decode())

    def says(self, word: str) -> int:
        return sum(word in line for line in list(self.lines))

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self) -> int:
        code = self.process.wait(25)
        self._reader.join(5)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@pytest.fixture
def bot(make_bot: Callable[..., Bot], echo: User, endpoint: Endpoint) -> Bot:
    return make_bot(echo, endpoint=endpoint.url())


@pytest.fixture
def start(endpoint: Endpoint) -> Iterator[Callable[[], Process]]:
    """Start a relay and wait until it listens. What still runs at the end is stopped."""
    started: list[Process] = []

    def relay() -> Process:
        process = Process(endpoint, f"relay-{len(started)}")
        started.append(process)
        until(lambda: process.says("relay_listens"))
        return process

    yield relay
    for process in started:
        if process.process.poll() is None:
            process.signal(signal.SIGKILL)
            process.wait()


def test_it_delivers_a_message_and_tells_the_bot_of_a_stop(start: Any, endpoint: Endpoint, direct: Room, bea: User) -> None:
    start()
    direct.post(bea, "hello")
    until(lambda: endpoint.deliveries)

    Run.objects.get().cancel(bea)

    (got,) = until(lambda: endpoint.cancellations)
    assert (got["run"], got["attempt"], got["bot"]) == (str(Run.objects.get().pk), 1, {"name": "echo"})


def test_p7_two_relays_at_once_deliver_each_run_once(start: Any, endpoint: Endpoint, bot: Bot, bea: User, ada: User) -> None:
    relays = [start(), start()]
    rooms = [Room.group(ada, f"Room {number}", [bea, bot.user]) for number in range(40)]
    for room in rooms:
        room.post(bea, "@echo hello")

    until(lambda: len(endpoint.deliveries) >= 40)

    for relay in relays:
        relay.signal(signal.SIGTERM)
    assert [relay.wait() for relay in relays] == [0, 0]
    assert endpoint.pairs() == sorted((str(pk), 1) for pk in Run.objects.values_list("pk", flat=True))
    assert set(Run.objects.values_list("state", "attempt")) == {("active", 1)}


def test_f2_a_relay_killed_after_the_post_leaves_a_run_that_goes_on(
    start: Any, endpoint: Endpoint, direct: Room, bea: User, age: Any
) -> None:
    """The bot has it and works: nobody delivers it a second time."""
    first = start()

    def killed(request: Request, got: dict[str, Any]) -> None:
        first.signal(signal.SIGKILL)
        first.wait()
        endpoint.answer = accept
        accept(request, got)

    endpoint.answer = killed
    direct.post(bea, "hello")
    until(lambda: first.process.poll() is not None and endpoint.answer is accept)
    run = Run.objects.get()
    run.record_steps(1, [])  # the worker's first sign of life

    start()
    other = Room.group(bea, "Another room", [run.bot.user])
    other.post(bea, "@echo hello")
    until(lambda: len(endpoint.deliveries) == 2)
    run.reply(1, "1.0", "here I am", {})
    run.finish(1, "replied")

    assert endpoint.pairs() == sorted([(str(run.pk), 1), (str(Run.objects.get(room=other).pk), 1)])
    assert direct.messages.filter(author__is_bot=True).count() == 1


def test_f2_what_a_killed_relay_had_claimed_comes_back_by_the_lease(
    start: Any, endpoint: Endpoint, direct: Room, bea: User, age: Any
) -> None:
    first = start()
    held = Held()
    endpoint.answer = held
    direct.post(bea, "hello")
    until(lambda: endpoint.deliveries)
    first.signal(signal.SIGKILL)
    first.wait()
    endpoint.answer = accept
    held.go.set()
    run = Run.objects.get()
    assert (run.state, run.attempt) == ("active", 1)

    start()
    age(run, lease_until=1)

    until(lambda: len(endpoint.deliveries) == 2)  # the lease, then at most 5 s
    assert endpoint.pairs() == [(str(run.pk), 1), (str(run.pk), 2)]


def test_f6_sigterm_lets_a_delivery_under_way_come_to_its_end(start: Any, endpoint: Endpoint, direct: Room, group: Room, bea: User) -> None:
    relay = start()
    held = Held()
    endpoint.answer = held
    direct.post(bea, "hello")
    until(lambda: endpoint.deliveries)

    relay.signal(signal.SIGTERM)
    group.post(bea, "@echo hello")  # not this one's any more
    held.go.set()

    assert relay.wait() == 0
    assert relay.says("delivered") == 1
    assert relay.says("relay_stopped") == 1
    assert Run.objects.get(room=group).attempt == 0


def test_f8_it_finds_postgresql_again_after_its_connections_were_cut(
    start: Any, endpoint: Endpoint, direct: Room, group: Room, bea: User
) -> None:
    relay = start()
    direct.post(bea, "hello")
    until(lambda: endpoint.deliveries)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = %s", [relay.name])
        assert cursor.fetchone()[0] >= 2

    group.post(bea, "@echo hello")

    until(lambda: len(endpoint.deliveries) == 2)
    until(lambda: relay.says("relay_listens") == 2)
    assert relay.process.poll() is None


def test_i1_a_message_posted_while_no_relay_ran_is_delivered_by_the_next(start: Any, endpoint: Endpoint, direct: Room, bea: User) -> None:
    message: Message = direct.post(bea, "is anybody there?").message

    start()

    (got,) = until(lambda: endpoint.deliveries)
    assert got["trigger"] == [str(message.pk)]
