"""I5, C37: the human decides, once, on the bytes they saw. W23 and what else could be tried against it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from bots import approving, contents, waiting
from bots.errors import BadInput, ContentChanged, Decided, NotAllowed, Unshowable
from bots.models import Approval, Bot, Run
from bots.models.queue import in_seconds
from chat.models import Message, Room
from tests.bots import waits
from tests.bots.program import Api, in_threads

Say = Callable[..., Message]
NEVER = "0199a7c1-e3f0-7b1a-9c55-2f6f0a8d1e01"


@pytest.fixture
def run(bots_api: Api, group: Room, cyd: User, bea: User, say: Say) -> Run:
    """In the group of Ada and Bea, Bea asked Echo to write to Luke; it waits for her."""
    say(group, "@echo write to Luke")
    (run,) = Run.objects.claim(1)
    answer = bots_api.post(f"runs/{run.pk}/outcome", waits.approval())
    assert answer.json()["state"] == "waiting", answer.content
    return Run.objects.get(pk=run.pk)


@pytest.fixture
def approval(run: Run) -> Approval:
    return Approval.objects.get(run=run)


def decision(approval: Approval, decision: str = "approve", **more: str) -> dict[str, str]:
    return {"decision": decision, "sha256": approval.sha256, **more}


def states() -> tuple[str, str]:
    return Approval.objects.get().state, Run.objects.get().state


# What it is for


def test_the_asker_approves_and_the_run_goes_on(approval: Approval, bea_client: Client, group: Room) -> None:
    answer = bea_client.post(f"/approvals/{approval.pk}/", decision(approval))

    assert (answer.status_code, states()) == (302, ("approved", "pending"))
    decided = Approval.objects.get()
    assert decided.decided_by and decided.decided_by.username == "bea"
    assert (decided.decided_content, decided.decided_sha256) == (approval.content, approval.sha256)
    assert group.messages.get(kind="card").body == "May I send this to Luke? Approved by Bea."
    assert Run.objects.get().start["answer"]["content"] == approval.content


def test_the_asker_rejects_with_a_reason_and_nothing_happens(approval: Approval, bea_client: Client, group: Room) -> None:
    bea_client.post(f"/approvals/{approval.pk}/", decision(approval, "reject", reason="Too stiff."))

    run = Run.objects.get()
    assert (states(), run.outcome, run.reason) == (("rejected", "done"), "cancelled", "rejected")
    assert run.explanation == "Bea rejected “May I send this to Luke?”: Too stiff."
    assert Run.objects.claim(5) == []
    assert group.events.latest("seq").data["reason"] == "rejected"


def test_an_edited_text_is_what_is_approved(approval: Approval, bea_client: Client) -> None:
    bea_client.post(f"/approvals/{approval.pk}/", decision(approval, **{"parts.1": "Good morning,\r\nthe garden room, please."}))

    decided = Approval.objects.get()
    changed = waits.letter(body="Good morning,\nthe garden room, please.")
    assert (decided.decided_content, decided.decided_sha256) == (changed, waits.sha(changed))
    assert decided.content == approval.content, "what was asked for stays as it was"
    assert Run.objects.get().start["answer"]["sha256"] == waits.sha(changed)


def test_a_text_that_comes_back_unchanged_was_not_edited(bots_api: Api, at_work: Run, bea_client: Client) -> None:
    """Forms send line breaks as CR LF, and a browser drops the first one of a field."""
    content = waits.letter(body="\nTwo\n\nlines\t ")
    bots_api.post(f"runs/{at_work.pk}/outcome", waits.approval(content))
    approval = Approval.objects.get()

    bea_client.post(f"/approvals/{approval.pk}/", decision(approval, **{"parts.1": "\r\nTwo\r\n\r\nlines\t "}))

    assert Approval.objects.get().decided_content == content
    page = bea_client.get(f"/approvals/{approval.pk}/?edit").content.decode()
    assert ">\n\nTwo\n\nlines\t </textarea>" not in page  # settled: nothing to edit any more


EDITS = [("0", "mallory", "cannot be edited"), ("1", "  ", "needed"), ("1", "x" * 100_001, "most"), ("7", "x", "")]


@pytest.mark.parametrize(("number", "words", "why"), EDITS, ids=["recipient", "blank", "long", "none"])
def test_only_what_is_editable_can_be_edited(approval: Approval, bea_client: Client, number: str, words: str, why: str) -> None:
    answer = bea_client.post(f"/approvals/{approval.pk}/", decision(approval, **{f"parts.{number}": words}))

    if why:
        assert (answer.status_code, states()) == (400, ("pending", "waiting"))
        assert why in answer.content.decode()
    else:  # a part that is not there changes nothing
        assert Approval.objects.get().decided_content == approval.content


def test_admins_decide_where_the_file_says_so(bots_api: Api, group: Room, ada: User, bea: User, say: Say) -> None:
    say(group, "@echo spend a lot")
    (run,) = Run.objects.claim(1)
    bots_api.post(f"runs/{run.pk}/outcome", waits.approval(by="admins"))
    approval = Approval.objects.get()

    assert approval.deciders == [ada.pk]
    with pytest.raises(NotAllowed):
        approving.decide(approval, bea, "approve", approval.sha256)
    approving.decide(approval, ada, "approve", approval.sha256)
    assert states() == ("approved", "pending")


def test_named_people_decide_if_they_are_in_the_room(bots_api: Api, group: Room, ada: User, cyd: User, say: Say) -> None:
    say(group, "@echo write")
    (run,) = Run.objects.claim(1)
    bots_api.post(f"runs/{run.pk}/outcome", waits.approval(by=["cyd", "ada", "echo"]))

    assert Approval.objects.get().deciders == [ada.pk]


def test_where_nobody_may_decide_it_does_not_wait(bots_api: Api, group: Room, cyd: User, say: Say) -> None:
    say(group, "@echo write")
    (run,) = Run.objects.claim(1)

    answer = bots_api.post(f"runs/{run.pk}/outcome", waits.approval(by=["cyd"]))

    run = Run.objects.get()
    assert (answer.json()["state"], run.outcome, run.reason) == ("done", "failed", "nobody_to_decide")
    assert not Approval.objects.exists()


# W23


def test_w23_a_decision_that_is_sent_again_finds_it_decided(approval: Approval, bea_client: Client) -> None:
    for word in ("reject", "approve", "reject"):
        bea_client.post(f"/approvals/{approval.pk}/", decision(approval, word))
    again = bea_client.post(f"/approvals/{approval.pk}/", decision(approval))

    assert (again.status_code, states()) == (409, ("rejected", "done"))
    assert "Bea has rejected this already." in again.content.decode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("words", [("approve", "approve"), ("approve", "reject")], ids=["yes-yes", "yes-no"])
def test_w23_of_two_clicks_at_once_one_decides(approval: Approval, bea: User, words: tuple[str, str]) -> None:
    together = threading.Barrier(2)

    def click(word: str) -> Callable[[], bool]:
        def act() -> bool:
            together.wait()
            try:
                approving.decide(approval, bea, word, approval.sha256)
            except Decided:
                return False
            return True

        return act

    assert sorted(in_threads([click(word) for word in words])) == [False, True]
    assert states() in {("approved", "pending"), ("rejected", "done")}


@pytest.mark.django_db(transaction=True)
def test_w23_a_click_and_the_sweep_at_once_leave_one_truth(approval: Approval, bea: User) -> None:
    """The sweep looks before the time is over, so it never wins over a person who was in time."""
    together = threading.Barrier(2)

    def click() -> None:
        together.wait()
        approving.decide(approval, bea, "approve", approval.sha256)

    def sweep() -> None:
        together.wait()
        approving.expire(approval)

    in_threads([click, sweep])

    assert states() == ("approved", "pending")


def test_w23_an_expired_card_is_a_no(approval: Approval, bea_client: Client, group: Room) -> None:
    """On the database's clock, whether the sweep has come by or not."""
    Approval.objects.update(expires_at=in_seconds(-1))

    late = bea_client.post(f"/approvals/{approval.pk}/", decision(approval))
    assert (late.status_code, states()) == (409, ("pending", "waiting"))

    waiting.expire()
    run = Run.objects.get()
    assert (states(), run.outcome, run.reason) == (("expired", "done"), "cancelled", "expired")
    assert group.messages.get(kind="card").body.endswith("Nobody decided in time, so it was not done.")
    assert bea_client.post(f"/approvals/{approval.pk}/", decision(approval)).status_code == 409


