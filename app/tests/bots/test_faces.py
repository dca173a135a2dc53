"""What cards look like: the same for everybody, with one question to the database for each kind of card."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from bots import faces, waiting
from bots.models import Approval, Bot, Run
from chat.models import Message, Room
from chat.rendering import message_html
from tests.bots import waits

Say = Callable[..., Message]
Wait = Callable[..., Message]


@pytest.fixture
def wait(group: Room, say: Say, bot: Bot) -> Wait:
    """Bea asks Echo something, and it waits: the card."""

    def make(wish: dict[str, object]) -> Message:
        say(group, "@echo go on")
        (run,) = Run.objects.claim(1)
        waiting.wait(run, 1, wish["waiting"] | {"expires": 3600})  # type: ignore[operator]
        return group.messages.filter(kind="card").latest("position")

    return make


def test_a_card_says_who_may_decide_and_its_controls_are_for_them(wait: Wait, bea: User, ada: User) -> None:
    html = message_html(wait(waits.approval()))

    assert "on behalf of Bea · only Bea can decide" in html
    assert f'data-for="{bea.pk}"' in html
    assert f'name="sha256" value="{waits.sha(waits.letter())}"' in html


def test_several_who_may_decide_are_named(wait: Wait, ada: User, bea: User) -> None:
    html = message_html(wait(waits.approval(by=["ada", "bea"])))

    assert "Ada or Bea can decide" in html


def test_where_others_decide_the_asker_can_still_stop_it(wait: Wait, bea: User) -> None:
    html = message_html(wait(waits.approval(by="admins")))

    assert "/cancellation/" in html
    assert "/cancellation/" not in message_html(wait(waits.approval()))


@pytest.mark.parametrize("wish", [waits.approval(), waits.question(), waits.delegation()], ids=["approval", "question", "delegation"])
def test_a_card_leads_to_its_run_once(wait: Wait, bot: Bot, make_bot: Callable[..., Bot], wish: dict[str, object]) -> None:
    Bot.objects.update(callees=["guide"])
    make_bot(User.objects.create_bot("guide", name="Guide"))
    assert message_html(wait(wish)).count("Open run") == 1


def test_ten_cards_cost_no_more_questions_than_two(wait: Wait, group: Room) -> None:
    def cost(cards: list[Message]) -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert len(faces.of(cards)) == len(cards)
        return len(queries)

    few = [wait(waits.approval()), wait(waits.question())]
    many = [*few, *(wait(wish) for wish in (waits.approval(), waits.question()) * 4)]

    assert cost(many) == cost(few) == 4


def test_w23_what_is_too_long_for_a_room_is_read_whole_before_it_is_approved(wait: Wait, bea_client: Client) -> None:
    """A card is sent to the room again with each change. It shows the beginning; its page shows all, and only there it is approved."""
    card = wait(waits.approval(waits.letter(body="x" * 90_000 + "the end")))
    html = message_html(card)

    assert len(html) < 10_000
    assert "88007 more characters" in html and "Read all of it to decide" in html
    assert "Approve and send" not in html
    page = bea_client.get(f"/approvals/{card.metadata['id']}/").content.decode()
    assert "the end" in page and "Approve and send" in page and "exactly these 90007 characters" in page


def test_w4_nothing_in_a_card_is_markup(wait: Wait) -> None:
    evil = "<img src=x onerror=alert(1)>"
    card = wait(waits.approval(waits.letter(to=evil, body=evil), title=evil))

    assert "<img" not in message_html(card)
    approval = Approval.objects.get()
    approval.state, approval.reason, approval.decided_by = "rejected", evil, card.author
    approval.save()
    assert "<img" not in message_html(card)
    assert "<img" not in message_html(wait(waits.question(text=evil, question="choice", choices=[evil])))


def test_i10_a_card_whose_row_is_broken_or_gone_keeps_its_words(wait: Wait) -> None:
    card = wait(waits.approval())
    Approval.objects.update(content="{}")
    assert "May I send this to Luke?" in message_html(card)
    Approval.objects.all().delete()

    assert "May I send this to Luke?" in message_html(card)


def test_a_card_of_a_bot_that_is_not_in_the_room_names_it(wait: Wait, make_bot: Callable[..., Bot], bot: Bot, group: Room) -> None:
    make_bot(User.objects.create_bot("guide", name="Guide"))
    Bot.objects.filter(pk=bot.pk).update(callees=["guide"])
    wait(waits.delegation())
    (child,) = Run.objects.claim(1)
    waiting.wait(child, 1, waits.question()["waiting"] | {"expires": 3600})

    card = group.messages.filter(kind="card").latest("position")
    assert card.author.username == "echo"
    assert "for Guide · only Bea can answer" in message_html(card)
