"""Whom a message addresses (DESIGN §3), in the transaction that stores it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import transaction

from accounts.models import User
from bots import commands
from bots.addressing import HOPS
from bots.models import Bot, Run
from chat.models import Message, Room

Say = Callable[..., Message]


def words(room: Room, kind: str) -> list[str]:
    return list(room.messages.filter(kind=kind).order_by("position").values_list("body", flat=True))


def test_every_message_in_a_direct_room_addresses_its_bot(direct: Room, bot: Bot, bea: User, say: Say) -> None:
    message = say(direct, "hello")

    run = Run.objects.get()
    assert (run.bot, run.room, run.asker, run.state, run.trigger) == (bot, direct, bea, "pending", [str(message.pk)])


def test_in_a_group_only_a_mention_addresses_a_bot(group: Room, say: Say) -> None:
    say(group, "what shall we do?")
    assert not Run.objects.exists()

    say(group, "@echo what shall we do?")
    assert Run.objects.count() == 1


def test_a_bot_that_attends_to_everything_is_addressed_by_every_message_of_people(group: Room, bot: Bot, say: Say) -> None:
    bot.attend = {"when": "always"}
    bot.save()

    say(group, "what shall we do?")

    assert Run.objects.get().bot == bot


def test_a_bot_outside_the_room_is_not_addressed(group: Room, make_bot: Callable[..., Bot], say: Say) -> None:
    make_bot(User.objects.create_bot("guide"))

    say(group, "@guide help")

    assert not Run.objects.exists()


def test_the_run_is_stored_with_the_message_or_not_at_all(direct: Room, bea: User) -> None:
    """I1: no message without its run, no run without its message."""

    class Away(Exception):
        pass

    with pytest.raises(Away), transaction.atomic():
        direct.post(bea, "hello")
        assert Run.objects.count() == 1
        raise Away

    assert not Run.objects.exists()
    assert not Message.objects.exists()


def test_the_same_message_sent_again_asks_once(direct: Room, bea: User) -> None:
    direct.post(bea, "hello", client_id="c-1")
    run = Run.objects.get()
    direct.post(bea, "hello", client_id="c-1")

    again = Run.objects.get()
    assert (again.trigger, again.due_at) == (run.trigger, run.due_at)


def test_i4_what_arrives_meanwhile_becomes_one_next_run_per_asker(group: Room, ada: User, bea: User, say: Say) -> None:
    say(group, "@echo one")
    (active,) = Run.objects.claim(5)
    second, third = say(group, "@echo two"), say(group, "@echo three")
    from_ada = say(group, "@echo and me", by=ada)

    active.refresh_from_db()
    assert active.state == "active"
    pending = {run.asker: run for run in Run.objects.filter(state="pending")}
    assert pending[bea].trigger == [str(second.pk), str(third.pk)]
    assert pending[bea].trigger_position == third.position
    assert pending[ada].trigger == [str(from_ada.pk)]


def test_settling_waits_until_the_asker_has_finished(direct: Room, bot: Bot, say: Say, age: Callable[..., None]) -> None:
    bot.attend = {"settle": 30}
    bot.save()
    say(direct, "hello")
    run = Run.objects.get()
    assert Run.objects.claim(1) == []
    assert 25 < (Run.objects.next_due() or 0) <= 30

    age(run, due_at=1)
    say(direct, "and another thing")
    assert Run.objects.claim(1) == []  # further words begin the wait anew

    age(run, due_at=1)
    assert [claimed.pk for claimed in Run.objects.claim(1)] == [run.pk]


# Messages by bots


@pytest.fixture
def guide(make_bot: Callable[..., Bot]) -> Bot:
    return make_bot(User.objects.create_bot("guide", name="Guide"), endpoint="http://127.0.0.1:9/bots/guide")


@pytest.fixture
def both(ada: User, bea: User, bot: Bot, guide: Bot) -> Room:
    return Room.group(ada, "Bots", [bea, bot.user, guide.user])


def answer(body: str) -> Run:
    """The one due run is answered with this text."""
    (run,) = Run.objects.claim(9)
    run.reply(run.attempt, "1.0", body, {})
    run.finish(run.attempt, "replied")
    return run


def test_a_bot_never_addresses_itself(both: Room, say: Say) -> None:
    say(both, "@echo hi")

    answer("I am @echo")

    assert Run.objects.exclude(state="done").count() == 0


def test_a_bot_addresses_another_by_mention_for_the_one_who_asked(both: Room, guide: Bot, bea: User, say: Say) -> None:
    """W24: the whole chain acts for the person who asked."""
    say(both, "@echo hi")

    first = answer("@guide what do you say?")

    run = Run.objects.get(state="pending")
    assert (run.bot, run.asker, run.hops, run.chain) == (guide, bea, 1, first.pk)


def test_a_bot_that_attends_to_everything_does_not_attend_to_bots(both: Room, guide: Bot, say: Say) -> None:
    guide.attend = {"when": "always"}
    guide.save()
    say(both, "@echo hi")
    Run.objects.filter(bot=guide).delete()

    answer("hello all")

    assert not Run.objects.filter(bot=guide).exists()


def test_w22_f21_bots_that_mention_each_other_stop_after_three_hops_and_say_so_once(both: Room, say: Say) -> None:
    say(both, "@echo begin")
    for _ in range(HOPS + 1):
        answer("@echo @guide over to you")

    assert Run.objects.exclude(state="done").count() == 0
    assert both.messages.filter(author__is_bot=True, kind="text").count() == HOPS + 1
    assert words(both, "notice") == ["Bots have passed this on 3 times, so I stop here. Write to me if I should go on."]


def test_failures_and_notices_address_nobody(both: Room, bot: Bot, say: Say) -> None:
    for kind in ("failure", "notice"):
        say(both, "@guide did not work", by=bot.user, kind=kind)

    assert not Run.objects.exists()


def test_a_bots_message_that_no_run_stands_for_addresses_nobody(both: Room, bot: Bot, say: Say) -> None:
    for metadata in ({}, {"run": "nonsense"}, {"run": "0199a7c1-e3f0-7b1a-9c55-2f6f0a8d1e01"}):
        say(both, "@guide hi", by=bot.user, metadata=metadata)

    assert not Run.objects.exists()


# Off


def test_a_bot_that_is_off_answers_with_its_reason_at_once(direct: Room, bot: Bot, say: Say) -> None:
    """I9, and it costs no delivery."""
    bot.status, bot.reason = "off", "the file echo.yaml has no steps"
    bot.save()

    say(direct, "hello")

    run = Run.objects.get()
    assert (run.state, run.outcome, run.reason, run.attempt) == ("done", "failed", "bot_off", 0)
    assert words(direct, "failure") == ["I am switched off at the moment: the file echo.yaml has no steps."]
    assert list(direct.events.values_list("kind", flat=True)) == ["message.posted", "message.posted", "run.ended"]


def test_a_bot_that_attends_to_everything_and_is_off_speaks_only_when_spoken_to(group: Room, bot: Bot, say: Say) -> None:
    bot.status, bot.attend = "off", {"when": "always"}
    bot.save()

    say(group, "good morning")
    assert not Run.objects.exists()

    say(group, "@echo good morning")
    assert words(group, "failure") == ["I am switched off at the moment."]


# Access


@pytest.mark.parametrize(
    ("attend", "allowed"),
    [
        ({}, True),
        ({"users": {"whitelist": ["bea"]}}, True),
        ({"users": {"whitelist": ["ada"]}}, False),
        ({"users": {"blacklist": ["bea"]}}, False),
        ({"users": {"blacklist": ["ada"]}}, True),
        ({"users": {"whitelist": ["bea"], "blacklist": ["bea"]}}, False),
        ({"roles": {"whitelist": ["family"]}}, True),
        ({"roles": {"whitelist": ["staff"]}}, False),
        ({"roles": {"blacklist": ["family"]}}, False),
        ({"users": {"whitelist": ["bea"]}, "roles": {"blacklist": ["family"]}}, False),
        ({"users": {"whitelist": ["ada"]}, "roles": {"whitelist": ["family"]}}, True),
        ({"users": {"blacklist": ["bea"]}, "roles": {"whitelist": ["family"]}}, False),
    ],
)
def test_access_lists_decide_who_may_ask(direct: Room, bot: Bot, bea: User, say: Say, attend: dict[str, Any], allowed: bool) -> None:
    bea.groups.add(Group.objects.create(name="family"), Group.objects.create(name="friends"))
    bot.attend = attend
    bot.save()

    say(direct, "hello")

    assert Run.objects.exists() is allowed
    assert bot.permits(bea) is allowed


def test_who_may_not_ask_is_told_so_in_a_direct_room_and_ignored_in_a_group(direct: Room, group: Room, bot: Bot, say: Say) -> None:
    bot.attend = {"users": {"blacklist": ["bea"]}}
    bot.save()

    say(direct, "hello")
    say(group, "@echo hello")

    assert words(direct, "notice") == ["You are not among those I may talk to. Ada runs me and can change that."]
    assert words(group, "notice") == []


# Reset


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("/reset", []),
        (" /RESET\n", []),
        ("/reset @echo", ["echo"]),
        ("/reset @echo @guide", ["echo", "guide"]),
        ("/reset now", None),
        ("a /reset", None),
    ],
)
def test_it_knows_a_reset_when_it_sees_one(body: str, names: list[str] | None) -> None:
    command = commands.read(body)
    assert (command and command.names) == names


def test_a_reset_is_acknowledged_where_the_bot_was_spoken_to_and_asks_nothing(direct: Room, group: Room, say: Say) -> None:
    say(direct, "/reset")
    say(group, "/reset")
    say(group, "/reset @echo")

    assert not Run.objects.exists()
    assert words(direct, "notice") == words(group, "notice") == ["We start afresh: I no longer look at what was said before."]


# Leaving


def test_the_runs_of_a_bot_that_leaves_the_room_end(group: Room, bot: Bot, ada: User, say: Say) -> None:
    say(group, "@echo hi")
    (active,) = Run.objects.claim(1)
    say(group, "@echo more")

    group.remove(bot.user, ada)

    assert set(Run.objects.values_list("state", "outcome", "reason")) == {("done", "cancelled", "bot_left")}
    active.refresh_from_db()
    assert active.lease_until is None
