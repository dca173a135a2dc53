"""Retry from a step (C28): what was done is kept and not paid for again, and pressing twice does it once."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from bots.deliveries import delivery_of
from bots.errors import BadInput, NotAllowed
from bots.models import Bot, BotVersion, Run, RunStep, Spending
from bots.resuming import retry
from chat.models import Message, Room
from tests.bots.program import Api, in_threads
from tests.bots.traced import fail, fresh, step

Say = Callable[..., Message]


def test_c28_a_retry_begins_at_the_failed_step_with_what_it_was_given(at_work: Run, bea: User) -> None:
    """C28: the steps before it are there, and marked as kept."""
    origin = fail(at_work)
    made = retry(origin, bea, 2)

    (claimed,) = Run.objects.claim(1)
    delivery = delivery_of(claimed)
    assert delivery is not None
    resume = delivery["resume"]
    assert (made.how, made.origin, made.asker, made.version) == ("retried", origin, bea, origin.version)
    assert (resume["step"], resume["payload"]["plan"], resume["payload"]["run"]) == (2, "two nights\nin May", str(made.pk))
    assert list(made.steps.values_list("index", "name", "carried", "state")) == [(0, "Draft", True, "done"), (1, "Plan", True, "done")]
    assert fresh(origin).outcome == "failed"


def test_c28_what_was_kept_costs_nothing_again(at_work: Run, bea: User) -> None:
    """C28: neither the run nor the day's sum counts it a second time."""
    origin = fail(at_work)
    spent = Spending.objects.get().tokens
    made = retry(origin, bea, 2)
    (claimed,) = Run.objects.claim(1)
    usage = {"module": "OpenAIChat", "model": "gpt-6-luna", "tokens_in": 10, "tokens_out": 5}
    claimed.finish(1, "replied", steps=[step(2, "Chat", usage=usage, after={"x": 1})], usage=usage)

    made = fresh(made)
    assert Spending.objects.get().tokens == spent + 15
    assert made.cost is not None
    assert made.cost < (origin.cost or Decimal(0))
    assert list(made.steps.values_list("carried", flat=True)) == [True, True, False]


def test_an_attempt_that_died_goes_on_from_what_it_recorded_itself(at_work: Run, bea: User, age: Callable[..., None]) -> None:
    """I2: recorded steps of the new run win over where it began; those it was given do not."""
    retry(fail(at_work), bea, 2)
    (claimed,) = Run.objects.claim(1)
    claimed.record_steps(1, [step(2, "Chat", after={"paid": True})])
    age(claimed, lease_until=1)
    Run.objects.expire_leases()

    (again,) = Run.objects.claim(1)
    delivery = delivery_of(again)
    assert delivery is not None
    assert delivery["resume"] == {"step": 3, "payload": {"paid": True}}


def test_a_retry_keeps_the_version_it_had(at_work: Run, bea: User, bot: Bot, ada: User) -> None:
    origin = fail(at_work)
    bot.live = BotVersion.objects.create(bot=bot, number=2, yaml="name: echo\nsteps: [Chat]\n", created_by=ada)
    bot.save()
    retry(origin, bea, 2)
    (claimed,) = Run.objects.claim(1)

    assert claimed.version == origin.version
    delivery = delivery_of(claimed)
    assert delivery is not None
    assert delivery["resume"]["payload"]["bot"] == {"name": "echo", "version": 1}


def test_a_retry_goes_on_whatever_was_said_since_but_not_with_words_taken_back(at_work: Run, bea: User, direct: Room) -> None:
    origin = fail(at_work)
    direct.post(bea, "/reset")
    retry(origin, bea, 2)
    (claimed,) = Run.objects.claim(1)
    delivery = delivery_of(claimed)
    assert delivery is not None
    assert delivery["trigger"] == origin.trigger

    Message.objects.get(pk=origin.trigger[0]).retract(bea)
    assert delivery_of(claimed) is None


@pytest.mark.django_db(transaction=True)
def test_w23_a_double_click_makes_one_run(at_work: Run, bea: User) -> None:
    """C35."""
    origin = fail(at_work)

    made = in_threads([lambda: retry(origin, bea, 2, "one-click") for _ in range(4)])

    assert {run.pk for run in made} == {made[0].pk}
    assert Run.objects.count() == 2
    Run.objects.claim(1)[0].finish(1, "failed", permanent=True)
    assert retry(origin, bea, 2, "one-click").pk == made[0].pk
    assert retry(origin, bea, 2, "another-click").pk != made[0].pk


def test_two_tabs_that_ask_for_the_same_get_the_same(at_work: Run, bea: User) -> None:
    origin = fail(at_work)

    assert retry(origin, bea, 2, "tab-1").pk == retry(origin, bea, 2, "tab-2").pk
    assert retry(origin, bea, 1, "tab-1b").pk != retry(origin, bea, 2, "tab-3").pk


