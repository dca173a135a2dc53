"""The queue of runs on the real PostgreSQL: who is next, one at a time (I4), leases, retries, giving up. All by its clock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from accounts.models import User
from bots.deliveries import delivery_of
from bots.models import Bot, Run
from bots.models.queue import LEASE, in_seconds
from chat.models import Message, Room
from tests.bots.program import in_threads

Say = Callable[..., Message]
Age = Callable[..., None]


@pytest.fixture
def many(make_bot: Callable[..., Bot], ada: User) -> Callable[[int, int], list[Room]]:
    """Rooms in which so many people have each asked each of so many bots."""

    def make(people: int, bots: int) -> list[Room]:
        users = [User.objects.create_user(f"person-{n}") for n in range(people)]
        members = [make_bot(User.objects.create_bot(f"bot-{n}"), attend={"when": "always"}).user for n in range(bots)]
        rooms = [Room.group(ada, f"Room {n}", [*users, *members]) for n in range(3)]
        for room in rooms:
            for user in users:
                room.post(user, "hello all")
        return rooms

    return make


def active_per_place() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM bots_run WHERE state = 'active' GROUP BY bot_id, room_id")
        return [row[0] for row in cursor.fetchall()]


# Claiming


def test_a_claim_makes_the_run_active_with_its_next_attempt_and_a_lease(asked: Run) -> None:
    (run,) = Run.objects.claim(5)

    assert (run.pk, run.state, run.attempt, run.tries, run.version) == (asked.pk, "active", 1, 0, asked.bot.live)
    assert Run.objects.filter(lease_until__gt=in_seconds(LEASE - 2), lease_until__lte=in_seconds(LEASE)).exists()
    assert Run.objects.claim(5) == []


@pytest.mark.django_db(transaction=True)
def test_i4_relays_that_claim_at_once_never_make_two_runs_of_a_bot_active_in_a_room(many: Any) -> None:
    many(4, 3)  # 36 runs of 9 (bot, room)
    claimed: list[Run] = []
    together = threading.Barrier(6)

    def relay() -> list[Run]:
        together.wait()
        return [run for _ in range(6) for run in Run.objects.claim(4, per_endpoint=99)]

    claimed = [run for runs in in_threads([relay] * 6) for run in runs]

    assert len({run.pk for run in claimed}) == len(claimed) == 9
    assert active_per_place() == [1] * 9


@pytest.mark.django_db(transaction=True)
def test_i4_every_run_has_its_turn_alone_while_relays_and_bots_work_at_once(many: Any) -> None:
    """Claims, ends and new messages all at the same time: never two active, nothing left over, nothing twice."""
    rooms = many(3, 2)
    worst: list[int] = []
    done = threading.Event()

    def relay() -> int:
        ended = 0
        while not done.is_set():
            for run in Run.objects.claim(3, per_endpoint=99):
                worst.append(max(active_per_place(), default=0))
                assert run.reply(run.attempt, "1.0", f"answer {run.pk}", {}).created
                run.finish(run.attempt, "replied")
                ended += 1
            if not Run.objects.exclude(state="done").exists() and Message.objects.filter(body="and you?").count() == 6:
                done.set()
        return ended

    def people() -> int:
        for room in rooms:
            for user in User.objects.filter(username__in=["person-0", "person-1"]):
                room.post(user, "and you?")
        return 0

    ended = sum(in_threads([relay, relay, relay, people]))

    assert set(worst) == {1}
    assert Run.objects.filter(outcome="replied").count() == Run.objects.count() == ended
    assert Message.objects.filter(body__startswith="answer").count() == ended


def test_w17_one_person_with_many_rooms_does_not_hold_up_another(bot: Bot, bea: User, cyd: User, make_bot: Any) -> None:
    for number in range(10):
        Room.direct(bea, make_bot(User.objects.create_bot(f"bot-{number}")).user).post(bea, "me first")
    Room.direct(cyd, bot.user).post(cyd, "may I?")

    assert cyd in [run.asker for run in Run.objects.claim(2, per_endpoint=99)]


def test_rooms_take_turns(bot: Bot, bea: User, cyd: User, ada: User, make_bot: Any) -> None:
    crowd = [make_bot(User.objects.create_bot(f"bot-{number}"), attend={"when": "always"}).user for number in range(10)]
    Room.group(ada, "Crowd", crowd).post(ada, "hello all")
    quiet = Room.direct(bea, bot.user)
    quiet.post(bea, "hello")

    assert quiet in [run.room for run in Run.objects.claim(2, per_endpoint=99)]


def test_of_one_bot_in_one_room_the_run_asked_first_goes_first(group: Room, ada: User, bea: User, say: Say, age: Age) -> None:
    say(group, "@echo one", by=ada)
    say(group, "@echo two", by=bea)
    age(Run.objects.get(asker=bea), due_at=60)

    assert [run.asker for run in Run.objects.claim(5)] == [ada]


def test_an_endpoint_gets_as_many_as_it_has_room_for(make_bot: Any, bea: User) -> None:
    for number in range(6):
        Room.direct(bea, make_bot(User.objects.create_bot(f"bot-{number}"), endpoint="http://x/slow").user).post(bea, "hello")
    Room.direct(bea, make_bot(User.objects.create_bot("quick"), endpoint="http://x/quick").user).post(bea, "hello")

    claimed = Run.objects.claim(10, busy={"http://x/slow": 2}, per_endpoint=4)

    assert sorted(run.bot.endpoint for run in claimed) == ["http://x/quick", "http://x/slow", "http://x/slow"]


def test_runs_of_bots_that_are_off_and_of_rooms_that_are_gone_end(group: Room, direct: Room, bot: Bot, ada: User,
                                                                                             say: Say) -> None:  # fmt: skip
    say(group, "@echo hi")
    group.dissolve(ada)
    say(direct, "hi")
    Bot.objects.update(status="off", reason="no key")
    assert Run.objects.claim(5) == []

    Run.objects.give_up()

    assert {run.room: (run.outcome, run.reason) for run in Run.objects.all()} == {
        group: ("cancelled", "room_removed"),
        direct: ("failed", "bot_off"),
    }
    assert direct.messages.get(kind="failure").body == "I am switched off at the moment: no key."


# Leases


def test_a_lease_that_ran_out_makes_the_run_due_with_the_next_attempt(at_work: Run, age: Age) -> None:
    """DESIGN §3.8; F4."""
    assert Run.objects.expire_leases() == 0
    age(at_work, lease_until=1)

    assert Run.objects.expire_leases() == 1

    (again,) = Run.objects.claim(1)
    assert (again.pk, again.attempt, again.tries) == (at_work.pk, 2, 1)


@pytest.mark.parametrize(("says", "outcome"), [("It is so.", "replied"), ("", "silent")])
def test_i1_a_run_that_replied_has_replied_whatever_its_next_worker_knows(at_work: Run, age: Age, says: str, outcome: str) -> None:
    """F7: the worker that replied is gone, and Redis with its checkpoint."""
    if says:
        at_work.reply(1, "4.0", says, {})
    age(at_work, lease_until=1)
    Run.objects.expire_leases()
    (again,) = Run.objects.claim(1)

    again.finish(2, "silent")

    assert Run.objects.get().outcome == outcome


@pytest.mark.django_db(transaction=True)
def test_two_relays_that_sweep_at_once_expire_a_lease_once(at_work: Run, age: Age) -> None:
    age(at_work, lease_until=1)

    in_threads([Run.objects.expire_leases] * 4)

    run = Run.objects.get()
    assert (run.state, run.attempt) == ("pending", 1)


def test_f19_a_run_that_took_its_worker_down_five_times_is_poison(at_work: Run, direct: Room, age: Age) -> None:
    for attempt in range(1, 6):
        assert Run.objects.get().tries == attempt
        age(at_work, lease_until=1)
        Run.objects.expire_leases()
        for run in Run.objects.claim(1):
            run.record_steps(run.attempt, [])

    run = Run.objects.get()
    assert (run.state, run.outcome, run.reason, run.tries, run.attempt) == ("done", "failed", "poison", 5, 5)
    assert direct.messages.get(kind="failure").body == "I started on this 5 times and was cut off each time, so I have given up."


def test_deliveries_that_never_start_cost_no_tries_and_get_longer_leases(asked: Run, age: Age) -> None:
    """A bot server with a long queue must not be given the same runs over and over."""
    for number in range(1, 8):
        (run,) = Run.objects.claim(1)
        length = LEASE * 2 ** min(number - 1, 2)
        assert Run.objects.filter(lease_until__gt=in_seconds(length - 2), lease_until__lte=in_seconds(length)).exists(), number
        age(run, lease_until=1)
        Run.objects.expire_leases()

    assert Run.objects.get().tries == 0


def test_a_run_goes_on_after_its_last_recorded_payload(at_work: Run, age: Age) -> None:
    """I2."""
    ends: list[tuple[str, Any]] = [("done", {"a": 1}), ("done", {"a": 2}), ("done", None), ("failed", {"a": 9})]
    at_work.record_steps(1, [{"index": n, "name": "x", "state": state, "after": after} for n, (state, after) in enumerate(ends)])
    age(at_work, lease_until=1)
    Run.objects.expire_leases()
    (again,) = Run.objects.claim(1)

    delivery = delivery_of(again)

    assert delivery is not None
    assert delivery["resume"] == {"step": 2, "payload": {"a": 2}}
    assert (delivery["attempt"], delivery["tries"]) == (2, 1)


def test_a_run_that_has_started_keeps_its_version(at_work: Run, bot: Bot, ada: User, age: Age) -> None:
    bot.live = bot.versions.create(number=2, yaml="name: echo\n", created_by=ada)
    bot.save()
    age(at_work, lease_until=1)
    Run.objects.expire_leases()

    (again,) = Run.objects.claim(1)

    assert again.version is not None
    assert again.version.number == 1


@pytest.mark.parametrize("shift", [timedelta(minutes=10), timedelta(minutes=-10), timedelta(days=400)])
def test_f16_only_the_databases_clock_decides(direct: Room, say: Say, shift: timedelta) -> None:
    with time_machine.travel(timezone.now() + shift, tick=True):
        say(direct, "hello")
        (run,) = Run.objects.claim(1)
        assert Run.objects.expire_leases() == 0
        run.record_steps(1, [])
        assert Run.objects.claim(1) == []
        run.finish(1, "failed", retry_after=60)
        assert 55 < (Run.objects.next_due() or 0) <= 60
