"""I1, I2: processes are killed in the middle of runs, and every run comes to exactly one outcome, with each reply once.

A worker that is killed is missed when its lease runs out, which takes half a minute: so each of these tests kills once, with several
kinds of runs under way.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import pytest

from tests.system.person import Json, Person
from tests.system.product import PROCESSES, Product

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

PAID_FIRST, PAID_SECOND = "tokens-3-1", "tokens-120-51"


class Underway:
    """Three kinds of runs in the middle of their work: one streams; one has paid for a step and streams the next; one has replied."""

    def __init__(self, product: Product, ada: Person) -> None:
        self.product = product
        self.ada = ada
        self.rooms = {bot: ada.room(bot) for bot in ("storyteller", "two-thoughts", "lingerer")}
        self.paid = product.model_requests()["by_model"].get(PAID_FIRST, 0)
        self.released = product.config / "released"

    def begin(self) -> None:
        with contextlib.ExitStack() as ears:
            heard = {bot: ears.enter_context(self.ada.listening(room)) for bot, room in self.rooms.items()}
            for bot in ("lingerer", "two-thoughts"):
                self.ada.post(self.rooms[bot], f"@{bot} go on")
            self.product.until(lambda: self.ada.replies(self.rooms["lingerer"]), "one has replied")
            self.product.until(lambda: "word9 " in heard["two-thoughts"].text(), "one has paid for a step and streams the next")
            self.ada.post(self.rooms["storyteller"], "@storyteller go on")
            self.product.until(lambda: "word1 " in heard["storyteller"].text(), "one streams")
        assert [run["state"] for run in self.runs()] == ["active"] * 3

    def release(self) -> None:
        self.released.touch()

    def runs(self) -> list[Json]:
        return [run for room in self.rooms.values() for run in self.ada.runs(room)]

    def check(self) -> None:
        """Each has come to its outcome, replied once, and paid once for what was done."""
        runs = [self.ada.ended(room)[0] for room in self.rooms.values()]
        assert {(run["outcome"], run["attempt"], run["tries"]) for run in runs} == {("replied", 2, 2)}
        for bot, room in self.rooms.items():
            (reply,) = self.ada.replies(room)
            assert reply["author"]["username"] == bot
            assert [step["state"] for step in self.ada.run(reply["metadata"]["run"])["steps"]] in (["done"] * 2, ["done"] * 3)
        assert self.product.model_requests()["by_model"][PAID_FIRST] == self.paid + 1, "The first thought was paid for twice."


@pytest.fixture
def underway(product: Product, ada_there: Person) -> Iterator[Underway]:
    underway = Underway(product, ada_there)
    yield underway
    underway.released.unlink(missing_ok=True)


def test_i1_f4_a_worker_killed_in_the_middle_of_runs_costs_no_reply_and_doubles_none(product: Product, underway: Underway) -> None:
    """I1, I2, F4: mid-stream, between two paid steps, and between the reply and the outcome. The lease is found out within 35 s."""
    underway.begin()
    product.kill("worker")
    ((killed,),) = product.sql("select clock_timestamp()")
    underway.release()
    product.start("worker")
    underway.check()
    ids = [run["id"] for run in underway.runs()]
    (late,) = product.sql("select max(extract(epoch from due_at - %s)) from bots_run where id = any(%s::uuid[])", killed, ids)
    assert 0 < late[0] <= 35


def test_i1_f7_f8_everything_killed_at_once_and_redis_emptied_costs_no_run(product: Product, underway: Underway) -> None:
    """I1, I2: as when the power goes: all processes, PostgreSQL and Redis, whose memory is gone for good. What was paid stays paid."""
    underway.begin()
    product.kill(*PROCESSES)
    product.flush_redis()
    product.kill_redis()
    product.postgres.kill()
    underway.release()
    product.mend()
    underway.check()


def test_f6_a_worker_that_is_stopped_under_load_hands_its_runs_on(product: Product, ada_there: Person) -> None:
    """I1, F6: SIGTERM drains. What does not end in time goes back to the queue at once, and does not wait for its lease."""
    bots = [
        "novelist",
        "storyteller",
        "two-thoughts",
        "novelist",
        "storyteller",
        "two-thoughts",
        "echo",
        "novelist",
        "two-thoughts",
        "echo",
    ]
    rooms = [ada_there.room(bot) for bot in bots]
    with ada_there.listening(rooms[0]) as ear:
        for bot, room in zip(bots, rooms, strict=True):
            ada_there.post(room, f"@{bot} go on")
        product.until(lambda: "word9 " in ear.text(), "the long answer streams")
        began = time.monotonic()
        assert product.terminate("worker") == 0
        product.start("worker")
        ended = [ada_there.ended(room)[0] for room in rooms]
    assert {run["outcome"] for run in ended} == {"replied"}
    assert all(len(ada_there.replies(room)) == 1 for room in rooms)
    assert all(run["attempt"] == 1 for run in ended), "A run waited for its lease to run out."
    assert time.monotonic() - began < 60
