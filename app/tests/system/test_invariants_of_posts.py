"""I1, P1, P2, P8: people go on writing while processes die. What was acknowledged is stored, once, and what was asked is answered once."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.system.conftest import person
from tests.system.person import Json, Person
from tests.system.product import Product

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

GAPS = """
select room.id from chat_room room join chat_roomevent event on event.room_id = room.id
group by room.id having count(*) <> max(event.seq) or max(event.seq) <> room.seq
"""
PEOPLE = ("ada", "bea")
ROOMS = 2
# A run lists the 64 newest of the messages that it answers: slow enough, that all are listed also when the relay is away for a while.
PAUSE = 0.3
# The machine of a test is busy with other tests: what takes a second there may take a little more here.
SLACK = 2.0


class Writer(threading.Thread):
    """Posts one message after the other into a room until told to stop, each until it is acknowledged."""

    def __init__(self, writer: Person, room: str, name: str) -> None:
        super().__init__(daemon=True)
        self.writer, self.room, self.series = writer, room, name
        self.acked: dict[str, Json] = {}
        self.problem: BaseException | None = None
        self.enough = threading.Event()

    def run(self) -> None:
        try:
            while not self.enough.wait(PAUSE):
                client_id = f"{self.series}-{len(self.acked)}"
                self.acked[client_id] = self.writer.insist(self.room, f"@echo {client_id}", client_id)
        except BaseException as error:  # noqa: BLE001 (it is shown by the test, which is another thread)
            self.problem = error


class Burst:
    """Everybody writes in every room while the block runs; then what was acknowledged is compared with what there is."""

    def __init__(self, product: Product, people: list[Person], series: str) -> None:
        self.product = product
        self.people = people
        self.rooms = [people[0].room("echo") for _ in range(ROOMS)]
        self.writers = [
            Writer(writer, room, f"{series}-{writer.username}-{number}") for number, room in enumerate(self.rooms) for writer in people
        ]

    def __enter__(self) -> Burst:
        for writer in self.writers:
            writer.start()
        self.goes_on()
        return self

    def __exit__(self, *_: object) -> None:
        for writer in self.writers:
            writer.enough.set()
        for writer in self.writers:
            writer.join(90)

    def goes_on(self, count: int = 3) -> None:
        """Wait until everybody has had so many more messages acknowledged."""
        had = [len(writer.acked) for writer in self.writers]

        def all_went_on() -> bool:
            for writer in self.writers:
                assert writer.problem is None, writer.problem
            return all(len(writer.acked) >= before + count for writer, before in zip(self.writers, had, strict=True))

        self.product.until(all_went_on, "everybody's posts are acknowledged", 60)

    def acked(self) -> dict[str, Json]:
        return {client_id: message for writer in self.writers for client_id, message in writer.acked.items()}

    def check_posts(self) -> None:
        """P1, P2: all that was acknowledged is stored; sent again it is the same message; nothing is there twice."""
        acked = self.acked()
        there = Counter(message["body"] for room in self.rooms for message in self.people[0].messages(room) if not _by_bot(message))
        assert there == Counter(f"@echo {client_id}" for client_id in acked)
        for writer in self.writers:
            client_id = next(reversed(writer.acked))
            again = writer.writer.http.post(f"rooms/{writer.room}/messages", json={"body": f"@echo {client_id}", "client_id": client_id})
            assert (again.status_code, again.json()["id"]) == (200, acked[client_id]["id"])
        assert self.product.sql(GAPS) == []

    def check_answers(self) -> None:
        """I1, P8: every message was asked in one run, every run replied, and each replied once."""
        for room in self.rooms:
            self.product.until(lambda room=room: self._all_ended(room), "all runs have ended", 120)  # type: ignore[misc]
        runs = self.product.sql("select id::text, outcome, trigger from bots_run where room_id = any(%s::uuid[])", self.rooms)
        assert {outcome for _, outcome, _ in runs} == {"replied"}
        asked = Counter(message for _, _, trigger in runs for message in trigger)
        assert asked == Counter(message["id"] for message in self.acked().values())
        replies = Counter(
            message["metadata"]["run"] for room in self.rooms for message in self.people[0].messages(room) if _by_bot(message)
        )
        assert replies == Counter(run for run, _, _ in runs)

    def _all_ended(self, room: str) -> bool:
        return not self.product.sql("select 1 from bots_run where room_id = %s and state <> 'done'", room)


@pytest.fixture
def burst(product: Product) -> Iterator[Callable[[str], Burst]]:
    with ExitStack() as stack:
        people = [stack.enter_context(person(product, name)) for name in PEOPLE]
        yield lambda series: Burst(product, people, series)


def test_i1_p1_p2_f1_f2_f3_app_relay_and_bots_killed_while_people_write(product: Product, burst: Callable[[str], Burst]) -> None:
    """I1, P1, P2, P8, F1, F2, F3: whatever each was doing when it was killed, again and again."""
    with burst("kill") as writing:
        for name in ("relay", "app", "bots", "relay", "app", "bots", "relay"):
            product.kill(name)
            if name != "app":
                writing.goes_on(1)
            product.start(name)
            writing.goes_on(2)
    writing.check_answers()
    writing.check_posts()


def test_i1_p1_f8_postgres_crashes_while_people_write(product: Product, burst: Callable[[str], Burst]) -> None:
    """I1, P1, P2, F8: 503 with Retry-After or success, nothing else; all goes on by itself when the database is back."""
    with burst("crash") as writing:
        for _ in range(2):
            product.restart_postgres()
            back = time.monotonic()
            writing.goes_on(1)
            assert time.monotonic() - back < 2 + SLACK, "The first good answer came late."
        writing.goes_on()
    writing.check_answers()
    writing.check_posts()


def test_i1_f7_posting_goes_on_without_redis_and_answers_follow_when_it_is_back(product: Product, ada_there: Person) -> None:
    """I1, F7: flushed and killed in the middle of streams; posts are stored meanwhile, and quickly."""
    flushed, killed, down = ada_there.room("two-thoughts"), ada_there.room("two-thoughts"), ada_there.room("echo")
    with ada_there.listening(flushed) as one, ada_there.listening(killed) as other:
        ada_there.post(flushed, "@two-thoughts go on")
        product.until(lambda: "word9 " in one.text(), "it streams")
        product.flush_redis()
        ada_there.post(killed, "@two-thoughts go on")
        product.until(lambda: "word9 " in other.text(), "the other streams")
        product.kill_redis()
        slowest = max(_timed(lambda: ada_there.post(down, "@echo are you there?")) for _ in range(5))
        product.start_redis()
    for room in (flushed, killed):
        (run,) = ada_there.ended(room)
        assert (run["outcome"], run["attempt"], len(ada_there.replies(room))) == ("replied", 1, 1)
    runs = product.until(lambda: _all_done(ada_there.runs(down)), "what was asked without Redis is answered", 90)
    assert {run["outcome"] for run in runs} == {"replied"}
    assert sum(len(run["trigger"]) for run in runs) == 5
    assert len(ada_there.replies(down)) == len(runs)
    assert slowest < 1 + SLACK


def _timed(act: Callable[[], object]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


def _all_done(runs: list[Json]) -> list[Json]:
    return runs if runs and all(run["state"] == "done" for run in runs) else []


def _by_bot(message: Json) -> bool:
    return bool(message["author"]["is_bot"])
