"""C37, I5, W21, W24: what goes out in a person's name goes out once, as they approved it, with their rights, whatever the bot does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from bots import approving
from bots.models import Approval, Run
from chat.models import Message, Room
from chat.rendering import message_html
from tests.bots import waits
from tests.bots.program import Api, in_threads

Say = Callable[..., Message]


@pytest.fixture
def luke(db: None) -> User:
    return User.objects.create_user("luke", name="Luke")


@pytest.fixture
def ask(bots_api: Api, direct: Room, say: Say) -> Callable[..., Approval]:
    """Bea asks Echo, which asks her for leave."""

    def make(content: str | None = None, **fields: Any) -> Approval:
        say(direct, "Write to Luke")
        (run,) = Run.objects.claim(1)
        answer = bots_api.post(f"runs/{run.pk}/outcome", waits.approval(content, **fields))
        assert answer.json()["state"] == "waiting", answer.content
        return Approval.objects.get(run=run)

    return make


@pytest.fixture
def approved(ask: Callable[..., Approval], bea: User) -> Callable[..., Approval]:
    """… and she says yes; Echo has the run in hand again."""

    def make(content: str | None = None, by: User | None = None, changes: dict[int, str] | None = None, **fields: Any) -> Approval:
        approval = ask(content, **fields)
        approving.decide(approval, by or bea, "approve", approval.sha256, changes=changes)
        Run.objects.claim(1)
        return Approval.objects.get(pk=approval.pk)

    return make


@pytest.fixture
def send(bots_api: Api) -> Callable[..., Any]:
    def post(approval: Approval, key: str = "4.0", run: Run | None = None, attempt: int = 2, **more: Any) -> Any:
        wish = {"attempt": attempt, "key": key, "approval": str(approval.pk), **more}
        return bots_api.post(f"runs/{(run or approval.run).pk}/sendings", wish)

    return post


def with_luke(bea: User, luke: User) -> list[str]:
    room = Room.objects.filter(direct_key=f"{min(bea.pk, luke.pk)}:{max(bea.pk, luke.pk)}").first()
    return [] if room is None else [message.body for message in room.messages.order_by("position")]


def test_what_was_approved_is_sent_as_the_person(approved: Any, send: Any, bea: User, luke: User) -> None:
    approval = approved()

    answer = send(approval)

    assert (answer.status_code, with_luke(bea, luke)) == (201, [waits.LETTER])
    sent = Message.objects.get(pk=answer.json()["message"]["id"])
    assert sent.author == bea
    assert sent.metadata == {"run": str(approval.run_id), "via": "echo", "approval": str(approval.pk)}
    assert Approval.objects.get().used_at is not None


def test_c25_whoever_gets_it_reads_that_a_bot_wrote_it_and_who_approved(approved: Any, send: Any, bea: User, luke: User) -> None:
    sent = Message.objects.get(pk=send(approved()).json()["message"]["id"])
    by_hand = Message.objects.filter(author=bea).exclude(pk=sent.pk).first()

    assert "Written by" in message_html(sent)
    assert "sent with the approval of Bea" in message_html(sent)
    assert by_hand is not None
    assert "Written by" not in message_html(by_hand)


def test_what_was_edited_is_sent_as_edited(approved: Any, send: Any, bea: User, luke: User) -> None:
    send(approved(changes={1: "The garden room, please."}))

    assert with_luke(bea, luke) == ["The garden room, please."]


def test_w21_nothing_but_the_approved_bytes_is_read(approved: Any, send: Any, bea: User, luke: User, cyd: User) -> None:
    """A program that was talked into something adds what it likes to the request."""
    send(approved(), body="Send me the history", to="cyd", recipient="cyd")

    assert with_luke(bea, luke) == [waits.LETTER]
    assert not cyd.memberships.exists()


def test_c35_the_same_key_again_gives_what_was_sent(approved: Any, send: Any, bea: User, luke: User) -> None:
    approval = approved()
    first, again = send(approval), send(approval)

    assert (first.status_code, again.status_code, first.json() == again.json()) == (201, 200, True)
    assert with_luke(bea, luke) == [waits.LETTER]


def test_w23_one_approval_sends_once(approved: Any, send: Any, bea: User, luke: User) -> None:
    approval = approved()
    send(approval)

    answer = send(approval, key="4.1")

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_allowed")
    assert with_luke(bea, luke) == [waits.LETTER]


@pytest.mark.django_db(transaction=True)
def test_w23_one_approval_sends_once_even_at_the_same_moment(approved: Any, send: Any, bea: User, luke: User) -> None:
    approval = approved()

    answers = in_threads([lambda: send(approval), lambda: send(approval, key="4.1")] * 3)

    assert with_luke(bea, luke) == [waits.LETTER]
    assert sorted({answer.status_code for answer in answers} - {200}) == [201, 403]


def test_w23_pending_is_not_yes(ask: Any, send: Any, bea: User, luke: User) -> None:
    approval = ask()
    Run.objects.update(state="active")

    assert send(approval, attempt=1).status_code == 403
    assert with_luke(bea, luke) == []


@pytest.mark.parametrize("state", ["rejected", "expired", "withdrawn"])
def test_w23_no_is_not_yes(approved: Any, send: Any, bea: User, luke: User, state: str) -> None:
    approval = approved()
    Approval.objects.update(state=state)

    assert send(approval).status_code == 403
    assert with_luke(bea, luke) == []


def test_w23_another_runs_approval_is_nobodys(approved: Any, send: Any, ask: Any, bea: User, luke: User) -> None:
    first = approved()
    Run.objects.get(pk=first.run_id).finish(2, "silent")
    second = ask(waits.letter(body="Something else"))
    Run.objects.filter(pk=second.run_id).update(state="active")

    assert send(first, run=second.run, attempt=1).status_code == 404
    assert with_luke(bea, luke) == []


def test_w23_a_yes_whose_bytes_were_changed_is_none(approved: Any, send: Any, bea: User, luke: User) -> None:
    approval = approved()
    Approval.objects.update(decided_content=waits.letter(body="Other words"))

    assert send(approval).status_code == 403
    assert with_luke(bea, luke) == []


def test_i5_only_the_person_themself_lends_their_name(ask: Any, send: Any, ada: User, bea: User, luke: User, direct: Room) -> None:
    """A bot's file may let its admins approve a step; that does not let them write in Bea's name."""
    direct.memberships.create(user=ada)
    approval = ask(by="admins")
    approving.decide(approval, ada, "approve", approval.sha256)
    Run.objects.claim(1)

    assert send(approval).status_code == 403
    assert with_luke(bea, luke) == []


def test_w24_a_bot_that_may_not_talk_to_the_asker_is_not_reached_by_sending(approved: Any, send: Any, make_bot: Any, bea: User) -> None:
    make_bot(User.objects.create_bot("vault", name="Vault"), attend={"users": {"blacklist": ["bea"]}})

    answer = send(approved(waits.letter(to="vault")))

    assert answer.status_code == 403
    assert not Message.objects.filter(author=bea, room__members__username="vault").exists()


@pytest.mark.parametrize("to", ["nobody-here", "bea", "", "luke, cyd"])
def test_a_recipient_who_is_nobody_gets_nothing(approved: Any, send: Any, luke: User, cyd: User, to: str) -> None:
    answer = send(approved(waits.letter(to=to)))

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_input")
    assert Approval.objects.get().used_at is None
    assert not Room.objects.filter(members=luke).exists()


TWO = [{"kind": "recipients", "label": "To", "text": name} for name in ("luke", "cyd")]
NO_MESSAGES = {
    "to-nobody": waits.content_of({"kind": "text", "label": "", "text": "no recipient"}),
    "to-two": waits.content_of(*TWO, {"kind": "text", "label": "", "text": "x"}),
    "nothing": waits.content_of({"kind": "recipients", "label": "To", "text": "luke"}),
}


@pytest.mark.parametrize("content", NO_MESSAGES.values(), ids=NO_MESSAGES.keys())
def test_what_is_no_message_to_one_person_is_not_sent(approved: Any, send: Any, bea: User, luke: User, content: str) -> None:
    assert send(approved(content)).status_code == 403
    assert with_luke(bea, luke) == []


def test_a_stale_attempt_sends_nothing(approved: Any, send: Any, bea: User, luke: User) -> None:
    assert send(approved(), attempt=1).status_code == 409
    assert with_luke(bea, luke) == []


def test_a_stopped_run_sends_nothing(approved: Any, send: Any, bea: User, luke: User) -> None:
    approval = approved()
    Run.objects.get().cancel(bea)

    assert send(approval).status_code == 409
    assert with_luke(bea, luke) == []


def test_another_owners_program_sends_nothing(approved: Any, cyd: User, token_of: Any, bea: User, luke: User) -> None:
    approval = approved()

    answer = Api(token_of(cyd, "bots")).post(f"runs/{approval.run_id}/sendings", {"attempt": 2, "key": "4.0", "approval": str(approval.pk)})

    assert (answer.status_code, with_luke(bea, luke)) == (404, [])


@pytest.mark.parametrize("approval", ["nonsense", "0199a7c1-e3f0-7b1a-9c55-2f6f0a8d1e01"])
def test_i10_an_approval_that_never_was_sends_nothing(at_work: Run, bots_api: Api, approval: str) -> None:
    assert bots_api.post(f"runs/{at_work.pk}/sendings", {"attempt": 1, "key": "4.0", "approval": approval}).status_code == 404


def test_the_card_says_that_it_was_sent(approved: Any, send: Any, direct: Room, bea_client: Any, luke: User) -> None:
    approval = approved()
    send(approval)

    assert "· sent" in bea_client.get(f"/approvals/{approval.pk}/").content.decode()
    assert direct.events.latest("seq").kind == "message.edited"
