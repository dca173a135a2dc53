"""Where corrections, alternatives, waiting runs, delegation and commands meet."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from bots import alarms, approving, correcting, rating, reviewing, sending, waiting
from bots.deliveries import delivery_of
from bots.errors import Decided, StaleAttempt
from bots.models import Alert, Approval, Bot, Question, Run
from bots.models.queue import in_seconds
from bots.models.run import CANCELLED, DONE, WAITING
from bots.regenerating import regenerate
from bots.resuming import ask_again
from bots.taking_over import take_over
from chat.consumers import resume
from chat.models import Message, Room
from chat.rendering import event_frame
from tests.bots import waits
from tests.bots.endpoint import until
from tests.bots.program import Api, in_threads

Say = Callable[..., Message]


def fresh(message: Message) -> Message:
    return Message.objects.select_related("author", "room").get(pk=message.pk)


def question_of(run: Run) -> Message:
    return Message.objects.select_related("author", "room").get(pk=run.trigger[0])


def shown(room: Room) -> list[str]:
    return [message.body for message in Room.objects.get(pk=room.pk).page(limit=100)]


def taken() -> Run:
    (run,) = Run.objects.claim(1)
    run.record_steps(run.attempt, [])
    return Run.objects.select_related("bot__user", "room", "asker").get(pk=run.pk)


def answered(*words: str) -> Message:
    """The bot takes what is due, says this and is done. Its first words."""
    run = taken()
    posted = [run.reply(run.attempt, f"1.{number}", each, {}).message for number, each in enumerate(words)]
    run.finish(run.attempt, "replied")
    return fresh(posted[0])


@pytest.fixture
def asking(bots_api: Api, at_work: Run) -> Run:
    """It waits for Bea's leave."""
    assert bots_api.post(f"runs/{at_work.pk}/outcome", waits.approval()).status_code == 200
    return Run.objects.select_related("bot__user", "room", "asker").get(pk=at_work.pk)


@pytest.fixture
def guide(make_bot: Callable[..., Bot], bot: Bot) -> Bot:
    """Another bot, to which Echo may hand work."""
    Bot.objects.filter(pk=bot.pk).update(callees=["guide"])
    return make_bot(User.objects.create_bot("guide", name="Guide"))


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])


# Saying it in other words, or taking it back, while somebody is asked


def test_i5_other_words_withdraw_what_the_old_ones_asked_leave_for(asking: Run, bea: User) -> None:
    question_of(asking).resubmit(bea, "Let's sleep")

    approval = Approval.objects.get()
    assert (Run.objects.get(pk=asking.pk).outcome, approval.state) == (CANCELLED, "withdrawn")
    with pytest.raises(Decided):
        approving.decide(approval, bea, "approve", approval.sha256)
    with pytest.raises(StaleAttempt):
        sending.send(asking, 1, "4.0", str(approval.pk))


def test_i5_other_words_withdraw_what_was_handed_on_and_what_that_asks(bots_api: Api, at_work: Run, guide: Bot, bea: User) -> None:
    bots_api.post(f"runs/{at_work.pk}/outcome", waits.delegation())
    child = taken()
    bots_api.post(f"runs/{child.pk}/outcome", waits.question())

    question_of(at_work).resubmit(bea, "Let's sleep")

    assert set(Run.objects.exclude(state="pending").values_list("state", "outcome")) == {(DONE, CANCELLED)}
    assert Question.objects.get().state == "withdrawn"
    assert Run.objects.exclude(state=DONE).get().how == "asked"


def test_i5_words_taken_back_withdraw_what_they_asked_leave_for(asking: Run, bea: User) -> None:
    question_of(asking).retract(bea)

    run, approval = Run.objects.get(), Approval.objects.get()
    assert (run.state, run.outcome, run.reason, approval.state) == (DONE, CANCELLED, "taken_back", "withdrawn")


def test_what_others_asked_too_still_waits_when_one_takes_their_words_back(
    bots_api: Api, direct: Room, bot: Bot, bea: User, say: Say
) -> None:
    first, _ = say(direct, "Let's go for a walk"), say(direct, "And bring a ball")
    run = taken()
    bots_api.post(f"runs/{run.pk}/outcome", waits.approval())

    fresh(first).retract(bea)

    assert Run.objects.get().state == WAITING


# Branches


def test_what_was_approved_after_the_room_went_elsewhere_is_said_where_it_was_asked(
    bots_api: Api, asked: Run, direct: Room, bea: User
) -> None:  # fmt: skip
    answered("Woof")
    question = question_of(asked)
    other = question.resubmit(bea, "Let's sleep").message
    run = taken()
    bots_api.post(f"runs/{run.pk}/outcome", waits.approval())
    direct.choose(question, bea)

    approval = Approval.objects.get()
    approving.decide(approval, bea, "approve", approval.sha256)
    answered("Zzz")

    assert shown(direct) == ["Let's go for a walk", "Woof"]
    direct.choose(other, bea)
    assert shown(direct)[::2] == ["Let's sleep", "Zzz"]


