"""What a bot is shown of a room, and the delivery made of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from accounts.models import User
from bots.deliveries import cancellation_of, delivery_of
from bots.models import Bot, Run
from chat.models import Message, Room
from tests.bots.program import shape

Say = Callable[..., Message]


def shown(run: Run | None = None) -> list[str]:
    if run is None:
        (run,) = Run.objects.claim(1)
    delivery = delivery_of(run)
    return [message["body"] for message in delivery["messages"]] if delivery else []


def test_i3_a_delivery_has_the_shape_of_the_contracts_example(
    asked: Run, direct: Room, say: Say, bot: Bot, example: Callable[[str], Any]
) -> None:
    (run,) = Run.objects.claim(1)
    delivery = delivery_of(run)

    assert delivery is not None
    jsonschema.validate(delivery, shape(example("delivery")))
    assert delivery["bot"] == {"name": "echo", "version": 1}
    assert delivery["asker"] == {"username": "bea", "name": "Bea", "timezone": "Australia/Melbourne"}
    assert delivery["trigger"] == asked.trigger
    jsonschema.validate(cancellation_of(str(run.pk), 1, "echo"), shape(example("cancellation")))


def test_the_newest_messages_oldest_first(direct: Room, bot: Bot, say: Say) -> None:
    bot.attend = {"context": 3}
    bot.save()
    for number in range(6):
        say(direct, f"{number}")

    assert shown() == ["3", "4", "5"]


def test_i10_a_window_of_long_messages_is_no_heavier_than_a_bot_can_carry(direct: Room, say: Say) -> None:
    """A payload has 256 KB and holds the messages twice: without a limit, a few long messages would silence the bot for good."""
    for number in range(6):
        say(direct, f"{number}" + "長" * 19_000)

    (run,) = Run.objects.claim(1)

    assert [body[0] for body in shown(run)] == ["5"]
    assert len(json.dumps(delivery_of(run), ensure_ascii=False).encode()) < 110_000


def test_a_question_that_long_messages_push_out_is_shown_all_the_same(group: Room, ada: User, say: Say) -> None:
    say(group, "@echo what do you think?")
    for number in range(3):
        say(group, f"{number}" + "長" * 19_000, by=ada)

    assert [body[:5] for body in shown()] == ["@echo", "2長長長長"]


def test_it_is_made_when_the_delivery_is_made(direct: Room, say: Say, bot: Bot) -> None:
    say(direct, "one")
    (run,) = Run.objects.claim(1)
    say(direct, "two")

    assert shown(run) == ["one", "two"]


def test_failures_notices_and_what_was_taken_back_are_left_out(direct: Room, bot: Bot, bea: User, say: Say) -> None:
    taken_back = say(direct, "oh no")
    say(direct, "failed", by=bot.user, kind="failure")
    say(direct, "note", by=bot.user, kind="notice")
    say(direct, "an answer", by=bot.user)
    say(direct, "hello")
    taken_back.retract(bea)

    assert shown() == ["an answer", "hello"]


def test_authors_who_may_not_talk_to_the_bot_are_left_out(group: Room, bot: Bot, ada: User, cyd: User, bea: User, say: Say) -> None:
    group.add(cyd, bea)
    bot.attend = {"users": {"whitelist": ["bea", "cyd"], "blacklist": ["cyd"]}}
    bot.save()
    say(group, "from ada", by=ada)
    say(group, "from cyd", by=cyd)
    say(group, "from echo", by=bot.user)
    say(group, "@echo from bea")

    assert shown() == ["from echo", "@echo from bea"]


@pytest.mark.parametrize(
    ("reset", "kept"), [("/reset", []), ("/reset @echo", []), ("/reset @guide", ["before"]), ("/reset it all", ["before", "/reset it all"])]
)
def test_it_goes_back_to_the_last_reset(group: Room, say: Say, reset: str, kept: list[str]) -> None:
    say(group, "before")
    say(group, reset)
    say(group, "@echo after")

    assert shown() == [*kept, "@echo after"]


def test_a_reset_by_who_may_not_talk_to_the_bot_resets_nothing(group: Room, bot: Bot, ada: User, say: Say) -> None:
    bot.attend = {"users": {"blacklist": ["ada"]}}
    bot.save()
    say(group, "before")
    say(group, "/reset", by=ada)
    say(group, "@echo after")

    assert shown() == ["before", "@echo after"]


def test_the_question_is_shown_even_if_much_was_said_since(group: Room, bot: Bot, ada: User, say: Say) -> None:
    bot.attend = {"context": 2}
    bot.save()
    say(group, "@echo what do you think?")
    for number in range(5):
        say(group, f"chatter {number}", by=ada)

    assert shown() == ["@echo what do you think?", "chatter 3", "chatter 4"]


def test_a_question_before_a_reset_is_not_answered(group: Room, bot: Bot, ada: User, say: Say) -> None:
    bot.attend = {"context": 2}
    bot.save()
    say(group, "@echo what do you think?")
    say(group, "/reset")
    for number in range(5):
        say(group, f"chatter {number}", by=ada)

    (run,) = Run.objects.claim(1)

    assert delivery_of(run) is None


def test_a_question_that_was_taken_back_is_not_answered(direct: Room, bea: User, say: Say) -> None:
    say(direct, "hello").retract(bea)

    (run,) = Run.objects.claim(1)

    assert delivery_of(run) is None


def test_names_that_are_no_resets_of_this_bot_do_not_hide_the_question(group: Room, bot: Bot, ada: User, say: Say) -> None:
    bot.attend = {"context": 1}
    bot.save()
    say(group, "@echo what do you think?")
    say(group, "/reset @guide")
    say(group, "chatter", by=ada)
    say(group, "more", by=ada)

    assert shown() == ["@echo what do you think?", "more"]
