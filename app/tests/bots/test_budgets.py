"""Budgets are held before anything is spent, and the answer says so; what was spent is summed where it is recorded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.conf import LazySettings

from accounts.models import User
from bots import budgets
from bots.deliveries import delivery_of
from bots.models import Bot, Run, Spending
from bots.relay import Relay
from chat.models import Message, Room
from chat.models.message import FAILURE
from lib.time import database_now
from tests.bots.program import Api, in_threads

Say = Callable[..., Message]


def step(index: int = 0, *, model: str = "gpt-6-luna", tokens_in: int = 1000, tokens_out: int = 100, **more: Any) -> dict[str, Any]:
    usage = {"module": "OpenAIChat", "model": model, "tokens_in": tokens_in, "tokens_out": tokens_out, "estimated": False, "retries": 0}
    return {"index": index, "name": "Chat", "state": "done", "usage": usage} | more


def spend(bot: Bot, asker: User, tokens: int, days_ago: int = 0) -> None:
    day = database_now().date() - timedelta(days=days_ago)
    Spending.objects.create(bot=bot, asker=asker, day=day, tokens=tokens)


def allow(bot: Bot, **budget: int) -> Bot:
    bot.budget = budget
    bot.save()
    return bot


class TestWhatIsSummed:
    def test_a_step_says_what_it_cost_and_the_run_and_the_day_sum_it(self, at_work: Run, bea: User) -> None:
        at_work.record_steps(1, [step(0), step(1, tokens_in=388, tokens_out=24)])

        assert list(at_work.steps.values_list("cost", flat=True)) == [Decimal("0.00015000"), Decimal("0.00005080")]
        assert Run.objects.get().cost == Decimal("0.00020080")
        (sum_of_day,) = Spending.objects.all()
        assert (sum_of_day.bot, sum_of_day.asker, sum_of_day.tokens, sum_of_day.cost) == (at_work.bot, bea, 1512, Decimal("0.00020080"))
        assert sum_of_day.day == database_now().date()

    def test_a_step_told_twice_by_one_attempt_counts_once(self, at_work: Run) -> None:
        """C35: at once when it was paid for, and again with the outcome."""
        at_work.record_steps(1, [step(0)])
        at_work.record_steps(1, [step(0)])
        at_work.finish(1, "replied", steps=[step(0), step(1)])

        assert Spending.objects.get().tokens == 2200
        assert Run.objects.get().cost == Decimal("0.0003")

    def test_a_step_done_again_by_a_later_attempt_was_paid_for_again(self, at_work: Run) -> None:
        at_work.finish(1, "failed", steps=[step(0, state="failed")], retry_after=0)
        (again,) = Run.objects.claim(1)
        again.finish(2, "replied", steps=[step(0)])

        assert Spending.objects.get().tokens == 2200
        assert Run.objects.get().cost == Decimal("0.0003")

    def test_what_a_stopped_run_had_used_counts(self, at_work: Run, bea: User) -> None:
        at_work.cancel(bea)
        at_work.finish(1, "cancelled", steps=[step(0)])

        assert Spending.objects.get().tokens == 1100
        assert Run.objects.get().cost == Decimal("0.00015")

    def test_tokens_without_a_price_are_summed_without_money(self, at_work: Run) -> None:
        at_work.record_steps(1, [step(0, model="of-our-own")])

        assert Run.objects.get().cost is None
        assert (Spending.objects.get().tokens, Spending.objects.get().cost) == (1100, Decimal(0))

    def test_a_step_that_used_nothing_leaves_no_row(self, at_work: Run) -> None:
        at_work.record_steps(1, [step(0, tokens_in=0, tokens_out=0), {"index": 1, "name": "Reply", "state": "done"}])

        assert not Spending.objects.exists()

    def test_odd_usage_of_a_foreign_bot_breaks_nothing(self, at_work: Run) -> None:
        at_work.record_steps(1, [step(0, tokens_in=-5, tokens_out="many")])  # type: ignore[arg-type]

        assert not Spending.objects.exists()

    @pytest.mark.django_db(transaction=True)
    def test_runs_that_end_at_once_all_count(self, bot: Bot, bea: User, say: Say) -> None:
        rooms = [Room.group(bea, f"Room {number}", [bot.user]) for number in range(4)]
        for room in rooms:
            say(room, "@echo hello")
        runs = Run.objects.claim(4)

        in_threads([lambda run=run: run.finish(1, "replied", steps=[step(0)]) for run in runs])  # type: ignore[misc]

        assert Spending.objects.get().tokens == 4400


class TestWhatIsHeld:
    @pytest.mark.parametrize(
        ("budget", "words"),
        [
            ({"tokens_per_day": 5000}, "I have used up my 5,000 tokens for today. I answer again after midnight UTC, in "),
            ({"tokens_per_person": 2000}, "You have used up your 2,000 tokens with me for today. I answer again after midnight UTC, in "),
        ],
        ids=["bot", "person"],
    )
    def test_a_spent_budget_is_said_at_once_and_nothing_is_delivered(
        self, bot: Bot, bea: User, ada: User, direct: Room, say: Say, budget: dict[str, int], words: str
    ) -> None:
        allow(bot, **budget)
        spend(bot, bea, 2000)
        spend(bot, ada, 3000)

        say(direct, "Hello?")

        run = Run.objects.get()
        assert (run.state, run.outcome, run.reason) == ("done", "failed", "budget_spent")
        assert direct.messages.get(kind=FAILURE).body.startswith(words)
        assert not Run.objects.claim(1)

    def test_what_others_used_is_not_held_against_a_person(self, bot: Bot, bea: User, ada: User, direct: Room, say: Say) -> None:
        allow(bot, tokens_per_person=2000)
        spend(bot, ada, 2000)

        say(direct, "Hello?")

        assert Run.objects.get().state == "pending"

    def test_a_new_day_begins_anew(self, bot: Bot, bea: User, direct: Room, say: Say) -> None:
        allow(bot, tokens_per_day=2000)
        spend(bot, bea, 2000, days_ago=1)

        say(direct, "Hello?")

        assert Run.objects.get().state == "pending"

    def test_the_operators_limit_counts_all_bots_together(
        self, make_bot: Callable[..., Bot], bot: Bot, bea: User, direct: Room, say: Say, settings: LazySettings
    ) -> None:
        settings.TOKENS_PER_PERSON = 1000
        other = make_bot(User.objects.create_bot("guide"))
        spend(other, bea, 1000)

        say(direct, "Hello?")

        assert direct.messages.get(kind=FAILURE).body.startswith("You have used up your 1,000 tokens with bots for today.")

    def test_a_bot_that_attends_to_all_stays_quiet_where_nobody_spoke_to_it(self, bot: Bot, bea: User, group: Room, say: Say) -> None:
        bot.attend = {"when": "always"}
        allow(bot, tokens_per_day=10)
        spend(bot, bea, 10)

        say(group, "Nice weather")
        assert not Run.objects.exists()

        say(group, "@echo what do you think?")
        assert Run.objects.get().reason == "budget_spent"

    def test_a_run_whose_budget_was_spent_while_it_waited_fails_before_it_is_delivered(self, bot: Bot, bea: User, asked: Run) -> None:
        allow(bot, tokens_per_day=10)
        spend(bot, bea, 10)
        (claimed,) = Run.objects.claim(1)
        relay = Relay()

        sent = relay._send(claimed)
        relay._drain()

        assert not sent
        assert (Run.objects.get().outcome, Run.objects.get().reason) == ("failed", "budget_spent")

    def test_a_run_that_is_under_way_goes_on_and_is_asked_before_it_pays(self, bot: Bot, bea: User, at_work: Run) -> None:
        allow(bot, tokens_per_day=10)
        spend(bot, bea, 10)

        assert budgets.refusal_of(Run.objects.get()) == ""

    def test_a_delivery_says_whether_a_budget_holds(self, bot: Bot, asked: Run) -> None:
        (claimed,) = Run.objects.claim(1)
        assert (delivery_of(claimed) or {})["budgeted"] is False

        allow(claimed.bot, tokens_per_person=10)
        assert (delivery_of(claimed) or {})["budgeted"] is True


class TestWhatIsLeft:
    def test_a_bot_asks_what_is_left_of_the_tightest_budget(self, bots_api: Api, bot: Bot, bea: User, ada: User, at_work: Run) -> None:
        path = f"runs/{at_work.pk}/budget?attempt=1"
        assert bots_api.get(path).json() == {"tokens_left": None, "said": ""}

        allow(bot, tokens_per_day=5000, tokens_per_person=4000)
        spend(bot, bea, 1000)
        spend(bot, ada, 2500)
        answer = bots_api.get(path).json()
        assert answer["tokens_left"] == 1500
        assert answer["said"].startswith("I have used up my 5,000 tokens")

        spend_more = Spending.objects.get(asker=bea)
        spend_more.tokens = 9000
        spend_more.save()
        assert bots_api.get(path).json()["tokens_left"] == 0

    def test_a_stale_attempt_is_told_nothing(self, bots_api: Api, at_work: Run) -> None:
        assert bots_api.get(f"runs/{at_work.pk}/budget?attempt=2").status_code == 409

    def test_a_stranger_is_told_nothing(self, bea_api: Api, cyd: User, token_of: Callable[..., str], at_work: Run) -> None:
        path = f"runs/{at_work.pk}/budget?attempt=1"

        assert Api(token_of(cyd, "bots")).get(path).status_code == 404
        assert bea_api.get(path).status_code == 403