def test_w23_bytes_that_changed_since_they_were_shown_are_not_approved(approval: Approval, bea_client: Client) -> None:
    """TOCTOU: somebody writes into the row behind the card's back."""
    Approval.objects.update(content=waits.letter(to="mallory"))

    assert bea_client.post(f"/approvals/{approval.pk}/", decision(approval)).status_code == 409
    Approval.objects.update(sha256=waits.sha(waits.letter(to="mallory")))
    assert bea_client.post(f"/approvals/{approval.pk}/", decision(approval)).status_code == 409
    assert states() == ("pending", "waiting")


@pytest.mark.parametrize("sha256", ["", "0" * 64, waits.sha("other")], ids=["none", "zeros", "other"])
def test_w23_a_decision_names_the_bytes_it_is_about(approval: Approval, bea: User, sha256: str) -> None:
    for word in ("approve", "reject"):
        with pytest.raises(ContentChanged):
            approving.decide(approval, bea, word, sha256)
    assert states() == ("pending", "waiting")


def test_w23_a_bot_cannot_change_what_it_asked(approval: Approval, run: Run, bots_api: Api, bea: User) -> None:
    """TOCTOU by another draft: asking again with other bytes changes nothing of the card that is looked at."""
    bots_api.post(f"runs/{run.pk}/outcome", waits.approval(waits.letter(to="mallory")))

    approving.decide(approval, bea, "approve", approval.sha256)
    assert Approval.objects.get().decided_content == waits.letter()


