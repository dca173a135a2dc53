"""The mark in the list of rooms: where a card waits for a decision of whoever looks, and only there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from bots import approving, asking, waiting
from bots.models import Approval, Question, Run
from bots.models.queue import in_seconds
from chat import awaiting
from chat.models import Message, Room
from tests.bots import waits
from tests.bots.program import Api

Say = Callable[..., Message]
Put = Callable[..., Run]


@pytest.fixture
def put(bots_api: Api, say: Say) -> Put:
    """Bea asks Echo in a room, and it puts a card there."""

    def make(room: Room, wish: dict[str, Any]) -> Run:
        say(room, "@echo plan the trip")
        (run,) = Run.objects.claim(1)
        answer = bots_api.post(f"runs/{run.pk}/outcome", wish)
        assert answer.json()["state"] == "waiting", answer.content
        return Run.objects.get(pk=run.pk)

    return make


def waiting_for(user: User, *rooms: Room) -> set[Room]:
    found = awaiting.among(user, [room.pk for room in rooms])
    return {room for room in rooms if room.pk in found}


@pytest.mark.parametrize("wish", [waits.approval(), waits.question()], ids=["approval", "question"])
def test_it_waits_for_who_may_decide_and_for_nobody_else(put: Put, group: Room, ada: User, bea: User, wish: dict[str, Any]) -> None:
    put(group, wish)
    assert (waiting_for(bea, group), waiting_for(ada, group)) == ({group}, set())


def test_who_has_decided_or_answered_is_not_waited_for(put: Put, group: Room, direct: Room, bea: User) -> None:
    put(group, waits.approval())
    put(direct, waits.question())
    assert waiting_for(bea, group, direct) == {group, direct}

    approval = Approval.objects.get()
    approving.decide(approval, bea, "approve", approval.sha256)
    assert waiting_for(bea, group, direct) == {direct}
    asking.answer(Question.objects.get(), bea, "Friday")
    assert waiting_for(bea, group, direct) == set()


def test_what_expired_or_was_stopped_waits_for_nobody(put: Put, group: Room, direct: Room, bea: User) -> None:
    put(group, waits.approval())
    put(direct, waits.question()).cancel(bea)
    assert waiting_for(bea, group, direct) == {group}
    Approval.objects.update(expires_at=in_seconds(-1))
    waiting.expire()
    assert waiting_for(bea, group, direct) == set()


def test_a_card_in_a_branch_that_is_not_shown_is_not_looked_for(put: Put, direct: Room, bea: User) -> None:
    put(direct, waits.approval())
    Message.objects.filter(kind="card").update(hidden=True)
    assert waiting_for(bea, direct) == set()


def test_all_rooms_are_asked_about_at_once(put: Put, group: Room, direct: Room, bea: User, django_assert_num_queries: Any) -> None:
    put(group, waits.approval())
    put(direct, waits.question())
    with django_assert_num_queries(1):
        assert waiting_for(bea, group, direct) == {group, direct}
    with django_assert_num_queries(0):
        assert waiting_for(bea) == set()


def test_the_list_of_rooms_says_where_one_is_waited_for(put: Put, group: Room, ada_client: Client, bea_client: Client) -> None:
    put(group, waits.approval())
    hers, adas = (client.get("/people/", headers={"Turbo-Frame": "rooms"}).content.decode() for client in (bea_client, ada_client))
    assert (hers.count("waits for you"), adas.count("waits for you")) == (1, 0)