@pytest.mark.parametrize("where", [-1, 3, 900])
def test_a_run_does_not_go_on_from_where_it_never_was(at_work: Run, bea: User, where: int) -> None:
    origin = fail(at_work)

    with pytest.raises(BadInput, match="did not come to that step"):
        retry(origin, bea, where)


def test_a_step_whose_input_nobody_knows_cannot_be_retried(at_work: Run, bea: User) -> None:
    at_work.finish(1, "failed", permanent=True, steps=[step(0, "Ask", state="failed")])

    with pytest.raises(BadInput, match="is not known"):
        retry(fresh(at_work), bea, 0)


def test_what_went_well_or_is_somebody_elses_is_not_retried(at_work: Run, bea: User, cyd: User) -> None:
    with pytest.raises(NotAllowed, match="Only the person who asked"):
        retry(at_work, cyd, 0)
    assert retry(at_work, bea, 0) == at_work  # it is at work
    at_work.finish(1, "replied", steps=[step(0, "Chat", before={})])
    with pytest.raises(NotAllowed, match="failed or was stopped"):
        retry(fresh(at_work), bea, 0)


def test_work_that_was_handed_over_is_retried_where_it_was_handed_over(at_work: Run, bea: User, make_bot: Callable[..., Bot]) -> None:
    parent = fail(at_work)
    guide = make_bot(User.objects.create_bot("guide"))
    child = Run.objects.create(
        bot=guide, room=parent.room, asker=bea, trigger_position=1, chain=parent.chain, how="delegated", parent=parent, state="done",
        outcome="failed", handed={"body": "x", "card": str(parent.pk), "replies": []},
    )  # fmt: skip
    RunStep.objects.create(run=child, attempt=1, **step(0, "Ask", state="failed", before={"a": 1}))

    with pytest.raises(NotAllowed, match="Another run handed this work over"):
        retry(child, bea, 0)


def test_somebody_the_bot_does_not_talk_to_any_more_is_refused(at_work: Run, bea: User, bot: Bot) -> None:
    origin = fail(at_work)
    Bot.objects.update(attend={"users": {"blacklist": ["bea"]}})

    with pytest.raises(NotAllowed, match="not among those"):
        retry(fresh(origin), bea, 2)


def test_a_run_that_waits_for_its_next_try_is_tried_now(at_work: Run, bea: User) -> None:
    at_work.finish(1, "failed", retry_after=300)

    assert retry(at_work, bea, 0) == at_work
    assert [run.pk for run in Run.objects.claim(1)] == [at_work.pk]


def test_the_page_leads_to_the_new_run_and_the_room_stays_the_room(at_work: Run, bea_client: Client) -> None:
    run = fail(at_work)
    from_room = bea_client.post(f"/runs/{run.pk}/retry/", {"step": "2"})
    from_page = bea_client.post(f"/runs/{run.pk}/retry/", {"step": "2", "then": "run", "key": "k"})

    assert from_room["Location"] == f"/rooms/{run.room_id}/"
    assert from_page["Location"] == f"/runs/{Run.objects.get(how='retried').pk}/"
    page = bea_client.get(from_page["Location"]).content.decode()
    assert "Goes on from" in page
    assert "not paid for again" in bea_client.get(f"{from_page['Location']}steps/1/").content.decode()
    assert bea_client.post(f"/runs/{run.pk}/retry/", {"step": "two"}).status_code == 302
    assert bea_client.get(f"/runs/{run.pk}/retry/").status_code == 405


def test_the_room_asks_again_where_a_bot_does_not_say_what_its_steps_were_given(at_work: Run, bea_client: Client) -> None:
    at_work.finish(1, "failed", permanent=True, steps=[step(0, "Ask", state="failed")])

    assert bea_client.post(f"/runs/{at_work.pk}/retry/", {"step": "0"}).status_code == 302
    assert Run.objects.get(state="pending").how == "asked"


def test_the_api_retries(at_work: Run, bea_api: Api) -> None:
    run = fail(at_work)

    made = bea_api.post(f"runs/{run.pk}/retry", {"step": 2, "key": "k"})

    assert (made.status_code, made.json()["how"], made.json()["origin"]) == (201, "retried", str(run.pk))
    assert bea_api.post(f"runs/{run.pk}/retry", {"step": 2, "key": "k"}).json()["id"] == made.json()["id"]
    assert bea_api.post(f"runs/{run.pk}/retry", {"step": 7}).status_code == 400


def test_asking_again_without_a_step_is_over_the_newest_words(at_work: Run, bea_api: Api) -> None:
    run = fail(at_work)

    made: Any = bea_api.post(f"runs/{run.pk}/retry").json()

    assert (made["how"], made["origin"], made["state"]) == ("asked", None, "pending")