def test_w23_another_member_does_not_decide(approval: Approval, ada_client: Client) -> None:
    """Not even the operator, who owns the bot: it would be done in Bea's name."""
    for word in ("approve", "reject"):
        assert ada_client.post(f"/approvals/{approval.pk}/", decision(approval, word)).status_code == 403
    assert (ada_client.get(f"/approvals/{approval.pk}/").status_code, states()) == (200, ("pending", "waiting"))


def test_w23_for_a_stranger_there_is_no_such_card(approval: Approval, cyd_client: Client, client: Client) -> None:
    for pk in (approval.pk, NEVER):
        assert cyd_client.get(f"/approvals/{pk}/").status_code == 404
        assert cyd_client.post(f"/approvals/{pk}/", decision(approval)).status_code == 404
    assert client.post(f"/approvals/{approval.pk}/", decision(approval))["Location"].startswith("/account/login/")
    assert states() == ("pending", "waiting")


def test_w23_who_has_left_the_room_decides_nothing(approval: Approval, group: Room, bea: User, ada: User, bea_client: Client) -> None:
    Approval.objects.update(deciders=[bea.pk, ada.pk])  # for whom it goes on waiting
    group.remove(bea, ada)

    assert bea_client.post(f"/approvals/{approval.pk}/", decision(approval)).status_code == 404
    with pytest.raises(NotAllowed):
        approving.decide(approval, bea, "approve", approval.sha256)
    assert states() == ("pending", "waiting")


def test_w21_a_bot_does_not_decide_whatever_its_file_says(approval: Approval, bot: Bot, client_of: Callable[[User], Client]) -> None:
    """“Approve yourself”: by its name among the deciders, and by a session of its own."""
    Approval.objects.update(deciders=[bot.user_id])

    with pytest.raises(NotAllowed):
        approving.decide(approval, bot.user, "approve", approval.sha256)
    assert client_of(bot.user).post(f"/approvals/{approval.pk}/", decision(approval)).status_code in (302, 403)
    assert states() == ("pending", "waiting")


def test_w21_no_token_decides(approval: Approval, bea: User, ada: User, token_of: Callable[..., str]) -> None:
    """A decision takes a person's session, so no program can make one: neither the bot server's nor one with the person's own token."""
    for token in (token_of(ada, "bots"), token_of(bea, "chat")):
        header = {"authorization": f"Bearer {token}"}
        answer = Client(headers=header).post(f"/approvals/{approval.pk}/", decision(approval))
        assert answer["Location"].startswith("/account/login/")
    assert states() == ("pending", "waiting")


