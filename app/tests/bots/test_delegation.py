"""C34: bots hand work to bots, visibly, for the person who asked. W22 (rings, depth, turns) and W24 (whose rights)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.base import ContentFile

from accounts.models import User
from bots.deliveries import delivery_of
from bots.models import Approval, Bot, Run
from chat.models import Attachment, Message, Room
from tests.bots import waits
from tests.bots.program import Api

Say = Callable[..., Message]


@pytest.fixture
def guide(make_bot: Callable[..., Bot]) -> Bot:
    """Another bot, which is in no room."""
    return make_bot(User.objects.create_bot("guide", name="Guide"), callees=["echo", "guide"])


@pytest.fixture
def caller(bots_api: Api, bot: Bot, guide: Bot, group: Room, say: Say) -> Run:
    """Bea asked Echo, which may hand work to Guide and to itself."""
    Bot.objects.filter(pk=bot.pk).update(callees=["guide", "echo"])
    say(group, "@echo is this polite? And a secret: 42")
    return Run.objects.claim(1)[0]


@pytest.fixture
def hand_over(bots_api: Api) -> Callable[..., Any]:
    def post(run: Run, to: str = "guide", **more: Any) -> Any:
        return bots_api.post(f"runs/{run.pk}/outcome", waits.delegation(to, **more) | {"attempt": run.attempt})

    return post


def child_of(run: Run) -> Run:
    return Run.objects.get(parent=run)


def answer_of(run: Run) -> dict[str, Any]:
    return dict(Run.objects.get(pk=run.pk).start["answer"])


def test_the_other_bot_gets_what_was_handed_over_and_nothing_else(caller: Run, hand_over: Any) -> None:
    """W24: not the history, which holds what its asker may see and it need not."""
    assert hand_over(caller).json()["state"] == "waiting"

    (child,) = Run.objects.claim(5)
    delivery = delivery_of(child)

    assert delivery is not None
    assert [message["body"] for message in delivery["messages"]] == ["Check this phrase."]
    assert (delivery["bot"]["name"], delivery["asker"]["username"]) == ("guide", "bea")
    assert delivery["messages"][0]["author"]["username"] == "echo"
    assert delivery["trigger"] == [delivery["messages"][0]["id"]]
    assert (child.how, child.parent_id, child.hops, child.chain, child.room_id) == ("delegated", caller.pk, 1, caller.chain, caller.room_id)


def test_w24_the_other_bot_cannot_read_the_rooms_files_either(caller: Run, hand_over: Any, bots_api: Api, group: Room, bea: User) -> None:
    file = Attachment.objects.create(room=group, uploader=bea, kind="file", name="a", content_type="text/plain", size=1, sha256="0" * 64)
    file.content.save("", ContentFile(b"x"))
    group.post(bea, "for @echo alone", attachments=[file])
    assert bots_api.get(f"runs/{caller.pk}/attachments/{file.pk}?attempt=1").status_code == 200
    hand_over(caller)
    child = next(run for run in Run.objects.claim(5) if run.how == "delegated")

    assert bots_api.get(f"runs/{child.pk}/attachments/{file.pk}?attempt=1").status_code == 404


def test_its_replies_go_into_the_card_and_to_the_run_that_asked(caller: Run, hand_over: Any, bots_api: Api, group: Room) -> None:
    hand_over(caller)
    (child,) = Run.objects.claim(5)
    for key in ("1.0", "1.0", "1.1"):
        reply = bots_api.post(f"runs/{child.pk}/replies", {"attempt": 1, "key": key, "body": f"Reply {key}", "metadata": {}})
        assert reply.status_code in (200, 201)

    bots_api.post(f"runs/{child.pk}/outcome", {"attempt": 1, "outcome": "replied"})

    assert answer_of(caller) == {
        "kind": "delegation", "id": str(child.pk), "outcome": "replied", "replies": ["Reply 1.0", "Reply 1.1"], "explanation": "",
    }  # fmt: skip
    assert (Run.objects.get(pk=caller.pk).state, group.messages.filter(kind="text").count()) == ("pending", 1)
    assert group.messages.get(kind="card").author.username == "echo"


def test_i10_more_than_fits_into_a_payload_is_refused_in_words(caller: Run, hand_over: Any, bots_api: Api) -> None:
    hand_over(caller)
    (child,) = Run.objects.claim(5)

    said = [bots_api.post(f"runs/{child.pk}/replies", {"attempt": 1, "key": f"1.{n}", "body": "x" * 20_000}) for n in range(4)]

    assert [answer.status_code for answer in said] == [201, 201, 201, 400]
    assert "60,000 characters" in said[-1].json()["error"]["message"]


def test_a_failure_comes_back_too_and_is_said_once(caller: Run, hand_over: Any, bots_api: Api, group: Room) -> None:
    """I9: the card shows it, and the bot that handed the work over hears of it."""
    hand_over(caller)
    (child,) = Run.objects.claim(5)
    bots_api.post(f"runs/{child.pk}/outcome", {"attempt": 1, "outcome": "failed", "explanation": "My model is away.", "permanent": True})

    answer = answer_of(caller)
    assert (answer["outcome"], answer["explanation"], answer["replies"]) == ("failed", "My model is away.", [])
    assert not group.messages.filter(kind="failure").exists()


def test_stopping_the_one_stops_the_other(caller: Run, hand_over: Any, bea: User) -> None:
    hand_over(caller)
    Run.objects.claim(5)

    caller.cancel(bea)

    assert [(run.outcome, run.reason) for run in Run.objects.order_by("created_at")] == [
        ("cancelled", "stopped"),
        ("cancelled", "not_needed"),
    ]


def test_stopping_what_was_handed_over_lets_the_other_go_on(caller: Run, hand_over: Any, bea: User) -> None:
    hand_over(caller)

    child_of(caller).cancel(bea)

    assert answer_of(caller)["outcome"] == "cancelled"


def test_an_outcome_said_twice_hands_over_once(caller: Run, hand_over: Any, group: Room) -> None:
    hand_over(caller)
    hand_over(caller)

    assert (Run.objects.filter(how="delegated").count(), group.messages.filter(kind="card").count()) == (1, 1)


@pytest.mark.parametrize("to", ["vault", "nobody", "bea"])
def test_w22_only_declared_bots_are_handed_work(caller: Run, hand_over: Any, make_bot: Any, to: str) -> None:
    make_bot(User.objects.create_bot("vault", name="Vault"))

    hand_over(caller, to)

    assert "may not hand work" in answer_of(caller)["explanation"]
    assert not Run.objects.filter(how="delegated").exists()


def test_w24_the_rights_are_those_of_the_person_who_asked(caller: Run, hand_over: Any, guide: Bot) -> None:
    """Echo may talk to Bea; Guide may not, and does not through Echo either."""
    Bot.objects.filter(pk=guide.pk).update(attend={"users": {"blacklist": ["bea"]}})

    hand_over(caller)

    answer = answer_of(caller)
    assert (answer["outcome"], answer["explanation"]) == ("failed", "Guide may not work for Bea.")
    assert not Run.objects.filter(how="delegated").exists()


def test_a_bot_that_is_off_is_handed_nothing(caller: Run, hand_over: Any, guide: Bot) -> None:
    Bot.objects.filter(pk=guide.pk).update(status="off")

    hand_over(caller)

    assert answer_of(caller)["explanation"] == "Guide is switched off at the moment."


def test_a_bot_that_is_switched_off_later_ends_what_waits_for_it(caller: Run, hand_over: Any, guide: Bot) -> None:
    hand_over(caller)
    Bot.objects.filter(pk=guide.pk).update(status="off")

    Run.objects.give_up()

    assert "switched off" in answer_of(caller)["explanation"]


def test_w22_a_ring_ends_at_three_hops(caller: Run, hand_over: Any) -> None:
    """Echo asks Guide, which asks Echo, which asks Guide, which would ask Echo."""
    run, hops = caller, []
    for to in ("guide", "echo", "guide", "echo"):
        hand_over(run, to)
        found = Run.objects.filter(parent=run).first()
        if found is None:
            break
        hops.append(found.hops)
        run = Run.objects.claim(1)[0]

    assert hops == [1, 2, 3]
    assert "3 times already" in answer_of(run)["explanation"]


def test_w22_eight_times_is_the_most_for_one_question(caller: Run, hand_over: Any, bots_api: Api) -> None:
    run = caller
    for _ in range(9):
        hand_over(run)
        child = Run.objects.filter(parent=run, state="pending").first()
        if child is None:
            break
        (child,) = Run.objects.claim(1)
        bots_api.post(f"runs/{child.pk}/outcome", {"attempt": 1, "outcome": "silent"})
        (run,) = Run.objects.claim(1)

    assert Run.objects.filter(how="delegated").count() == 8
    assert "8 times" in answer_of(caller)["explanation"]


def test_i5_what_works_for_another_bot_asks_the_same_person_before_it_does_anything(
    caller: Run, hand_over: Any, bots_api: Api, bea: User, group: Room
) -> None:
    """The card of a bot that is not in the room stands in the name of the one that handed it the work."""
    hand_over(caller)
    (child,) = Run.objects.claim(5)

    bots_api.post(f"runs/{child.pk}/outcome", waits.approval())

    approval = Approval.objects.get()
    assert (approval.deciders, approval.run_id) == ([bea.pk], child.pk)
    assert approval.message is not None and approval.message.author.username == "echo"


def test_a_bot_that_works_for_another_comes_from_the_room_only_once(
    caller: Run, hand_over: Any, group: Room, guide: Bot, ada: User
) -> None:
    """I4: asked in the room as well, it does one after the other."""
    group.add(guide.user, ada)
    hand_over(caller)
    group.post(ada, "@guide hello")

    assert len(Run.objects.claim(5)) == 1


def test_stranger_and_member_see_what_room_they_are_in(caller: Run, hand_over: Any, bea_api: Api, cyd: User, token_of: Any) -> None:
    hand_over(caller)
    child = child_of(caller)

    assert bea_api.get(f"runs/{child.pk}").json()["parent"] == str(caller.pk)
    assert Api(token_of(cyd, "chat")).get(f"runs/{child.pk}").status_code == 404
