"""C30: thumbs under a bot's reply, with a reason; what was expected instead becomes a case."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts.models import User
from bots import rating
from bots.errors import BadInput, NotAllowed
from bots.models import Case, Feedback, Run
from chat.models import Message
from tests.bots.test_strip import answered

EXPECTED = "Let's go by the river"


@pytest.fixture
def reply(at_work: Run) -> Message:
    return answered(at_work)


@pytest.fixture
def place(reply: Message) -> str:
    return f"/rooms/{reply.room_id}/messages/{reply.pk}/feedback/"


def test_c30_a_thumb_is_kept_with_its_run_and_bot(reply: Message, place: str, bea_client: Client, bea: User) -> None:
    assert bea_client.post(place, {"value": "1"}, headers={"Turbo-Frame": "feedback"}).status_code == 204

    found = Feedback.objects.get()
    assert (found.value, found.by, found.message, found.bot.name) == (1, bea, reply, "echo")
    assert found.run and found.run.outcome == "replied"


def test_c30_what_was_expected_is_proposed_as_a_case(place: str, bea_client: Client, bea: User) -> None:
    answer = bea_client.post(place, {"value": "-1", "reason": "too short", "expected": EXPECTED})

    assert answer.status_code == 302 and "/rooms/" in answer.headers["Location"]
    assert Feedback.objects.get().reason == "too short"
    case = Case.objects.get()
    assert (case.say, case.expect, case.state, case.source) == (["Let's go for a walk"], {"contains": EXPECTED}, "proposed", "feedback")
    assert (case.author, case.made_by) == (bea, bea)


def test_one_person_has_one_thumb_and_may_take_it_back(reply: Message, bea: User) -> None:
    rating.rate(reply, bea, -1, "too short", EXPECTED)
    rating.rate(reply, bea, 1)
    assert [(each.value, each.reason, each.expected) for each in Feedback.objects.all()] == [(1, "", "")]
    assert not Case.objects.exists(), "What is good as it is, is no case any more."

    rating.rate(reply, bea, 0)
    assert not Feedback.objects.exists()


def test_a_case_that_its_author_has_confirmed_stays(reply: Message, bea: User) -> None:
    rating.rate(reply, bea, -1, "", EXPECTED)
    Case.objects.update(state="confirmed")
    rating.rate(reply, bea, 0)
    assert Case.objects.get().state == "confirmed"


def test_the_room_is_told_whose_thumbs_are_where(reply: Message, bea: User, ada: User, bea_client: Client) -> None:
    rating.rate(reply, bea, 1)

    event = reply.room.events.latest("seq")
    page = bea_client.get(f"/rooms/{reply.room_id}/").content.decode()

    assert (event.kind, event.message) == ("message.edited", reply)
    assert re.findall(r'aria-label="(Good|Bad) reply"[^>]* data-by="([^"]*)"', page) == [("Good", str(bea.pk)), ("Bad", "")]
    reply.refresh_from_db()
    assert reply.edited_at is None, "A thumb is no edit."


def test_the_form_comes_with_what_was_said_before(reply: Message, place: str, bea: User, bea_client: Client) -> None:
    rating.rate(reply, bea, -1, "too short", EXPECTED)

    part = bea_client.get(place, headers={"Turbo-Frame": "feedback"}).content.decode()
    page = bea_client.get(place).content.decode()

    assert 'value="too short"' in part and f">\n{EXPECTED.replace(chr(39), '&#x27;')}</textarea>" in part
    assert "<html" not in part and "<html" in page
    assert 'value="-1" checked' in page


@pytest.mark.parametrize(
    "said", [{"value": "2"}, {"value": ""}, {"value": "x"}, {"value": "-1", "reason": "x" * 501}, {"value": "-1", "expected": "x" * 4001}]
)
def test_what_cannot_be_taken_comes_back_with_why(place: str, bea_client: Client, said: dict[str, str]) -> None:
    answer = bea_client.post(place, said, headers={"Turbo-Frame": "feedback"})
    assert answer.status_code == 422
    assert re.search(r'role="alert">[A-Z][^<]+\.', answer.content.decode())
    assert not Feedback.objects.exists()


def test_i8_a_stranger_finds_nothing_to_rate(reply: Message, place: str, cyd_client: Client) -> None:
    assert cyd_client.get(place).status_code == 404
    assert cyd_client.post(place, {"value": "1"}).status_code == 404
    assert not Feedback.objects.exists()


def test_bots_rate_nobody_and_people_are_not_rated(reply: Message, bea: User) -> None:
    with pytest.raises(NotAllowed):
        rating.rate(reply, reply.author, 1)
    with pytest.raises(BadInput):
        rating.rate(reply.room.post(bea, "mine").message, bea, 1)


def test_what_was_said_to_the_bot_and_taken_back_makes_no_case(reply: Message, bea: User) -> None:
    reply.room.messages.get(author=bea).retract(bea)
    rating.rate(reply, bea, -1, "", EXPECTED)
    assert Feedback.objects.get().expected == EXPECTED
    assert not Case.objects.exists()