# Made again


def test_i5_a_reply_made_again_asks_again(bots_api: Api, asking: Run, bea: User) -> None:
    approval = Approval.objects.get()
    approving.decide(approval, bea, "approve", approval.sha256)
    reply = answered("Sent")

    run = regenerate(reply, bea).run

    delivery = delivery_of(taken())
    assert delivery and delivery["run"] == str(run.pk) and delivery["resume"] is None
    with pytest.raises(Exception, match="no such approval of this run"):
        sending.send(run, 1, "4.0", str(approval.pk))


def test_what_a_person_put_right_after_somebody_pressed_regenerate_stays_shown(asked: Run, direct: Room, bea: User) -> None:
    reply = answered("Woof")
    regenerate(reply, bea)
    correcting.correct(reply, bea, "Woof", "Meow")

    answered("Gladly")

    assert shown(direct) == ["Let's go for a walk", "Meow"]
    assert reply.alternatives().count() == 2


def test_what_was_put_right_before_gives_way_to_what_a_person_asked_for_since(asked: Run, direct: Room, bea: User) -> None:
    reply = answered("Woof")
    correcting.correct(reply, bea, "Woof", "Meow")
    regenerate(fresh(reply), bea)

    answered("Gladly")

    assert shown(direct) == ["Let's go for a walk", "Gladly"]


def test_what_failed_after_its_first_words_comes_and_goes_with_them(asked: Run, direct: Room, bea: User) -> None:
    old = answered("Woof")
    regenerate(old, bea)
    run = taken()
    new = run.reply(1, "1.0", "Gladly", {}).message
    run.finish(1, "failed", reason="model", explanation="The model is away.", permanent=True)
    assert shown(direct) == ["Let's go for a walk", "Gladly", "The model is away."]

    direct.choose(old, bea)
    assert shown(direct) == ["Let's go for a walk", "Woof"]
    direct.choose(new, bea)
    assert shown(direct) == ["Let's go for a walk", "Gladly", "The model is away."]


def test_w22_a_person_who_asks_again_begins_a_new_count_of_what_is_handed_on(
    bots_api: Api, at_work: Run, guide: Bot, bea: User
) -> None:  # fmt: skip
    at_work.finish(1, "failed", reason="model", explanation="The model is away.", permanent=True)
    again = ask_again(Run.objects.get(pk=at_work.pk), bea)
    assert again.chain != at_work.chain


# Several people at once


@pytest.mark.django_db(transaction=True)
def test_a_thumb_does_not_show_the_words_of_before_a_correction(asked: Run, bea: User, monkeypatch: pytest.MonkeyPatch) -> None:
    seen_before = answered("Woof")
    correcting.correct(fresh(seen_before), bea, "Woof", "Meow")
    told: list[dict[str, Any]] = []
    monkeypatch.setattr("chat.broadcasts.event", lambda event: told.append(event_frame(event)))

    rating.rate(seen_before, bea, 1)

    (frame,) = told
    assert (frame["message"]["body"], "Meow" in frame["html"]) == ("Meow", True)


@pytest.mark.django_db(transaction=True)
def test_an_alert_and_an_answer_in_the_owners_room_do_not_wait_for_each_other(bot: Bot, ada: User, say: Say) -> None:
    room = Room.direct(ada, bot.user)
    alert = Alert.objects.create(bot=bot, user=ada, reason="model", notice_due_at=in_seconds(-1))

    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            room.lock()  # the room, then the alerts: as when a run ends
            posting = thread.submit(in_threads, [lambda: alarms._post_notice(alert.pk)])
            until(somebody_waits)
            Alert.objects.filter(bot=bot, closed_at=None).update(closed_at=in_seconds(0))
        posting.result()

    assert Alert.objects.get().notice_due_at is None
    assert room.messages.filter(kind="notice").count() == 1


# Commands in other words


def test_a_command_of_a_group_said_in_other_words_is_answered_too(group: Room, bot: Bot, bea: User, say: Say) -> None:
    message = say(group, "/ping @echo")

    fresh(message).resubmit(bea, "/help @echo")
    fresh(message).resubmit(bea, "/ping @echo")

    notices = group.messages.filter(kind="notice").order_by("position")
    assert [each.body[:9] for each in notices] == ["I am here", "**Echo** ", "I am here"]


# What it costs


def test_c10_who_was_away_reads_all_they_missed_in_a_few_queries(direct: Room, bea: User, bot: Bot, say: Say) -> None:
    for number in range(12):
        say(direct, f"question {number}")
        answered(f"answer {number}")

    with CaptureQueriesContext(connection) as queries:
        opened = resume.opened(bea, str(direct.pk), 0)

    assert len(opened["events"]) == 36
    assert all(event["html"] for event in opened["events"])
    assert len(queries) < 15


