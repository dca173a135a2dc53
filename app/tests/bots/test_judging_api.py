"""C26, C30: a program with a person's token corrects and rates as the person does on the pages: by the same rules, with the same words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from accounts.models import User
from bots import rating
from bots.models import Case, Correction, Feedback, Run
from chat.models import Message, Room
from tests.api.conftest import Program
from tests.bots.program import shape
from tests.bots.test_strip import answered

BEFORE, AFTER = "A room overlooking the garden", "A room with a view of the garden"
EXPECTED = "Let's go by the river"


@pytest.fixture
def reply(at_work: Run) -> Message:
    """Echo has answered Bea."""
    return answered(at_work, BEFORE)


@pytest.fixture
def as_bea(bea: User, token_of: Callable[..., str]) -> Program:
    return Program(token_of(bea))


def ways(reply: Message) -> list[tuple[str, str, Any]]:
    """Each of the addresses, with a body that it takes."""
    corrections, feedback = f"messages/{reply.pk}/corrections", f"messages/{reply.pk}/feedback"
    better = {"before": reply.body, "body": AFTER}
    return [
        ("GET", corrections, None), ("POST", corrections, better), ("GET", feedback, None), ("PUT", feedback, {"value": -1}),
        ("DELETE", feedback, None),
    ]  # fmt: skip


def test_c26_a_program_corrects_a_reply_in_its_place_and_reads_both_versions(
    reply: Message, as_bea: Program, bea: User, example: Callable[[str], Any]
) -> None:
    path = f"messages/{reply.pk}/corrections"
    assert as_bea("GET", path) == (200, {"corrections": []})

    status, made = as_bea("POST", path, {"before": BEFORE, "body": AFTER})

    assert (status, made["before"], made["after"], made["by"]["username"]) == (201, BEFORE, AFTER, "bea")
    assert (made["distance"], round(made["share"], 3)) == (13, 0.406)
    assert as_bea("GET", path) == (200, {"corrections": [made]})
    jsonschema.validate(made, shape(example("correction")))
    reply.refresh_from_db()
    assert (reply.body, reply.metadata["corrected"]) == (AFTER, "bea")
    assert (Case.objects.get().made_by, Case.objects.get().source) == (bea, "correction")


def test_c26_a_program_overwrites_nobodys_words_unseen(reply: Message, as_bea: Program) -> None:
    path = f"messages/{reply.pk}/corrections"
    as_bea("POST", path, {"before": BEFORE, "body": AFTER})

    status, answer = as_bea("POST", path, {"before": BEFORE, "body": "Mine"})

    assert (status, answer["error"]["code"]) == (409, "changed_meanwhile")
    assert "Look at what it says now" in answer["error"]["message"]
    assert [each["after"] for each in as_bea("GET", path)[1]["corrections"]] == [AFTER]


@pytest.mark.parametrize("body", ["", " \n", BEFORE, "x" * 20_001])
def test_what_is_no_correction_is_refused_with_the_words_of_the_page(reply: Message, as_bea: Program, body: str) -> None:
    status, answer = as_bea("POST", f"messages/{reply.pk}/corrections", {"before": BEFORE, "body": body})

    assert (status, answer["error"]["code"]) == (400, "bad_input")
    assert not Correction.objects.exists()


def test_c30_a_program_rates_a_reply_and_takes_it_back(reply: Message, as_bea: Program, bea: User) -> None:
    path, nothing = f"messages/{reply.pk}/feedback", {"value": 0, "reason": "", "expected": ""}
    said = {"value": -1, "reason": "too short", "expected": EXPECTED}
    assert as_bea("GET", path) == (200, nothing)

    assert as_bea("PUT", path, said) == (200, said)
    assert as_bea("GET", path) == (200, said)
    assert (Case.objects.get().expect, Case.objects.get().made_by) == ({"contains": EXPECTED}, bea)

    assert as_bea("PUT", path, {"value": 1, "expected": EXPECTED}) == (200, nothing | {"value": 1})
    assert not Case.objects.exists(), "What is good as it is, is no case any more."
    assert [as_bea("DELETE", path), as_bea("DELETE", path)] == [(204, None)] * 2
    assert as_bea("GET", path) == (200, nothing)


@pytest.mark.parametrize(
    "said", [{"value": 2}, {"value": 0}, {"value": -1, "reason": "x" * 501}, {"value": -1, "expected": "x" * 4001}, {}]
)
def test_what_is_no_thumb_is_refused(reply: Message, as_bea: Program, said: dict[str, Any]) -> None:
    assert as_bea("PUT", f"messages/{reply.pk}/feedback", said)[0] == 400
    assert not Feedback.objects.exists()


def test_everybody_reads_their_own_thumb_only(reply: Message, as_bea: Program, ada: User) -> None:
    rating.rate(reply, ada, -1, "Ada's own reason")
    assert as_bea("GET", f"messages/{reply.pk}/feedback")[1]["value"] == 0


def test_i8_a_strangers_program_finds_no_reply_to_judge(reply: Message, cyd: User, token_of: Callable[..., str]) -> None:
    for way in ways(reply):
        status, answer = Program(token_of(cyd))(*way)
        assert (status, answer["error"]["code"]) == (404, "not_found")
    assert not Correction.objects.exists() and not Feedback.objects.exists()


def test_a_bots_token_judges_nothing(reply: Message, ada: User, token_of: Callable[..., str]) -> None:
    for scope in ("bots", "workshop"):
        for way in ways(reply):
            assert Program(token_of(ada, scope))(*way)[1]["error"]["code"] == "out_of_scope"


def test_a_bot_with_a_persons_scope_corrects_and_rates_nobody(reply: Message, token_of: Callable[..., str]) -> None:
    for way in ways(reply):
        if way[0] != "GET":
            assert Program(token_of(reply.author))(*way)[1]["error"]["code"] == "not_allowed"
    assert not Correction.objects.exists() and not Feedback.objects.exists()


def test_only_what_a_bot_replied_is_judged(at_work: Run, direct: Room, bea: User, as_bea: Program) -> None:
    failure = direct.post(at_work.bot.user, "I cannot", kind="failure", metadata={"run": str(at_work.pk)}).message
    for message in (direct.post(bea, "mine").message, failure):
        for way in ways(message):
            assert as_bea(*way)[1]["error"]["message"] == "Only a bot's reply can be corrected and rated."
