"""C30: the gap between what people expected and what a bot did, measured over time and for each version."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from bots import gap, sparkline
from bots.models import Bot, BotVersion, Correction, Feedback, Run
from chat.models import Message, Room
from lib.ids import uuid7
from lib.time import database_now

Ended = Callable[..., Run]


@pytest.fixture
def reply(direct: Room, bot: Bot) -> Message:
    return direct.post(bot.user, "an answer").message


@pytest.fixture
def ended(direct: Room, bot: Bot, bea: User) -> Ended:
    """A run of so many days ago, two seconds long unless told otherwise."""

    def make(outcome: str = "replied", *, days: float = 0, seconds: float = 2, **more: Any) -> Run:
        at, pk = database_now() - timedelta(days=days), uuid7()
        fields = {"bot": bot, "room": direct, "asker": bea, "version": bot.live, "trigger": [], "trigger_position": 1, "chain": pk} | more
        return Run.objects.create(pk=pk, state="done", outcome=outcome, created_at=at, ended_at=at + timedelta(seconds=seconds), **fields)

    return make


def correct(run: Run, reply: Message, share: float) -> None:
    Correction.objects.create(message=reply, bot=run.bot, run=run, by=run.asker, before="a", after="b", distance=1, share=share)


class TestWhatIsCounted:
    def test_an_answer_is_accepted_unless_somebody_corrected_it_disliked_it_or_asked_anew(
        self, bot: Bot, ended: Ended, reply: Message, bea: User
    ) -> None:
        runs = [ended() for _ in range(5)]
        correct(runs[0], reply, 0.5)
        Feedback.objects.create(message=reply, bot=bot, run=runs[1], by=bea, value=-1)
        ended(how="regenerated", origin=runs[2])

        whole = gap.of(bot).whole

        assert (whole.answers, whole.accepted, whole.corrected) == (6, 3, 1)
        assert whole.gap == 0.5
        assert gap.summaries([bot])[bot.pk].accepted == 3

    def test_a_thumb_up_takes_nothing_away(self, bot: Bot, ended: Ended, reply: Message, bea: User) -> None:
        Feedback.objects.create(message=reply, bot=bot, run=ended(), by=bea, value=1)

        assert gap.of(bot).whole.accepted_share == 1

    def test_the_edit_distance_is_the_mean_over_all_answers(self, bot: Bot, ended: Ended, reply: Message) -> None:
        runs = [ended() for _ in range(4)]
        correct(runs[0], reply, 0.4)
        correct(runs[1], reply, 0.1)
        correct(runs[1], reply, 0.1)

        assert gap.of(bot).whole.distance == pytest.approx(0.15)

    def test_failures_are_a_share_of_what_was_not_stopped(self, bot: Bot, ended: Ended) -> None:
        for outcome in ("replied", "silent", "failed", "failed", "cancelled"):
            ended(outcome)

        assert gap.of(bot).whole.failed_share == 0.5

    def test_what_a_budget_refused_is_no_failure_of_the_bot(self, bot: Bot, ended: Ended) -> None:
        ended()
        ended("failed", reason="budget_spent")
        assert (gap.of(bot).whole.failed_share, gap.summaries([bot])[bot.pk].failed) == (0, 0)
        ended("failed", reason="budget_spent", tries=1)
        assert gap.of(bot).whole.failed_share == 0.5

    def test_latency_is_that_of_answers_nobody_was_waited_for_in(self, bot: Bot, ended: Ended) -> None:
        for seconds in (1, 2, 9):
            ended(seconds=seconds)
        ended(seconds=5000, start={"step": 2, "payload": {}})
        ended("failed", seconds=700)

        whole = gap.of(bot).whole
        assert whole.median == 2
        assert whole.slowest == pytest.approx(8.3)

    def test_cost_is_that_of_all_runs_over_the_answers(self, bot: Bot, ended: Ended) -> None:
        ended(cost=Decimal("0.02"))
        ended("failed", cost=Decimal("0.01"))

        assert gap.of(bot).whole.cost_per_answer == Decimal("0.03")

    def test_runs_of_other_bots_replays_and_what_goes_on_are_not_counted(
        self, bot: Bot, ended: Ended, make_bot: Callable[..., Bot], asked: Run
    ) -> None:
        ended(how="replayed")
        ended(bot=make_bot(User.objects.create_bot("guide")))

        assert gap.of(bot).whole == gap.NOTHING


class TestWhen:
    def test_every_day_of_the_period_stands_there_in_order(self, bot: Bot, ended: Ended) -> None:
        ended(days=0)
        ended(days=3)
        ended(days=40)

        days = gap.of(bot, 7).days

        assert [day.day for day in days] == [days[0].day + timedelta(days=past) for past in range(7)]
        assert [day.measure.answers for day in days] == [0, 0, 0, 1, 0, 0, 1]

    def test_days_are_the_readers(self, bot: Bot, ended: Ended) -> None:
        evening = database_now().replace(hour=23, minute=30)
        Run.objects.filter(pk=ended().pk).update(created_at=evening - timedelta(days=2), ended_at=evening)
        found = []
        for zone in ("UTC", "Australia/Melbourne"):
            with timezone.override(zone):
                found.append(next(day.day for day in gap.of(bot, 7).days if day.measure.answers))

        assert found[1] == found[0] + timedelta(days=1)

    def test_each_version_has_its_own_and_its_day_is_marked(self, bot: Bot, ended: Ended, reply: Message, ada: User) -> None:
        correct(ended(days=5), reply, 0.5)
        second = BotVersion.objects.create(bot=bot, number=2, yaml="name: echo\n", created_by=ada)
        ended(version=second)

        found = gap.of(bot)

        assert [(number, measure.accepted_share) for number, measure in found.versions] == [(2, 1.0), (1, 0.0)]
        assert found.days[-1].went_live == [1, 2]

    def test_it_reads_only_the_runs_of_its_bot_and_its_days(
        self, bot: Bot, direct: Room, bea: User, make_bot: Callable[..., Bot], django_assert_max_num_queries: Any
    ) -> None:
        """Among thousands of runs: the index leads to them, and no more questions are asked than of an empty bot."""
        now, other = database_now(), make_bot(User.objects.create_bot("guide"))
        runs = [
            Run(
                pk=(pk := uuid7()), chain=pk, bot=bot if number % 20 == 0 else other, room=direct, asker=bea, version=bot.live,
                state="done", outcome="replied", trigger=[], trigger_position=1, ended_at=now,
                created_at=now - timedelta(minutes=20 * number),
            )
            for number in range(4000)
        ]  # fmt: skip
        Run.objects.bulk_create(runs)

        with django_assert_max_num_queries(4):
            found = gap.of(bot).whole.answers
        assert found == sum(run.bot == bot and run.created_at >= gap._midnight(30) for run in runs)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE bots_run")
            cursor.execute(f"EXPLAIN {gap.GAP}", {"bot": bot.pk, "since": now - timedelta(days=30), "zone": "UTC"})
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert re.search(r"Index Cond: .*bot_id = \d+", plan), plan
        assert "Seq Scan on bots_run" not in plan, plan


class TestTheLineBesideTheRoom:
    def test_it_joins_the_days_that_have_answers(self, bot: Bot, ended: Ended, reply: Message) -> None:
        correct(ended(days=20), reply, 0.5)
        ended(days=1)

        line = sparkline.of(gap.of(bot))

        assert line.path.count("L") == 1
        assert line.said == "The share of answers that people did not take as they were: 100% at first, 0% now."
        assert [mark.version for mark in line.marks] == [1]

    def test_without_answers_there_is_no_line(self, bot: Bot) -> None:
        line = sparkline.of(gap.of(bot))

        assert (line.path, line.end, line.said) == ("", None, "No answers yet.")

    def test_words_of_versions_do_not_lie_on_each_other(self, bot: Bot, ada: User) -> None:
        for number in range(2, 6):
            version = BotVersion.objects.create(bot=bot, number=number, yaml="", created_by=ada)
            BotVersion.objects.filter(pk=version.pk).update(created_at=database_now() - timedelta(days=30 - 4 * number))

        marks = sparkline.of(gap.of(bot)).marks

        assert marks[-1].version == 1  # the newest day
        assert all(second.x - first.x >= 70 for first, second in pairwise(marks))
