"""A failure from which a later run has gone on: its card offers no more to do so. And how often a run that waited was tried."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from bots import approving, waiting
from bots.models import Approval, Run
from bots.models.run import CANCELLED, FAILED, REPLIED
from bots.resuming import retry, retry_or_ask_again
from bots.taking_over import NotStuck, take_over
from chat.models import Message, Room
from chat.models.event import MESSAGE_EDITED
from tests.bots import traced, waits
from tests.bots.test_strip import words_of

OFFERS = ("Retry from Chat", "Answer yourself")


def room_of(client: Client, room: Room) -> str:
    return words_of(client.get(f"/rooms/{room.pk}/").content)


def go_on(origin: Run, by: User, outcome: str) -> Run:
    made = retry(origin, by, 2)
    (claimed,) = Run.objects.claim(1)
    if outcome == REPLIED:
        claimed.reply(1, "3.0", "Two nights.", {})
    if outcome == CANCELLED:
        claimed.cancel(by)
    else:
        claimed.finish(1, outcome, reason="" if outcome == REPLIED else "broken", permanent=True)
    return made


@pytest.mark.parametrize(("outcome", "times"), [(REPLIED, 0), (FAILED, 1), (CANCELLED, 1)])
def test_a_failure_that_was_gone_on_from_offers_it_no_more(
    at_work: Run, direct: Room, bea: User, bea_client: Client, outcome: str, times: int
) -> None:
    """One that was stopped comes to nothing. One that failed has a card of its own."""
    origin = traced.fail(at_work)
    card = Message.objects.get(kind="failure")
    assert all(offer in room_of(bea_client, direct) for offer in OFFERS)

    go_on(origin, bea, outcome)

    page = room_of(bea_client, direct)
    assert [page.count(offer) for offer in ("Retry", "Answer yourself")] == [times, 1 if outcome == CANCELLED else 0]
    assert page.count("A later run has gone on from here.") == (outcome != CANCELLED)
    assert direct.events.filter(kind=MESSAGE_EDITED, message=card).exists() == (outcome != CANCELLED)


def test_whoever_presses_retry_when_it_has_answered_already_gets_that_answer(at_work: Run, bea: User, bea_client: Client) -> None:
    """In a page that does not show it yet. A key says that it is wanted once more."""
    origin = traced.fail(at_work)
    made = go_on(origin, bea, REPLIED)

    bea_client.post(f"/runs/{origin.pk}/retry/", {"step": "2"})
    assert Run.objects.count() == 2
    assert retry_or_ask_again(origin, bea, 2) == made
    assert retry_or_ask_again(origin, bea, 2, key="again").pk != made.pk


def test_what_was_answered_since_is_not_answered_by_hand_as_well(at_work: Run, bea: User, bea_client: Client) -> None:
    """From a page that somebody else has open still, or by going back."""
    origin = traced.fail(at_work)
    take_over(origin, bea, "answer", "Stay in Kyoto.")

    with pytest.raises(NotStuck, match="A later run has answered this already"):
        take_over(origin, bea, "answer", "Stay in Nara.", key="another page")
    assert "Answer yourself" not in words_of(bea_client.get(f"/runs/{origin.pk}/").content)


def test_what_was_taken_back_is_not_asked_again(at_work: Run, direct: Room, bea: User, bea_client: Client) -> None:
    """Neither by Regenerate nor by Retry or Replay: the run would end without a word, and whoever pressed would wait."""
    reply = at_work.reply(1, "3.0", "Two nights.", {}).message
    origin = traced.fail(at_work)
    Message.objects.get(pk=origin.trigger[0]).retract(bea)

    for path in (f"/rooms/{direct.pk}/messages/{reply.pk}/regeneration/", f"/runs/{origin.pk}/retry/"):
        refused = bea_client.post(path, {"step": "2"})
        assert (refused.status_code, "has been taken back" in refused.content.decode()) == (403, True), path
    assert "has been taken back" in words_of(bea_client.get(f"/runs/{origin.pk}/").content)
    assert Run.objects.count() == 1


def test_to_go_on_after_an_answer_is_no_second_try(
    at_work: Run, direct: Room, bea: User, bea_client: Client, age: Callable[..., None]
) -> None:
    waiting.wait(at_work, 1, waits.approval(expires=3600)["waiting"])
    approval = Approval.objects.get()
    approving.decide(approval, bea, "approve", approval.sha256)
    (claimed,) = Run.objects.claim(1)
    claimed.record_steps(2, [traced.step(4, "Reply")])
    assert "tries" not in words_of(bea_client.get(f"/runs/{at_work.pk}/").content)

    claimed.finish(2, "failed", reason="broken", explanation="It broke.")
    age(claimed, due_at=1)
    (again,) = Run.objects.claim(1)
    again.finish(3, "failed", reason="broken", explanation="It broke.", permanent=True)

    page = words_of(bea_client.get(f"/runs/{at_work.pk}/").content)
    assert "tries 2" in page
    assert "Tried 2 times." in room_of(bea_client, direct)
