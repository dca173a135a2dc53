"""Runs whose bot could not be reached: backoff, what the room hears, giving up after a day, and the endpoint's return."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db.models.functions import Now

from accounts.models import User
from bots import backoff
from bots.models import Bot, Run
from bots.models.queue import in_seconds
from chat import drafts
from chat.models import Message, Room

Say = Callable[..., Message]
Age = Callable[..., None]


def test_what_was_not_delivered_is_tried_again_and_costs_no_try(asked: Run, age: Age) -> None:
    for failures in range(1, 12):
        (run,) = Run.objects.claim(1)
        run.not_delivered("unreachable")
        run.refresh_from_db()
        assert (run.state, run.tries, run.attempt, run.unstarted) == ("pending", 0, failures, 0)
        assert (Run.objects.next_due() or 0) <= min(300, 2 ** (failures - 1))
        age(run, due_at=0)


def test_backoff_is_full_jitter_from_one_second_to_five_minutes() -> None:
    for failures, longest in ((1, 1), (2, 2), (5, 16), (9, 256), (10, 300), (5000, 300)):
        waits = [backoff.full_jitter(failures) for _ in range(400)]
        assert 0 <= min(waits) < longest * 0.1
        assert longest * 0.9 < max(waits) <= longest


def test_f9_the_room_hears_once_that_a_bot_is_away(asked: Run, direct: Room, age: Age, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks() as first:
        Run.objects.claim(1)[0].not_delivered("unreachable")
    age(asked, due_at=1)
    with django_capture_on_commit_callbacks() as second:
        Run.objects.claim(1)[0].not_delivered("unreachable")

    for callback in first:
        callback()
    (draft,) = drafts.of(direct.pk)
    assert draft.activity == "Echo cannot be reached just now. Your message is kept and delivered when it is back."
    assert second == []
    assert direct.messages.exclude(kind="text").count() == 0


def test_what_is_accepted_after_all_may_be_told_again_one_day(asked: Run, age: Age) -> None:
    Run.objects.claim(1)[0].not_delivered("unreachable")
    age(asked, due_at=1)
    (run,) = Run.objects.claim(1)

    run.accepted()

    assert Run.objects.filter(undelivered_since=None, told_at=None).exists()


def test_a_refused_delivery_that_started_all_the_same_stays_where_it_is(asked: Run) -> None:
    """F18: the POST arrived, its answer was lost."""
    (run,) = Run.objects.claim(1)
    run.record_steps(1, [])

    run.not_delivered("timed_out")

    assert Run.objects.get().state == "active"


def test_an_answer_that_comes_after_the_run_was_stopped_changes_nothing(asked: Run, bea: User) -> None:
    (run,) = Run.objects.claim(1)
    run.cancel(bea)

    run.not_delivered("timed_out")

    assert Run.objects.get().outcome == "cancelled"


def test_p7_after_a_day_it_is_given_up_and_said(asked: Run, direct: Room, age: Age) -> None:
    Run.objects.claim(1)[0].not_delivered("unreachable")
    age(asked, undelivered_since=23 * 3600)
    Run.objects.give_up()
    assert Run.objects.get().state == "pending"

    age(asked, undelivered_since=24 * 3600 + 1)
    Run.objects.give_up()

    run = Run.objects.get()
    assert (run.state, run.outcome, run.reason) == ("done", "failed", "undeliverable")
    assert "24 hours" in direct.messages.get(kind="failure").body


def test_i4_what_was_written_while_a_delivery_failed_joins_the_same_run(asked: Run, direct: Room, say: Say) -> None:
    (run,) = Run.objects.claim(1)
    second = say(direct, "are you there?")
    assert Run.objects.count() == 2

    run.not_delivered("unreachable")

    merged = Run.objects.get()
    assert (merged.pk, merged.trigger) == (run.pk, [*asked.trigger, str(second.pk)])
    assert merged.trigger_position == second.position

    third = say(direct, "hello?")
    assert Run.objects.get().trigger[-1] == str(third.pk)


def test_a_run_that_waits_for_its_retry_lets_the_next_question_through(at_work: Run, direct: Room, say: Say) -> None:
    at_work.finish(1, "failed", retry_after=120)
    say(direct, "something else then")

    (run,) = Run.objects.claim(5)

    assert run.pk != at_work.pk
    assert Run.objects.filter(state="pending", tries=1).exists()


def test_an_endpoint_that_is_back_has_all_its_runs_due(asked: Run, bot: Bot) -> None:
    Run.objects.filter(pk=asked.pk).update(undelivered_since=Now(), due_at=in_seconds(250))
    assert Run.objects.claim(1) == []
    assert Run.objects.recover("http://elsewhere") == 0

    assert Run.objects.recover(bot.endpoint) == 1

    assert len(Run.objects.claim(1)) == 1


def test_a_probe_takes_one_run_even_before_its_time(asked: Run, bot: Bot) -> None:
    Run.objects.filter(pk=asked.pk).update(undelivered_since=Now(), due_at=in_seconds(250))

    assert Run.objects.probe("http://elsewhere") == []
    assert [run.pk for run in Run.objects.probe(bot.endpoint)] == [asked.pk]


def test_rooms_that_wait_for_an_endpoint_known_to_be_away_hear_of_it(asked: Run, bot: Bot) -> None:
    Run.objects.tell_unreachable(["http://elsewhere"])
    assert Run.objects.filter(told_at=None).exists()

    Run.objects.tell_unreachable([bot.endpoint])

    assert Run.objects.filter(told_at__isnull=False, undelivered_since__isnull=False).exists()


def test_one_run_with_which_something_is_wrong_does_not_stop_the_sweep(at_work: Run, group: Room, say: Say, age: Age,
                                                                       monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """F19."""
    say(group, "@echo hi")
    (other,) = Run.objects.claim(1)
    for run in (at_work, other):
        age(run, lease_until=5 if run == at_work else 1)
    right = Run.lease_ran_out

    def broken(run: Run) -> None:
        if run.pk == at_work.pk:
            raise ValueError("odd")
        right(run)

    monkeypatch.setattr(Run, "lease_ran_out", broken)

    Run.objects.expire_leases()

    assert Run.objects.get(pk=other.pk).state == "pending"
