"""Questions: a run asks, a person answers once, and nobody else does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from bots import asking, waiting
from bots.deliveries import delivery_of
from bots.errors import BadInput, Decided, NotAllowed
from bots.models import Bot, Question, Run
from bots.models.queue import in_seconds
from chat.models import Attachment, Message, Room
from tests.bots import waits
from tests.bots.program import Api, in_threads

Say = Callable[..., Message]
Ask = Callable[..., Question]


@pytest.fixture
def ask(bots_api: Api, group: Room, say: Say) -> Ask:
    """In the group of Ada and Bea, Bea asks Echo, which asks back."""

    def make(**fields: Any) -> Question:
        say(group, "@echo plan the trip")
        (run,) = Run.objects.claim(1)
        answer = bots_api.post(f"runs/{run.pk}/outcome", waits.question(**fields))
        assert answer.json()["state"] == "waiting", answer.content
        return Question.objects.get(run=run)

    return make


def states() -> tuple[str, str]:
    return Question.objects.get().state, Run.objects.get().state


@pytest.mark.parametrize(
    ("fields", "given", "taken"),
    [
        ({}, " Friday,\r\nearly ", "Friday,\nearly"),
        ({"question": "choice", "choices": ["Friday", "Saturday"]}, "Saturday", "Saturday"),
        ({"question": "number"}, "3", 3),
        ({"question": "number"}, "2,5", 2.5),
        ({"question": "number"}, "-1e3", -1000),
    ],
    ids=["text", "choice", "number", "comma", "power"],
)
def test_the_asker_answers_and_the_run_goes_on(ask: Ask, bea_client: Client, fields: dict[str, Any], given: str, taken: Any) -> None:
    question = ask(**fields)

    answer = bea_client.post(f"/questions/{question.pk}/", {"value": given})

    assert (answer.status_code, states()) == (302, ("answered", "pending"))
    assert Run.objects.get().start["answer"] == {"kind": "question", "id": str(question.pk), "value": taken, "by": "bea"}


@pytest.mark.parametrize(
    ("fields", "given"),
    [
        ({}, "  "),
        ({}, "x" * 20_001),
        ({}, "a\x00b"),
        ({"question": "choice", "choices": ["Friday"]}, "Sunday"),
        ({"question": "number"}, "many"),
        ({"question": "number"}, "nan"),
        ({"question": "number"}, "1e999"),
        ({"question": "number"}, "1,000"),
        ({"question": "file"}, "/etc/passwd"),
    ],
    ids=["blank", "long", "nul", "no-choice", "word", "nan", "infinite", "thousands", "path"],
)
def test_i10_an_answer_that_is_none_is_refused_with_the_reason(ask: Ask, bea_client: Client, fields: dict[str, Any], given: str) -> None:
    question = ask(**fields)

    answer = bea_client.post(f"/questions/{question.pk}/", {"value": given})

    assert (answer.status_code, states()) == (400, ("open", "waiting"))
    assert 'role="alert"' in answer.content.decode()


def test_a_file_answers_and_hangs_on_the_card(ask: Ask, bea_client: Client, group: Room) -> None:
    question = ask(question="file")

    bea_client.post(f"/questions/{question.pk}/", {"value": SimpleUploadedFile("tickets.txt", b"two adults, one child")})

    file = Attachment.objects.get()
    assert (states(), file.message) == (("answered", "pending"), group.messages.get(kind="card"))
    assert Run.objects.get().start["answer"]["value"] == {
        "id": str(file.pk),
        "name": "tickets.txt",
        "kind": "file",
        "content_type": file.content_type,
        "size": 21,
    }


def test_a_file_of_somebody_who_may_not_answer_is_not_even_taken_in(ask: Ask, ada_client: Client) -> None:
    question = ask(question="file")

    answer = ada_client.post(f"/questions/{question.pk}/", {"value": SimpleUploadedFile("tickets.txt", b"mine")})

    assert (answer.status_code, Attachment.objects.count(), states()) == (403, 0, ("open", "waiting"))


def test_somebody_elses_file_is_no_answer(ask: Ask, bea: User, ada: User, group: Room) -> None:
    question = ask(question="file")
    theirs = Attachment.objects.create(room=group, uploader=ada, kind="file", name="a", content_type="text/plain", size=1, sha256="0" * 64)

    with pytest.raises(BadInput):
        asking.answer(question, bea, theirs)
    assert states() == ("open", "waiting")


def test_an_answered_question_is_read_by_bots_as_what_was_said(ask: Ask, bea: User, group: Room, say: Say) -> None:
    question = ask()
    say(group, "@echo and then?")
    asking.answer(question, bea, "Friday")

    runs = {run.pk: run for run in Run.objects.claim(5)}
    later = runs.get(question.run_id) or next(iter(runs.values()))
    delivery = delivery_of(later)

    assert delivery is not None
    assert "Q: Which day suits you?\n\nA (Bea): Friday" in [message["body"] for message in delivery["messages"]]


def test_an_open_question_is_not_in_a_window(ask: Ask, group: Room, say: Say) -> None:
    ask()
    say(group, "@echo and then?")

    delivery = delivery_of(Run.objects.claim(5)[0])

    assert delivery is not None and [message["body"] for message in delivery["messages"]] == ["@echo plan the trip", "@echo and then?"]


def test_w23_another_member_does_not_answer_and_for_a_stranger_it_is_not_there(ask: Ask, ada_client: Client, cyd_client: Client) -> None:
    question = ask()

    assert ada_client.post(f"/questions/{question.pk}/", {"value": "x"}).status_code == 403
    assert cyd_client.post(f"/questions/{question.pk}/", {"value": "x"}).status_code == 404
    assert cyd_client.get(f"/questions/{question.pk}/").status_code == 404
    assert states() == ("open", "waiting")


def test_a_get_does_not_answer(ask: Ask, bea_client: Client) -> None:
    question = ask()

    assert bea_client.get(f"/questions/{question.pk}/?value=x").status_code == 200
    assert states() == ("open", "waiting")


def test_a_bot_does_not_answer_its_own_question(ask: Ask, bot: Bot) -> None:
    question = ask()
    Question.objects.update(answerers=[bot.user_id])

    with pytest.raises(NotAllowed):
        asking.answer(question, bot.user, "yes")


@pytest.mark.django_db(transaction=True)
def test_w23_of_two_answers_at_once_one_counts(ask: Ask, bea: User) -> None:
    question, together = ask(), threading.Barrier(2)

    def say_it(value: str) -> Callable[[], bool]:
        def act() -> bool:
            together.wait()
            try:
                asking.answer(question, bea, value)
            except Decided:
                return False
            return True

        return act

    assert sorted(in_threads([say_it("Friday"), say_it("Saturday")])) == [False, True]
    assert Run.objects.get().start["answer"]["value"] == Question.objects.get().answer


def test_without_an_answer_in_time_the_run_ends(ask: Ask, bea_client: Client) -> None:
    question = ask()
    Question.objects.update(expires_at=in_seconds(-1))
    assert bea_client.post(f"/questions/{question.pk}/", {"value": "Friday"}).status_code == 409

    waiting.expire()

    run = Run.objects.get()
    assert (states(), run.outcome, run.reason) == (("expired", "done"), "cancelled", "no_answer")
    assert "Which day suits you?" in run.explanation


def test_stopping_the_run_takes_the_question_back(ask: Ask, bea: User, bea_client: Client) -> None:
    question = ask()
    question.run.cancel(bea)

    late = bea_client.post(f"/questions/{question.pk}/", {"value": "Friday"})
    assert (late.status_code, states()) == (409, ("withdrawn", "done"))
    assert "has ended" in late.content.decode()
