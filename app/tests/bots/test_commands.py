"""What people write as /words, in the transaction that stores it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import User
from bots.models import Bot, Run
from bots.window import window_of
from chat.models import Message, Room
from tests.bots.program import Api

Say = Callable[..., Message]


def notices(room: Room) -> list[str]:
    return [f"{notice.author.username}: {notice.body}" for notice in room.messages.filter(kind="notice").order_by("position")]


@pytest.fixture
def guide(make_bot: Callable[..., Bot]) -> Bot:
    return make_bot(
        User.objects.create_bot("guide", name="Guide"),
        persona={"title": "Guide", "about": "Shows the way"},
        commands=[{"name": "way", "about": "Shows the way to a place"}],
    )


@pytest.fixture
def both(ada: User, bea: User, bot: Bot, guide: Bot) -> Room:
    return Room.group(ada, "Bots", [bea, bot.user, guide.user])


# /stop


def test_stop_ends_what_the_person_asked_for_at_once(direct: Room, say: Say) -> None:
    say(direct, "tell me everything")
    (active,) = Run.objects.claim(1)
    say(direct, "and more")

    say(direct, "/stop")

    assert set(Run.objects.values_list("state", "outcome", "reason")) == {("done", "cancelled", "stopped")}
    active.refresh_from_db()
    assert (active.lease_until, active.explanation) == (None, "Bea stopped it.")
    assert notices(direct) == ["echo: I have stopped."]


def test_stop_leaves_what_others_asked_for_unless_one_is_an_admin_of_the_bot(both: Room, ada: User, say: Say) -> None:
    say(both, "@echo for Bea")
    say(both, "@guide for Ada", by=ada)

    say(both, "/stop")
    assert {(run.bot.name, run.outcome) for run in Run.objects.all()} == {("echo", "cancelled"), ("guide", "")}

    say(both, "/stop", by=ada)  # the owner of both bots
    assert {(run.bot.name, run.outcome) for run in Run.objects.all()} == {("echo", "cancelled"), ("guide", "cancelled")}
    assert notices(both) == ["echo: I have stopped.", "guide: I have stopped."]


def test_stop_with_a_name_stops_that_bot_alone(both: Room, say: Say) -> None:
    say(both, "@echo @guide go")
    say(both, "/stop @guide")
    assert {(run.bot.name, run.outcome) for run in Run.objects.all()} == {("echo", ""), ("guide", "cancelled")}


def test_stop_says_when_there_is_nothing_to_stop(direct: Room, say: Say) -> None:
    say(direct, "/stop")
    assert notices(direct) == ["echo: There is nothing to stop: nothing is running here that you asked for."]


def test_stop_reaches_into_no_other_room(direct: Room, group: Room, say: Say) -> None:
    say(group, "@echo go on")
    say(direct, "/stop")
    assert Run.objects.get().state == "pending"


# /ping


def test_ping_says_that_the_bot_is_there_and_asks_it_nothing(direct: Room, say: Say) -> None:
    say(direct, "/ping")
    assert notices(direct) == ["echo: I am here, version 1."]
    assert not Run.objects.exists()


def test_ping_says_what_is_wrong(direct: Room, bot: Bot, say: Say, age: Callable[..., None]) -> None:
    say(direct, "hello")
    age(Run.objects.get(), undelivered_since=60)
    say(direct, "/ping")
    bot.status, bot.reason = "off", "echo.yaml has no steps"
    bot.save()
    say(direct, "/ping")
    assert notices(direct) == [
        "echo: I am on, but my server does not answer at the moment. What you write is kept, and I read it when it is back.",
        "echo: I am switched off at the moment: echo.yaml has no steps.",
    ]


def test_ping_in_a_group_is_answered_by_all_bots_or_by_the_named_ones(both: Room, say: Say) -> None:
    say(both, "/ping")
    say(both, "/PING @guide")
    assert notices(both) == ["echo: I am here, version 1.", "guide: I am here, version 1.", "guide: I am here, version 1."]


# /help


def test_help_tells_what_a_bot_is_and_what_one_can_write(both: Room, guide: Bot, bea: User, say: Say) -> None:
    alone = Room.direct(bea, guide.user)
    say(alone, "/help")
    (words,) = notices(alone)
    assert words.startswith("guide: **Guide** (@guide): Shows the way\n* `/way` Shows the way to a place\n\n* `/help` says what")
    assert words.endswith("* `/stop` stops what bots are doing for you")

    say(both, "/help")
    (words,) = notices(both)
    assert words.startswith("echo: Mention a bot with @ to ask it.\n\n**Echo** (@echo)\n\n**Guide** (@guide): Shows the way")


def test_w1_help_shows_what_a_bot_says_of_itself_inert(direct: Room, bot: Bot, say: Say) -> None:
    bot.persona = {"about": "<script>alert(1)</script> [x](javascript:alert(1))"}
    bot.save()
    say(direct, "/help")
    html = direct.messages.get(kind="notice").html
    assert "<script" not in html and 'href="javascript' not in html


# All of them


@pytest.mark.parametrize("word", ["help", "ping", "reset", "stop"])
def test_a_command_asks_no_bot_and_is_shown_to_none(direct: Room, bot: Bot, say: Say, word: str) -> None:
    bot.attend = {"when": "always"}
    bot.save()
    say(direct, f"/{word}")
    assert not Run.objects.exists()
    say(direct, "hello")
    (run,) = Run.objects.claim(1)
    assert [message.body for message in window_of(run)] == ["hello"]


@pytest.mark.parametrize("body", ["/stop it", "please /stop", "/helpme", "//help", "/ stop", "stop", "/stop @echo now"])
def test_what_only_looks_like_one_is_a_message_like_any_other(direct: Room, say: Say, body: str) -> None:
    say(direct, body)
    assert Run.objects.count() == 1
    assert notices(direct) == []


def test_a_bots_own_words_command_nobody(both: Room, bot: Bot, say: Say) -> None:
    """W21: what a model writes stops no run and resets no bot."""
    say(both, "@guide go")
    for word in ("/stop", "/reset", "/help", "/ping"):
        say(both, word, by=bot.user)
    assert notices(both) == []
    assert Run.objects.get().state == "pending"


def test_who_may_not_talk_to_a_bot_commands_it_not(direct: Room, bot: Bot, say: Say) -> None:
    bot.attend = {"users": {"blacklist": ["bea"]}}
    bot.save()
    say(direct, "/ping")
    assert notices(direct) == []


def test_the_same_command_sent_again_is_answered_once(direct: Room, bea: User) -> None:
    """P2."""
    for _ in range(2):
        direct.post(bea, "/ping", client_id="c-1")
    assert len(notices(direct)) == 1


# Commands of bots


def test_in_a_group_a_bots_own_command_asks_it_without_a_mention(both: Room, guide: Bot, say: Say) -> None:
    say(both, "/WAY to the station")
    assert [run.bot for run in Run.objects.all()] == [guide]


def test_a_mention_says_which_of_two_bots_is_meant(both: Room, bot: Bot, guide: Bot, say: Say) -> None:
    bot.commands = guide.commands
    bot.save()
    say(both, "/way @guide home")
    assert [run.bot for run in Run.objects.all()] == [guide]
    Run.objects.all().delete()
    say(both, "/way home")
    assert {run.bot for run in Run.objects.all()} == {bot, guide}


def test_a_command_that_no_bot_knows_is_a_message(both: Room, direct: Room, say: Say) -> None:
    say(both, "/nonsense")
    assert not Run.objects.exists()
    say(direct, "/nonsense")
    assert Run.objects.count() == 1


def test_a_bot_does_not_ask_another_by_a_command(both: Room, bot: Bot, say: Say) -> None:
    say(both, "@echo hi")
    (run,) = Run.objects.claim(1)
    run.reply(run.attempt, "1.0", "/way out", {})
    assert Run.objects.exclude(pk=run.pk).count() == 0


# /newbot


def test_newbot_goes_to_the_builder_where_it_is(both: Room, make_bot: Callable[..., Bot], ada: User, say: Say) -> None:
    builder = make_bot(User.objects.create_bot("builder"))
    both.add(builder.user, ada)
    say(both, "/newbot")
    assert [run.bot for run in Run.objects.all()] == [builder]
    assert notices(both) == []


def test_newbot_elsewhere_says_where_to_write_it(both: Room, direct: Room, make_bot: Callable[..., Bot], say: Say) -> None:
    say(direct, "/newbot")
    make_bot(User.objects.create_bot("builder"))
    say(both, "/newbot")
    assert notices(direct) == ["echo: I cannot make bots. Open [a new bot](/bots/new/)."]
    assert notices(both) == ["echo: I cannot make bots. Write `/newbot` to [@builder](/people/builder/)."]
    assert not Run.objects.exists()


# What is offered


def test_a_room_offers_the_commands_of_the_place_and_of_its_bots(both: Room, direct: Room, bea_api: Api) -> None:
    told = bea_api.get(f"rooms/{both.pk}/commands").json()["commands"]
    assert [each["name"] for each in told] == ["help", "newbot", "ping", "reset", "stop", "way"]
    assert told[-1] == {"name": "way", "about": "Shows the way to a place", "bots": ["guide"]}
    assert "way" not in str(bea_api.get(f"rooms/{direct.pk}/commands").json())


def test_a_room_without_bots_offers_none(ada: User, bea: User, bea_api: Api) -> None:
    assert bea_api.get(f"rooms/{Room.direct(ada, bea).pk}/commands").json() == {"commands": []}


def test_w11_a_stranger_is_offered_nothing(group: Room, ada: User, bea: User, bea_api: Api) -> None:
    group.remove(bea, bea)
    assert bea_api.get(f"rooms/{group.pk}/commands").status_code == 404
