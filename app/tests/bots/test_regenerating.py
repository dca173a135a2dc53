"""Replies made again, questions put in other words, and which branch a bot sees and speaks in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from bots import telling
from bots.deliveries import delivery_of
from bots.errors import BadInput, NotAllowed
from bots.models import Bot, Correction, Run
from bots.models.run import ACTIVE, CANCELLED, DONE, PENDING, REGENERATED, REPLAYED
from bots.regenerating import regenerate
from bots.resuming import ask_again
from bots.window import window_of
from chat import drafts
from chat.errors import NotFound
from chat.models import Message, Room
from tests.bots.program import Api, in_threads

Say = Callable[..., Message]


def shown(room: Room) -> list[str]:
    return [message.body for message in Room.objects.get(pk=room.pk).page(limit=100)]


def claimed(run: Run) -> Run:
    (taken,) = Run.objects.claim(1)
    assert taken.pk == run.pk
    taken.record_steps(taken.attempt, [])
    return Run.objects.select_related("bot__user", "room").get(pk=run.pk)


def answered(run: Run, *words: str) -> Message:
    """The bot takes the run, says these words one after the other, and is done. The first of them."""
    at_work = claimed(run)
    posted = [at_work.reply(at_work.attempt, f"1.{number}", each, {}).message for number, each in enumerate(words)]
    at_work.finish(at_work.attempt, "replied")
    return Message.objects.select_related("author", "room").get(pk=posted[0].pk)


def next_run() -> Run:
    return Run.objects.exclude(state=DONE).get()


class TestRegenerating:
    @pytest.mark.django_db(transaction=True)
    def test_what_is_being_written_says_in_whose_place_it_will_stand(self, direct: Room, asked: Run, bea: User, bots_api: Api) -> None:
        reply = answered(asked, "Woof")
        run = claimed(regenerate(reply, bea).run)
        telling.activity(run, "Trying again")
        assert [draft.position for draft in drafts.of(direct.pk)] == [reply.position]
        bots_api.post("drafts", {"frames": [{"run": str(run.pk), "attempt": 1, "offset": 0, "text": "Glad"}]})
        assert [(draft.text, draft.position) for draft in drafts.of(direct.pk)] == [("Glad", reply.position)]

    def test_the_new_reply_stands_beside_the_old_one_and_what_came_later_stays(self, direct: Room, asked: Run, say: Say, bea: User) -> None:
        reply = answered(asked, "Woof")
        say(direct, "And then?")
        answered(next_run(), "We came home")

        made = regenerate(reply, bea)

        assert made.created
        run = made.run
        assert (run.how, run.origin, run.regenerates, run.asker, run.trigger) == (REGENERATED, asked, reply, bea, asked.trigger)
        answered(run, "Gladly")
        assert shown(direct) == ["Let's go for a walk", "Gladly", "And then?", "We came home"]
        assert [each.body for each in reply.alternatives()] == ["Woof", "Gladly"]

    def test_the_bot_is_shown_what_came_before_the_reply_and_nothing_after(self, direct: Room, asked: Run, say: Say, bea: User) -> None:
        reply = answered(asked, "Woof")
        say(direct, "And then?")
        answered(next_run(), "We came home")

        delivery = delivery_of(claimed(regenerate(reply, bea).run))

        assert delivery
        assert [each["body"] for each in delivery["messages"]] == ["Let's go for a walk"]
        assert delivery["trigger"] == asked.trigger

    def test_the_bot_reads_the_version_that_is_shown(self, direct: Room, asked: Run, say: Say, bea: User) -> None:
        reply = answered(asked, "Woof")
        answered(regenerate(reply, bea).run, "Gladly")
        say(direct, "And then?")
        run = next_run()
        assert [message.body for message in window_of(run)] == ["Let's go for a walk", "Gladly", "And then?"]
        direct.choose(reply, bea)
        assert [message.body for message in window_of(run)] == ["Let's go for a walk", "Woof", "And then?"]

    def test_c35_pressing_twice_asks_once(self, asked: Run, bea: User) -> None:
        reply = answered(asked, "Woof")
        first, again = regenerate(reply, bea), regenerate(reply, bea)
        assert (first.created, again.created, again.run) == (True, False, first.run)

    @pytest.mark.django_db(transaction=True)
    def test_c35_pressing_twice_at_once_asks_once(self, asked: Run, bea: User) -> None:
        reply = answered(asked, "Woof")
        made = in_threads([lambda: regenerate(reply, bea)] * 6)
        assert [each.created for each in made].count(True) == 1
        assert Run.objects.filter(how=REGENERATED).count() == 1

    def test_an_alternative_can_be_made_again_too(self, direct: Room, asked: Run, bea: User) -> None:
        reply = answered(asked, "Woof")
        second = answered(regenerate(reply, bea).run, "Gladly")
        third = answered(regenerate(second, bea).run, "Lead the way")
        assert reply.position == second.position == third.position
        assert shown(direct) == ["Let's go for a walk", "Lead the way"]

    def test_i4_it_waits_while_the_bot_is_at_work_in_the_room(self, direct: Room, asked: Run, say: Say, bea: User) -> None:
        reply = answered(asked, "Woof")
        say(direct, "And then?")
        other = claimed(next_run())

        made = regenerate(reply, bea).run

        assert Run.objects.claim(1) == []
        other.reply(other.attempt, "1.0", "We came home", {})
        other.finish(other.attempt, "replied")
        answered(made, "Gladly")
        assert shown(direct) == ["Let's go for a walk", "Gladly", "And then?", "We came home"]

    def test_what_else_a_run_said_goes_with_its_first_words(self, direct: Room, asked: Run, bea: User) -> None:
        reply = answered(asked, "Woof", "And wag")
        again = answered(regenerate(reply, bea).run, "Gladly", "With a lead")
        assert shown(direct) == ["Let's go for a walk", "Gladly", "With a lead"]
        direct.choose(reply, bea)
        assert shown(direct) == ["Let's go for a walk", "Woof", "And wag"]
        direct.choose(again, bea)
        assert shown(direct) == ["Let's go for a walk", "Gladly", "With a lead"]

    def test_p8_the_same_reply_again_changes_nothing(self, asked: Run, bea: User) -> None:
        reply = answered(asked, "Woof")
        run = claimed(regenerate(reply, bea).run)
        first = run.reply(run.attempt, "1.0", "Gladly", {})
        again = run.reply(run.attempt, "1.0", "Gladly, says another try", {})
        assert (first.created, again.created, again.message) == (True, False, first.message)
        assert reply.alternatives().count() == 2

    def test_only_whoever_asked_and_the_bots_admins_may(self, group: Room, bot: Bot, ada: User, bea: User, cyd: User, say: Say) -> None:
        group.add(cyd, bea)
        say(group, "@echo hello")
        reply = answered(Run.objects.get(), "Hello")
        with pytest.raises(NotAllowed):
            regenerate(reply, cyd)
        assert regenerate(reply, ada).run.asker == bea

    def test_what_is_no_finished_answer_is_not_made_again(self, direct: Room, asked: Run, say: Say, bea: User) -> None:
        question = Message.objects.select_related("author", "room").get(pk=asked.trigger[0])
        with pytest.raises(BadInput):
            regenerate(question, bea)
        at_work = claimed(asked)
        reply = at_work.reply(at_work.attempt, "1.0", "Woof", {}).message
        with pytest.raises(BadInput, match="not finished"):
            regenerate(reply, bea)

    def test_a_bot_that_is_gone_or_off_makes_nothing_again(self, group: Room, bot: Bot, ada: User, bea: User, say: Say) -> None:
        say(group, "@echo hello")
        reply = answered(Run.objects.get(), "Hello")
        Bot.objects.update(status="off")
        with pytest.raises(NotAllowed, match="switched off"):
            regenerate(reply, bea)
        Bot.objects.update(status="on")
        group.remove(bot.user, ada)
        with pytest.raises(NotAllowed, match="not in this room"):
            regenerate(reply, bea)

    def test_one_that_failed_is_retried_in_its_place(self, direct: Room, asked: Run, bea: User) -> None:
        reply = answered(asked, "Woof")
        run = claimed(regenerate(reply, bea).run)
        run.finish(run.attempt, "failed", reason="model", explanation="The model is away.", permanent=True)

        # Whoever pressed the button gets it back: the reply it belongs to is rendered anew.
        assert reply in [event.message for event in direct.events.filter(kind="message.edited", seq__gt=reply.position + 1)]
        again = ask_again(Run.objects.get(pk=run.pk), bea)

        assert (again.how, again.regenerates, again.origin) == (REGENERATED, reply, run)
        assert ask_again(Run.objects.get(pk=run.pk), bea) == again
        answered(again, "Gladly")
        assert [each.body for each in reply.alternatives()] == ["Woof", "Gladly"]

    def test_c28_a_replay_of_a_corrected_answer_stands_beside_it_unchosen(self, direct: Room, asked: Run, bea: User, bot: Bot) -> None:
        reply = answered(asked, "Woof")
        Correction.objects.create(message=reply, bot=bot, run=asked, by=bea, before="Woof", after="Meow", distance=4, share=1.0)
        run = regenerate(reply, bea).run
        Run.objects.filter(pk=run.pk).update(how=REPLAYED)
        answered(Run.objects.get(pk=run.pk), "Woof woof")
        assert shown(direct) == ["Let's go for a walk", "Woof"]
        assert reply.alternatives().count() == 2


class TestResubmitting:
    def test_the_bot_answers_the_new_words_and_sees_only_them(self, direct: Room, asked: Run, bea: User, say: Say) -> None:
        answered(asked, "Woof")
        say(direct, "And then?")
        answered(next_run(), "We came home")
        question = Message.objects.select_related("author", "room").get(pk=asked.trigger[0])

        other = question.resubmit(bea, "Let's sleep").message

        run = next_run()
        assert run.trigger == [str(other.pk)]
        assert [message.body for message in window_of(run)] == ["Let's sleep"]
        answered(run, "Zzz")
        assert shown(direct) == ["Let's sleep", "Zzz"]
        direct.choose(question, bea)
        say(direct, "And now?")
        assert [message.body for message in window_of(next_run())] == [
            "Let's go for a walk", "Woof", "And then?", "We came home", "And now?",
        ]  # fmt: skip

    def test_the_answer_to_the_old_words_is_stopped_first(self, direct: Room, at_work: Run, bea: User) -> None:
        question = Message.objects.select_related("author", "room").get(pk=at_work.trigger[0])

        question.resubmit(bea, "Let's sleep")

        at_work.refresh_from_db()
        assert (at_work.state, at_work.outcome, at_work.reason) == (DONE, CANCELLED, "resubmitted")
        assert next_run().state == PENDING
        kinds = list(direct.events.values_list("kind", flat=True))
        assert kinds == ["message.posted", "run.ended", "branch.chosen"]

    def test_a_run_that_waits_for_its_turn_is_asked_the_new_words_only(self, direct: Room, at_work: Run, bea: User, say: Say) -> None:
        second = say(direct, "And a ball")
        Message.objects.select_related("author", "room").get(pk=second.pk).resubmit(bea, "And a stick")
        assert Run.objects.get(pk=at_work.pk).state == ACTIVE
        (waiting,) = Run.objects.filter(state=PENDING)
        assert [message.body for message in window_of(waiting)] == ["Let's go for a walk", "And a stick"]

    def test_what_is_answered_after_the_room_went_to_another_branch_stays_in_its_own(
        self, direct: Room, asked: Run, bea: User
    ) -> None:  # fmt: skip
        answered(asked, "Woof")
        question = Message.objects.select_related("author", "room").get(pk=asked.trigger[0])
        other = question.resubmit(bea, "Let's sleep").message
        run = claimed(next_run())
        direct.choose(question, bea)  # while the draft streams

        run.reply(run.attempt, "1.0", "Zzz", {})
        run.finish(run.attempt, "failed", reason="model", explanation="And then I lost the thread.", permanent=True)

        assert shown(direct) == ["Let's go for a walk", "Woof"]
        direct.choose(other, bea)
        assert shown(direct) == ["Let's sleep", "Zzz", "And then I lost the thread."]

    def test_a_question_whose_branch_was_left_before_the_bot_came_to_it_is_answered_in_it(
        self, direct: Room, asked: Run, bea: User, say: Say
    ) -> None:
        reply = answered(asked, "Woof", "And wag")
        answered(regenerate(reply, bea).run, "Gladly", "With a lead")
        second = say(direct, "And then?")
        answered(next_run(), "We came home")
        other = Message.objects.select_related("author", "room").get(pk=second.pk).resubmit(bea, "And the ball?").message
        direct.choose(second, bea)

        run = next_run()

        assert [message.body for message in window_of(run)] == ["Let's go for a walk", "Gladly", "With a lead", "And the ball?"]
        answered(run, "In the pond")
        assert shown(direct)[-2:] == ["And then?", "We came home"]
        direct.choose(other, bea)
        assert shown(direct) == ["Let's go for a walk", "Gladly", "With a lead", "And the ball?", "In the pond"]

    def test_an_answer_to_what_was_said_before_a_branch_is_seen_in_both(self, direct: Room, at_work: Run, bea: User, say: Say) -> None:
        second = say(direct, "And a ball")
        Message.objects.select_related("author", "room").get(pk=second.pk).resubmit(bea, "And a stick")
        at_work.reply(at_work.attempt, "1.0", "Woof", {})
        assert shown(direct) == ["Let's go for a walk", "And a stick", "Woof"]
        direct.choose(second, bea)
        assert shown(direct) == ["Let's go for a walk", "And a ball", "Woof"]

    def test_in_a_group_the_bots_it_addresses_are_asked_anew_once(self, group: Room, bot: Bot, bea: User, ada: User, say: Say) -> None:
        question = say(group, "@echo hello")
        old = claimed(Run.objects.get())
        say(group, "Hello Bea", by=ada)
        theirs = Message.objects.select_related("author", "room").get(pk=question.pk)

        theirs.resubmit(bea, "@echo good morning")
        theirs.resubmit(bea, "@echo good morning")

        old.refresh_from_db()
        assert (old.outcome, old.reason) == (CANCELLED, "resubmitted")
        run = next_run()
        assert [message.body for message in window_of(run)] == ["@echo good morning", "Hello Bea"]
        answered(run, "Good morning")
        assert shown(group) == ["@echo good morning", "Hello Bea", "Good morning"]


class TestByTheApi:
    def test_it_is_made_again_and_chosen_over_http(self, asked: Run, bea_api: Api) -> None:
        reply = answered(asked, "Woof")
        first = bea_api.post(f"messages/{reply.pk}/regeneration")
        again = bea_api.post(f"messages/{reply.pk}/regeneration")
        assert (first.status_code, again.status_code, again.json()["id"]) == (201, 200, first.json()["id"])
        assert (first.json()["how"], first.json()["origin"]) == ("regenerated", str(asked.pk))
        answered(next_run(), "Gladly")

        found = bea_api.get(f"messages/{reply.pk}/alternatives").json()["alternatives"]
        assert [(each["body"], each["alternative"], each["alternatives"], each["hidden"]) for each in found] == [
            ("Woof", 1, 2, True),
            ("Gladly", 2, 2, False),
        ]
        chosen = bea_api.post(f"messages/{reply.pk}/choice")
        assert (chosen.status_code, chosen.json()["hidden"]) == (200, False)

    def test_a_question_is_put_in_other_words_over_http(self, asked: Run, bea_api: Api) -> None:
        wish = {"body": "Let's sleep", "client_id": "c-7"}
        made = bea_api.post(f"messages/{asked.trigger[0]}/resubmission", wish)
        again = bea_api.post(f"messages/{asked.trigger[0]}/resubmission", wish)
        assert (made.status_code, again.status_code) == (201, 200)
        assert made.json()["alternatives"] == 2
        assert again.json()["id"] == made.json()["id"]

    @pytest.mark.parametrize(
        ("method", "path"), [("get", "alternatives"), ("post", "choice"), ("post", "resubmission"), ("post", "regeneration")]
    )
    def test_w11_a_stranger_finds_nothing(self, asked: Run, cyd: User, token_of: Callable[..., str], method: str, path: str) -> None:
        reply = answered(asked, "Woof")
        answer = getattr(Api(token_of(cyd, "chat")), method)(*[f"messages/{reply.pk}/{path}", *([{"body": "x"}] * (method == "post"))])
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


class TestByForms:
    def test_they_work_without_script(self, direct: Room, asked: Run, bea_client: Client) -> None:
        reply = answered(asked, "Woof")
        at = f"/rooms/{direct.pk}/messages/{reply.pk}"
        assert bea_client.post(f"{at}/regeneration/").status_code == 302
        answered(next_run(), "Gladly")
        page = bea_client.get(f"/rooms/{direct.pk}/").content.decode()
        assert f"{at}/choice/" in page
        assert bea_client.post(f"{at}/choice/").status_code == 302
        assert shown(direct) == ["Let's go for a walk", "Woof"]
        sent = bea_client.post(f"/rooms/{direct.pk}/messages/{asked.trigger[0]}/resubmission/", {"body": "Let's sleep"})
        assert sent.status_code == 302
        assert shown(direct) == ["Let's sleep"]

    def test_words_that_cannot_be_taken_come_back(self, direct: Room, asked: Run, bea_client: Client) -> None:
        answer = bea_client.post(f"/rooms/{direct.pk}/messages/{asked.trigger[0]}/resubmission/", {"body": " "})
        assert answer.status_code == 422
        assert "needs some text" in answer.content.decode()

    def test_what_cannot_be_made_again_is_said_on_a_page(self, direct: Room, at_work: Run, bea_client: Client) -> None:
        reply = at_work.reply(at_work.attempt, "1.0", "Woof", {}).message
        answer = bea_client.post(f"/rooms/{direct.pk}/messages/{reply.pk}/regeneration/")
        assert answer.status_code == 403
        assert "This answer is not finished yet." in answer.content.decode()

    @pytest.mark.parametrize("path", ["choice", "resubmission", "regeneration"])
    def test_w11_a_stranger_and_a_foreign_room_give_404(
        self, direct: Room, group: Room, asked: Run, bea_client: Client, cyd_client: Client, path: str
    ) -> None:
        reply = answered(asked, "Woof")
        assert cyd_client.post(f"/rooms/{direct.pk}/messages/{reply.pk}/{path}/", {"body": "x"}).status_code == 404
        assert bea_client.post(f"/rooms/{group.pk}/messages/{reply.pk}/{path}/", {"body": "x"}).status_code == 404

    def test_w11_who_was_removed_chooses_nothing(self, group: Room, bot: Bot, ada: User, bea: User, say: Say) -> None:
        say(group, "@echo hello")
        reply = answered(Run.objects.get(), "Hello")
        answered(regenerate(reply, bea).run, "Good morning")
        group.remove(bea, ada)
        with pytest.raises(NotFound):
            group.choose(reply, bea)


def test_the_example_of_a_delivery_still_names_what_is_sent(asked: Run, example: Callable[[str], Any]) -> None:
    delivery = delivery_of(claimed(asked))
    assert delivery
    assert set(delivery) == set(example("delivery"))