def test_the_end_of_a_run_that_never_waited_asks_for_no_cards(asked: Run) -> None:
    run = taken()
    run.reply(1, "1.0", "Woof", {})

    with CaptureQueriesContext(connection) as queries:
        run.finish(1, "replied")

    about_cards = [query["sql"] for query in queries if "bots_approval" in query["sql"] or "bots_question" in query["sql"]]
    assert about_cards == []


def test_the_words_of_a_bot_that_mention_nobody_ask_for_no_run(asked: Run) -> None:
    run = taken()

    with CaptureQueriesContext(connection) as queries:
        run.reply(1, "1.0", "Woof", {})

    assert [query["sql"] for query in queries if 'FROM "bots_run"' in query["sql"] and "FOR NO KEY" not in query["sql"]] == []


def test_a_review_reads_the_rooms_of_its_runs_and_no_others(asked: Run, group: Room, bot: Bot) -> None:
    answered("Woof")
    run = Run.objects.select_related("bot__user", "asker", "room", "version").get()
    group.post(bot.user, "said elsewhere", metadata={"run": str(run.pk)})

    (review,) = reviewing.reviews([run])

    assert review["replies"] == ["Woof"]


@pytest.mark.parametrize("path", ["workshop", "bots/trap/runs", "bots/trap/file"])
def test_w24_the_program_of_somebody_elses_bot_does_not_act_for_who_asks_it(
    path: str, make_bot: Callable[..., Bot], ada: User, cyd: User, say: Say, token_of: Callable[..., str]
) -> None:
    """Cyd may have bots. Ada says hello to one: Cyd's program must not read Ada's rooms as Ada."""
    trap = make_bot(User.objects.create_bot("trap"))
    Bot.objects.filter(pk=trap.pk).update(owner=cyd)
    say(Room.direct(ada, trap.user), "hello", ada)
    run = taken()

    answer = Client().get(
        f"/api/v1/{path}", headers={"authorization": f"Bearer {token_of(cyd, 'bots')}", "X-Parley-Run": f"{run.pk}/{run.attempt}"}
    )

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_allowed")


@pytest.mark.parametrize(("author", "status"), [("cyd", 403), ("bea", 200), ("ada", 200), (None, 200)])
def test_w24_a_bot_written_in_the_browser_acts_for_its_author_alone(
    author: str | None, status: int, at_work: Run, bot: Bot, ada: User, bea: User, cyd: User, token_of: Callable[..., str]
) -> None:
    """Bea asks. Cyd, who wrote the bot, could have it read Bea's rooms and propose what it read to Cyd."""
    Bot.objects.filter(pk=bot.pk).update(author={"ada": ada, "bea": bea, "cyd": cyd}.get(author or ""))
    headers = {"authorization": f"Bearer {token_of(ada, 'bots')}", "X-Parley-Run": f"{at_work.pk}/{at_work.attempt}"}

    assert Client().get("/api/v1/bots/echo/runs", headers=headers).status_code == status


def test_the_relay_finds_what_waits_in_removed_rooms_without_reading_every_run(asked: Run, bea: User, direct: Room, bot: Bot) -> None:
    """It looks every few seconds, and runs are kept for good."""
    Run.objects.bulk_create(
        Run(bot=bot, room=direct, asker=bea, state=DONE, outcome="replied", trigger_position=1, chain=asked.pk) for _ in range(3000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE bots_run")

    assert "run_waiting" in waiting.orphans().explain()


@pytest.mark.django_db(transaction=True)
def test_i5_of_a_yes_and_an_answer_by_hand_at_once_nothing_goes_on_behind_the_persons_back(asking: Run, ada: User, bea: User) -> None:
    approval = Approval.objects.get()

    def either(act: Callable[[], Any]) -> Callable[[], None]:
        def run() -> None:
            with contextlib.suppress(Decided):
                act()

        return run

    in_threads([
        either(lambda: approving.decide(approval, bea, "approve", approval.sha256)),
        either(lambda: take_over(asking, ada, "answer", "I have written to Luke myself.")),
    ])  # fmt: skip

    assert Run.objects.exclude(state=DONE).count() == 0
    assert Run.objects.get(pk=asking.pk).reason == "taken_over"
    with pytest.raises(StaleAttempt):
        sending.send(asking, 1, "4.0", str(approval.pk))


def test_i9_no_reply_takes_the_place_in_which_the_chat_says_that_the_run_failed(bots_api: Api, at_work: Run, direct: Room) -> None:
    taken_up = bots_api.post(f"runs/{at_work.pk}/replies", {"attempt": 1, "key": "failure", "body": "All is well"})
    ended = bots_api.post(f"runs/{at_work.pk}/outcome", {"attempt": 1, "outcome": "failed", "reason": "model", "permanent": True})

    assert (taken_up.status_code, ended.status_code) == (400, 200)
    assert (Run.objects.get().outcome, direct.messages.get(kind="failure").metadata["reason"]) == ("failed", "model")