def test_w23_a_get_never_decides(approval: Approval, bea_client: Client) -> None:
    for path in ("", "?decision=approve", f"?decision=approve&sha256={approval.sha256}"):
        assert bea_client.get(f"/approvals/{approval.pk}/{path}").status_code == 200
    assert bea_client.put(f"/approvals/{approval.pk}/").status_code == 405
    assert states() == ("pending", "waiting")


def test_w10_a_decision_takes_the_csrf_token(approval: Approval, bea: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(bea)

    assert client.post(f"/approvals/{approval.pk}/", decision(approval)).status_code == 403
    assert states() == ("pending", "waiting")


def test_w23_the_card_cannot_be_framed(approval: Approval, bea_client: Client) -> None:
    """Clickjack."""
    page = bea_client.get(f"/approvals/{approval.pk}/")

    assert page["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]


@pytest.mark.parametrize("word", ["", "yes", "APPROVE", "approve,reject"])
def test_w23_what_is_neither_yes_nor_no_is_neither(approval: Approval, bea: User, word: str) -> None:
    with pytest.raises(BadInput):
        approving.decide(approval, bea, word, approval.sha256)
    assert states() == ("pending", "waiting")


def test_a_yes_is_not_taken_while_the_bot_is_off(approval: Approval, bea_client: Client) -> None:
    Bot.objects.update(status="off")

    answer = bea_client.post(f"/approvals/{approval.pk}/", decision(approval))
    assert (answer.status_code, states()) == (409, ("pending", "waiting"))
    assert "switched off" in answer.content.decode()
    bea_client.post(f"/approvals/{approval.pk}/", decision(approval, "reject"))
    assert states() == ("rejected", "done")


def test_what_was_stopped_cannot_be_approved_any_more(approval: Approval, run: Run, bea: User, bea_client: Client) -> None:
    run.cancel(bea)

    assert bea_client.post(f"/approvals/{approval.pk}/", decision(approval)).status_code == 409
    assert states() == ("withdrawn", "done")


# The bytes


ODD: dict[str, Any] = {
    "no-json": "Send it.",
    "a-list": "[]",
    "no-parts": '{"action":"Reply","parts":[]}',
    "more": '{"action":"Reply","also":1,"parts":[{"kind":"text","label":"","text":"x"}]}',
    "hidden-field": waits.content_of({"kind": "text", "label": "", "text": "x", "really": "y"}),
    "number": waits.content_of({"kind": "text", "label": "", "text": 3}),
    "kind": waits.content_of({"kind": "html", "label": "", "text": "x"}),
    "twice": '{"action":"a","action":"b","parts":[{"kind":"text","label":"","text":"x"}]}',
    "spaces": json.dumps(json.loads(waits.letter()), sort_keys=True),
    "unsorted": '{"parts":[{"kind":"text","label":"","text":"x"}],"action":"Reply"}',
    "escapes": '{"action":"Reply","parts":[{"kind":"text","label":"","text":"\\u00e9"}]}',
    "surrogate": '{"action":"Reply","parts":[{"kind":"text","label":"","text":"\\ud800"}]}',
    "nul": '{"action":"Reply","parts":[{"kind":"text","label":"","text":"\\u0000"}]}',
    "deep": "[" * 5000,
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
def test_i10_content_that_cannot_be_shown_exactly_is_refused(bots_api: Api, at_work: Run, odd: str) -> None:
    answer = bots_api.post(f"runs/{at_work.pk}/outcome", waits.approval(odd))

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "unshowable")
    assert (Run.objects.get().state, Approval.objects.count()) == ("active", 0)


def test_w23_the_hash_is_that_of_the_bytes(bots_api: Api, at_work: Run) -> None:
    answer = bots_api.post(f"runs/{at_work.pk}/outcome", waits.approval(sha256="0" * 64))

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "unshowable")
    with pytest.raises(Unshowable):
        contents.read("{}")
