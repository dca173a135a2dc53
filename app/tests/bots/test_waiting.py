"""Runs that wait: the outcome `waiting`, what the run is meanwhile, and how the answer makes it go on."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from bots import approving, waiting
from bots.deliveries import delivery_of, resume_of
from bots.models import Approval, Bot, Question, Run
from chat import drafts
from chat.models import Message, Room
from chat.rendering import message_html
from tests.bots import waits
from tests.bots.program import Api

Say = Callable[..., Message]


def test_a_run_that_waits_has_no_lease_and_keeps_where_it_goes_on(bots_api: Api, at_work: Run) -> None:
    """I2: nothing of it is anywhere but in the database."""
    answer = bots_api.post(f"runs/{at_work.pk}/outcome", waits.approval())

    run = Run.objects.get()
    assert (answer.status_code, answer.json()) == (200, {"state": "waiting", "due_in": None})
    assert (run.state, run.lease_until, run.start["step"], run.start["payload"]) == ("waiting", None, 4, {"draft": {"body": "hi"}})
    assert Run.objects.claim(1) == []
    assert Run.objects.expire_leases() == 0


@pytest.mark.parametrize("wish", [waits.approval(), waits.question()], ids=["approval", "question"])
def test_c35_saying_twice_that_it_waits_changes_nothing(bots_api: Api, at_work: Run, direct: Room, wish: dict[str, Any]) -> None:
    first = bots_api.post(f"runs/{at_work.pk}/outcome", wish)
    again = bots_api.post(f"runs/{at_work.pk}/outcome", wish)

    assert first.json() == again.json()
    assert Approval.objects.count() + Question.objects.count() == 1
    assert direct.messages.filter(kind="card").count() == 1


def test_a_card_stands_in_the_room_in_the_bots_name(bots_api: Api, at_work: Run, direct: Room) -> None:
    bots_api.post(f"runs/{at_work.pk}/outcome", waits.approval())

    card, approval = direct.messages.get(kind="card"), Approval.objects.get()
    assert (card.author.username, card.body) == ("echo", "May I send this to Luke?")
    assert card.metadata == {"run": str(at_work.pk), "card": "approval", "id": str(approval.pk)}
    assert (approval.message, approval.deciders, approval.state) == (card, [at_work.asker_id], "pending")


def test_the_steps_before_it_are_recorded(bots_api: Api, at_work: Run, example: Any) -> None:
    bots_api.post(f"runs/{at_work.pk}/outcome", waits.approval() | {"steps": example("steps")["request"]["steps"]})

    assert at_work.steps.get().name == "Chat"


def test_meanwhile_the_bot_answers_others(bots_api: Api, at_work: Run, direct: Room, say: Say) -> None:
    """I4 counts active runs; one that waits holds up nobody."""
    bots_api.post(f"runs/{at_work.pk}/outcome", waits.approval())
    say(direct, "And the weather?")

    (other,) = Run.objects.claim(5)

    assert other.pk != at_work.pk


@pytest.mark.django_db(transaction=True)
def test_nobody_seems_to_be_writing_while_it_waits(bots_api: Api, at_work: Run, direct: Room) -> None:
    bots_api.post("drafts", {"frames": [{"run": str(at_work.pk), "attempt": 1, "offset": 0, "text": "Dear"}]})

    bots_api.post(f"runs/{at_work.pk}/outcome", waits.approval())

    assert drafts.of(direct.pk) == []


def test_a_stale_attempt_waits_for_nothing(bots_api: Api, at_work: Run, direct: Room) -> None:
    answer = bots_api.post(f"runs/{at_work.pk}/outcome", waits.approval() | {"attempt": 2})

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "stale_attempt")
    assert not Approval.objects.exists() and not direct.messages.filter(kind="card").exists()


def test_somebody_elses_bot_server_cannot_make_it_wait(cyd: User, token_of: Callable[..., str], at_work: Run) -> None:
    assert Api(token_of(cyd, "bots")).post(f"runs/{at_work.pk}/outcome", waits.approval()).status_code == 404


@pytest.mark.parametrize(
    "wish",
    [
        waits.approval() | {"waiting": None},
        waits.approval() | {"outcome": "silent"},
        waits.wait("walk"),
        waits.wait("delegation", to="guide"),
        waits.question(question="choice"),
        waits.question(choices=["a"]),
        waits.approval(by="everybody"),
        waits.approval(expires=0),
        waits.approval(payload={"long": "x" * 256 * 1024}),
    ],
    ids=["for-nothing", "silent", "walk", "no-body", "no-choices", "choices-for-text", "by-everybody", "no-time", "too-long"],
)  # fmt: skip
def test_i10_a_wait_that_is_not_the_contract_is_refused(bots_api: Api, at_work: Run, wish: dict[str, Any]) -> None:
    answer = bots_api.post(f"runs/{at_work.pk}/outcome", wish)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")
    assert Run.objects.get().state == "active"


def test_the_contracts_examples_are_taken(bots_api: Api, at_work: Run, direct: Room, bea: User, make_bot: Any, example: Any) -> None:
    """I3."""
    Bot.objects.update(callees=["guide"])
    make_bot(User.objects.create_bot("guide", name="Guide"))
    for kind in ("waiting", "question", "delegation"):
        answer = bots_api.post(f"runs/{at_work.pk}/outcome", example("outcome")[kind])
        assert (answer.status_code, answer.json()) == (200, example("outcome")["waiting_response"]), answer.content
        Run.objects.filter(pk=at_work.pk).update(state="active", start=None)


# Going on


@pytest.fixture
def waiting_run(bots_api: Api, at_work: Run) -> Run:
    bots_api.post(f"runs/{at_work.pk}/outcome", waits.approval())
    return Run.objects.get(pk=at_work.pk)


def approve(by: User) -> Approval:
    approval = Approval.objects.get()
    approving.decide(approval, by, "approve", approval.sha256)
    return Approval.objects.get()


def test_the_answer_goes_out_with_the_next_delivery(waiting_run: Run, bea: User) -> None:
    approval = approve(bea)

    (run,) = Run.objects.claim(1)
    delivery = delivery_of(run)

    assert delivery is not None
    assert (run.pk, delivery["attempt"], delivery["tries"]) == (waiting_run.pk, 2, 1)
    assert delivery["resume"] == {
        "step": 4, "payload": {"draft": {"body": "hi"}},
        "answer": {"kind": "approval", "id": str(approval.pk), "content": waits.letter(), "sha256": waits.sha(waits.letter()), "by": "bea"},
    }  # fmt: skip


def test_it_goes_on_at_the_version_it_began_with(waiting_run: Run, bea: User, bot: Bot) -> None:
    began = waiting_run.version
    bot.live = bot.versions.create(number=2, yaml="name: echo\nsteps: [Reply]\n", created_by=bot.owner)
    bot.save()
    approve(bea)

    assert Run.objects.claim(1)[0].version == began


def test_a_step_recorded_behind_it_wins_over_the_answer(waiting_run: Run, bea: User, bots_api: Api, example: Any) -> None:
    """What was done with the answer is not done again (I1)."""
    approve(bea)
    (run,) = Run.objects.claim(1)
    (step,) = example("steps")["request"]["steps"]
    bots_api.post(f"runs/{run.pk}/steps", {"attempt": 2, "steps": [step | {"index": 4}]})

    assert resume_of(Run.objects.get()) == {"step": 5, "payload": step["payload"]}


def test_the_answer_is_kept_until_the_step_is_done(waiting_run: Run, bea: User) -> None:
    """A worker that is killed with the answer in hand loses nothing (I1)."""
    approve(bea)
    Run.objects.claim(1)
    Run.objects.update(lease_until="2020-01-01T00:00Z")
    Run.objects.expire_leases()
    (run,) = Run.objects.claim(1)

    resume = resume_of(run)
    assert (run.attempt, resume and resume["answer"]["kind"]) == (3, "approval")


def test_a_reset_since_then_does_not_take_the_answer_back(waiting_run: Run, bea: User, direct: Room, say: Say) -> None:
    say(direct, "/reset")
    approve(bea)

    (run,) = Run.objects.claim(1)
    delivery = delivery_of(run)

    assert delivery is not None and delivery["trigger"] == run.trigger
    assert delivery["messages"] == []


def test_the_delivery_with_an_answer_looks_as_the_contract_shows_it(waiting_run: Run, bea: User, example: Any) -> None:
    """I3."""
    approve(bea)
    delivery = delivery_of(Run.objects.claim(1)[0])
    shown = example("delivery_resumed")

    assert delivery is not None
    assert delivery.keys() == shown.keys()
    assert delivery["resume"].keys() == shown["resume"].keys()
    assert delivery["resume"]["answer"].keys() == shown["resume"]["answer"].keys()
    assert waits.sha(shown["resume"]["answer"]["content"]) == shown["resume"]["answer"]["sha256"]
    assert json.loads(shown["resume"]["answer"]["content"])["action"]


def test_c25_what_was_used_before_it_waited_counts_too(bots_api: Api, at_work: Run, bea: User) -> None:
    """Its bot tells what it used since it goes on; people see the whole."""
    usage = {"tokens_in": 300, "tokens_out": 20, "estimated": True}
    bots_api.post(f"runs/{at_work.pk}/outcome", waits.approval() | {"usage": usage})
    approve(bea)
    Run.objects.claim(1)
    bots_api.post(
        f"runs/{at_work.pk}/outcome", waits.approval() | {"attempt": 2, "usage": {"tokens_in": 5, "tokens_out": 1, "estimated": False}}
    )
    second = Approval.objects.get(state="pending")
    approving.decide(second, bea, "approve", second.sha256)
    Run.objects.claim(1)
    bots_api.post(
        f"runs/{at_work.pk}/outcome", {"attempt": 3, "outcome": "silent", "usage": {"tokens_in": 7, "tokens_out": 2, "estimated": False}}
    )

    assert Run.objects.get().usage == {"tokens_in": 312, "tokens_out": 23, "estimated": True}


# Ending while it waits


def test_stopping_it_withdraws_what_it_asked(waiting_run: Run, bea: User, direct: Room) -> None:
    waiting_run.cancel(bea)

    assert (Run.objects.get().outcome, Approval.objects.get().state) == ("cancelled", "withdrawn")
    assert direct.messages.get(kind="card").body == "May I send this to Luke? Withdrawn: it was not done."


def test_a_bot_that_leaves_the_room_waits_for_nothing_there(bots_api: Api, group: Room, ada: User, say: Say, bot: Bot) -> None:
    say(group, "@echo write to Luke")
    (run,) = Run.objects.claim(1)
    bots_api.post(f"runs/{run.pk}/outcome", waits.approval())

    group.remove(bot.user, ada)

    assert (Run.objects.get().reason, Approval.objects.get().state) == ("bot_left", "withdrawn")


def test_a_removed_room_ends_what_waits_in_it(bots_api: Api, group: Room, ada: User, say: Say) -> None:
    say(group, "@echo write to Luke")
    (run,) = Run.objects.claim(1)
    bots_api.post(f"runs/{run.pk}/outcome", waits.approval())
    group.dissolve(ada)

    waiting.expire()

    assert (Run.objects.get().reason, Approval.objects.get().state) == ("room_removed", "withdrawn")


@pytest.fixture
def asked_in(bots_api: Api, say: Say) -> Callable[..., Run]:
    """Bea asks in a room, and the run waits for somebody."""

    def ask(room: Room, wish: dict[str, Any]) -> Run:
        say(room, "@echo write to Luke")
        (run,) = Run.objects.claim(1)
        assert bots_api.post(f"runs/{run.pk}/outcome", wish).json()["state"] == "waiting"
        return run

    return ask


def how_it_ended(run: Run) -> tuple[str, str, str]:
    run.refresh_from_db()
    return run.state, run.outcome, run.reason


@pytest.mark.parametrize("wish", [waits.approval(), waits.question()], ids=["approval", "question"])
@pytest.mark.parametrize("removed_by", ["bea", "ada"])
def test_what_waits_for_somebody_who_leaves_or_is_removed_ends_with_a_reason(
    asked_in: Callable[..., Run], group: Room, direct: Room, bea: User, wish: dict[str, Any], removed_by: str
) -> None:
    here, elsewhere = asked_in(group, wish), asked_in(direct, wish)

    group.remove(bea, User.objects.get(username=removed_by))

    assert how_it_ended(here) == ("done", "cancelled", "nobody_to_decide")
    assert how_it_ended(elsewhere)[0] == "waiting"
    html = message_html(group.messages.get(kind="card"))
    assert "Withdrawn with its run" in html and "Nobody who may decide is left in this room." in html


def test_what_somebody_else_may_still_decide_goes_on_waiting(asked_in: Callable[..., Run], group: Room, ada: User, bea: User) -> None:
    run = asked_in(group, waits.approval(by=["ada", "bea"]))

    group.remove(bea, bea)
    waiting.expire()
    assert how_it_ended(run)[0] == "waiting"

    group.remove(ada, ada)
    assert how_it_ended(run) == ("done", "cancelled", "nobody_to_decide")


def test_what_waits_for_somebody_without_an_account_ends_too(asked_in: Callable[..., Run], direct: Room, bea: User) -> None:
    run = asked_in(direct, waits.approval())
    User.objects.filter(pk=bea.pk).update(is_active=False)

    waiting.expire()

    assert how_it_ended(run) == ("done", "cancelled", "nobody_to_decide")


def test_an_outcome_that_comes_again_after_a_stop_is_told_so(waiting_run: Run, bea: User, bots_api: Api) -> None:
    waiting_run.cancel(bea)

    assert bots_api.post(f"runs/{waiting_run.pk}/outcome", waits.approval()).json() == {"state": "done", "due_in": None}
    assert Approval.objects.count() == 1


def test_an_outcome_that_comes_again_after_the_answer_changes_nothing(waiting_run: Run, bea: User, bots_api: Api) -> None:
    approve(bea)

    assert bots_api.post(f"runs/{waiting_run.pk}/outcome", waits.approval()).json()["state"] == "waiting"
    assert (Run.objects.get().state, Approval.objects.get().state) == ("pending", "approved")
