"""Alternatives and branches: several messages in one place, one of them shown to everybody, and what was said within each."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from accounts.models import User
from chat import sidebar
from chat.errors import BadInput, ClientIdReused, NotAllowed, NotFound
from chat.models import Attachment, Message, Room, RoomEvent
from chat.models.message import CARD, NOTICE
from chat.rendering import event_frame, message_json
from chat.room_page import RoomPage
from tests.chat.at_once import in_threads


@pytest.fixture
def talk(bea: User, echo: User) -> Room:
    """Bea's direct room with Echo."""
    return Room.direct(bea, echo)


@pytest.fixture
def shown() -> Callable[[Room], list[str]]:
    """What anybody reads who opens the room now."""
    return lambda room: [message.body for message in Room.objects.get(pk=room.pk).page(limit=100)]


Shown = Callable[[Room], list[str]]


def last_event(room: Room) -> RoomEvent:
    return room.events.order_by("-seq")[0]


def now(message: Message) -> Message:
    return Message.objects.select_related("room", "author").get(pk=message.pk)


class TestAlternatives:
    def test_an_alternative_takes_the_place_of_what_was_there(self, talk: Room, bea: User, echo: User, shown: Shown) -> None:
        talk.post(bea, "Hello")
        reply = talk.post(echo, "Hi").message
        talk.post(bea, "How are you?")

        other = talk.post_alternative(reply, echo, "Good morning", client_id="r-2:1").message

        assert shown(talk) == ["Hello", "Good morning", "How are you?"]
        assert (other.position, other.chosen, other.hidden) == (reply.position, True, False)
        assert (now(reply).chosen, now(reply).hidden) == (False, True)
        assert [message.body for message in other.alternatives()] == ["Hi", "Good morning"]
        assert now(other).place == (2, 2, reply.pk, None)

    def test_the_room_hears_which_one_is_shown(self, talk: Room, bea: User, echo: User) -> None:
        reply = talk.post(echo, "Hi").message
        other = talk.post_alternative(reply, echo, "Good morning").message

        event = last_event(talk)
        assert (event.kind, event.message) == ("branch.chosen", other)
        assert event.data == {"position": reply.position, "message": str(other.pk), "reload": False}
        frame = event_frame(event)
        assert (frame["message"]["alternative"], frame["message"]["alternatives"]) == (2, 2)
        assert "Good morning" in frame["html"]

    def test_one_that_is_not_chosen_stands_beside_the_one_that_is_shown(self, talk: Room, echo: User, shown: Shown) -> None:
        reply = talk.post(echo, "Hi").message
        other = talk.post_alternative(reply, echo, "Good morning", choose=False).message

        assert shown(talk) == ["Hi"]
        assert (other.chosen, other.hidden) == (False, True)
        event = last_event(talk)
        assert (event.kind, event.message) == ("message.edited", reply)
        assert event_frame(event)["message"]["alternatives"] == 2

    def test_p8_the_same_client_id_gives_the_stored_alternative(self, talk: Room, echo: User) -> None:
        reply = talk.post(echo, "Hi").message
        first = talk.post_alternative(reply, echo, "Good morning", client_id="r-2:1")
        again = talk.post_alternative(reply, echo, "Good morning", client_id="r-2:1")

        assert (first.created, again.created, again.message) == (True, False, first.message)
        with pytest.raises(ClientIdReused):
            talk.post_alternative(reply, echo, "Good night", client_id="r-2:1")
        assert Message.objects.count() == 2

    def test_i8_whoever_is_not_in_the_room_adds_none(self, talk: Room, echo: User, cyd: User) -> None:
        reply = talk.post(echo, "Hi").message
        with pytest.raises(NotFound):
            talk.post_alternative(reply, cyd, "Ha")

    def test_i8_a_message_of_another_room_has_no_place_here(self, talk: Room, room: Room, bea: User, echo: User) -> None:
        elsewhere = room.post(bea, "Hi").message
        with pytest.raises(NotFound):
            talk.post_alternative(elsewhere, echo, "Ha")


class TestChoosing:
    def test_any_member_chooses_for_everybody(self, talk: Room, bea: User, echo: User, shown: Shown) -> None:
        reply = talk.post(echo, "Hi").message
        talk.post_alternative(reply, echo, "Good morning")

        chosen = talk.choose(reply, bea)

        assert (chosen.chosen, chosen.hidden) == (True, False)
        assert shown(talk) == ["Hi"]
        assert (last_event(talk).kind, last_event(talk).message) == ("branch.chosen", reply)

    def test_choosing_what_is_shown_changes_nothing(self, talk: Room, bea: User, echo: User) -> None:
        reply = talk.post(echo, "Hi").message
        seq = last_event(talk).seq
        talk.choose(reply, bea)
        assert last_event(talk).seq == seq

    def test_i8_a_stranger_chooses_nothing(self, talk: Room, bea: User, echo: User, cyd: User, shown: Shown) -> None:
        reply = talk.post(echo, "Hi").message
        talk.post_alternative(reply, echo, "Good morning")
        with pytest.raises(NotFound):
            talk.choose(reply, cyd)
        assert shown(talk) == ["Good morning"]

    @pytest.mark.django_db(transaction=True)
    def test_of_two_who_choose_at_once_the_later_one_is_followed_by_all(self, room: Room, bea: User, ada: User) -> None:
        first = room.post(bea, "one").message
        others = [room.post_alternative(first, bea, word).message for word in ("two", "three")]

        def pick(message: Message, by: User) -> Message:
            return Room.objects.get(pk=room.pk).choose(message, by)

        in_threads([lambda: pick(first, bea), lambda: pick(others[0], ada)] * 4)

        assert Message.objects.filter(chosen=True, hidden=False).count() == 1
        assert list(room.events.values_list("seq", flat=True)) == list(range(1, room.events.count() + 1))
        assert last_event(room).message == Message.objects.get(chosen=True)


class TestResubmitting:
    def test_in_a_room_with_a_bot_it_makes_a_branch(self, talk: Room, bea: User, echo: User, shown: Shown) -> None:
        question = talk.post(bea, "Cats?").message
        talk.post(echo, "Cats purr.")
        talk.post(bea, "Why?")

        posted = now(question).resubmit(bea, "Dogs?", "c-2")

        assert posted.created
        assert shown(talk) == ["Dogs?"]
        talk.post(echo, "Dogs bark.")
        assert shown(talk) == ["Dogs?", "Dogs bark."]
        Room.objects.get(pk=talk.pk).choose(question, bea)
        assert shown(talk) == ["Cats?", "Cats purr.", "Why?"]
        talk.post(echo, "Because they are content.")
        Room.objects.get(pk=talk.pk).choose(posted.message, bea)
        assert shown(talk) == ["Dogs?", "Dogs bark."]

    def test_the_room_is_told_to_be_read_again_only_where_others_come_and_go(self, talk: Room, bea: User, echo: User) -> None:
        question = talk.post(bea, "Cats?").message
        other = now(question).resubmit(bea, "Dogs?").message
        assert last_event(talk).data == {"position": question.position, "message": str(other.pk), "reload": False}

        talk.post(echo, "Dogs bark.")
        talk.choose(question, bea)
        assert last_event(talk).data["reload"] is True

    def test_branches_within_branches_come_back_as_they_were_left(self, talk: Room, bea: User, echo: User, shown: Shown) -> None:
        one = talk.post(bea, "1").message
        talk.post(echo, "1 answered")
        two = talk.post(bea, "2").message
        talk.post(echo, "2 answered")
        other_two = now(two).resubmit(bea, "2b").message
        talk.post(echo, "2b answered")
        other_one = now(one).resubmit(bea, "1b").message
        talk.post(echo, "1b answered")

        def choose(message: Message) -> list[str]:
            Room.objects.get(pk=talk.pk).choose(message, bea)
            return shown(talk)

        assert shown(talk) == ["1b", "1b answered"]
        assert choose(one) == ["1", "1 answered", "2b", "2b answered"]
        assert Room.objects.get(pk=talk.pk).branch == other_two
        assert choose(two) == ["1", "1 answered", "2", "2 answered"]
        assert choose(other_one) == ["1b", "1b answered"]
        assert Room.objects.get(pk=talk.pk).branch == other_one
        # One far down is shown with everything on the way to it.
        assert choose(other_two) == ["1", "1 answered", "2b", "2b answered"]
        assert last_event(talk).data["reload"] is True

    def test_a_reply_made_again_within_a_branch_goes_with_it(self, talk: Room, bea: User, echo: User, shown: Shown) -> None:
        talk.post(bea, "0")
        early = talk.post(echo, "0 answered").message
        one = talk.post(bea, "1").message
        reply = talk.post(echo, "1 answered").message
        talk.post_alternative(reply, echo, "1 answered better")
        talk.post_alternative(early, echo, "0 answered better")
        now(one).resubmit(bea, "1b")
        assert shown(talk) == ["0", "0 answered better", "1b"]

        Room.objects.get(pk=talk.pk).choose(early, bea)
        assert shown(talk) == ["0", "0 answered", "1b"]
        Room.objects.get(pk=talk.pk).choose(reply, bea)
        assert shown(talk) == ["0", "0 answered", "1", "1 answered"]

    def test_what_belongs_to_an_earlier_reply_stays_with_that(self, talk: Room, bea: User, echo: User, shown: Shown) -> None:
        talk.post(bea, "1")
        reply = talk.post(echo, "1 answered").message
        two = talk.post(bea, "2").message
        again = talk.post_alternative(reply, echo, "1 answered again").message
        talk.post(echo, "and at length", within=again)
        talk.post(echo, "2 answered")

        now(two).resubmit(bea, "2b")

        assert shown(talk) == ["1", "1 answered again", "2b", "and at length"]
        Room.objects.get(pk=talk.pk).choose(reply, bea)
        assert shown(talk) == ["1", "1 answered", "2b"]

    def test_p2_sent_twice_it_is_one_alternative(self, talk: Room, bea: User) -> None:
        question = talk.post(bea, "Cats?", client_id="c-1").message
        first = now(question).resubmit(bea, "Dogs?", "c-2")
        again = now(question).resubmit(bea, "Dogs?", "c-2")
        assert (first.created, again.created, again.message) == (True, False, first.message)
        assert Message.objects.count() == 2

    @pytest.mark.django_db(transaction=True)
    def test_two_tabs_that_send_at_once_make_two_alternatives_of_which_one_is_shown(self, talk: Room, bea: User) -> None:
        question = talk.post(bea, "Cats?").message
        in_threads([lambda: now(question).resubmit(bea, "Dogs?"), lambda: now(question).resubmit(bea, "Birds?")] * 2)
        assert question.alternatives().count() == 5
        assert question.alternatives().get(chosen=True) == question.alternatives().get(hidden=False) == Room.objects.get(pk=talk.pk).branch

    def test_in_a_group_it_is_an_edit_and_later_messages_stay(self, room: Room, bea: User, ada: User, shown: Shown) -> None:
        question = room.post(bea, "Cats?").message
        room.post(ada, "Yes")
        posted = now(question).resubmit(bea, "Dogs?", "c-2")

        assert (posted.created, posted.message.pk) == (False, question.pk)
        assert shown(room) == ["Dogs?", "Yes"]
        assert Room.objects.get(pk=room.pk).branch is None

    @pytest.mark.parametrize("kind", [NOTICE, CARD])
    def test_i8_only_its_author_says_a_message_in_other_words(self, talk: Room, bea: User, echo: User, cyd: User, kind: str) -> None:
        question = talk.post(bea, "Cats?").message
        notice = talk.post(bea, "We start afresh.", kind=kind).message
        for message, by, refusal in [(question, echo, NotAllowed), (question, cyd, NotFound), (notice, bea, NotAllowed)]:
            with pytest.raises(refusal):
                now(message).resubmit(by, "Dogs?")

    def test_what_is_taken_back_or_not_shown_cannot_be_said_anew(self, talk: Room, bea: User) -> None:
        question = talk.post(bea, "Cats?").message
        after = talk.post(bea, "Please").message
        other = now(question).resubmit(bea, "Dogs?").message
        with pytest.raises(BadInput, match="shows another version"):
            now(after).resubmit(bea, "Now")
        now(other).retract(bea)
        with pytest.raises(BadInput, match="deleted"):
            now(other).resubmit(bea, "Birds?")

    def test_its_files_go_with_the_new_words_and_stay_with_the_old(self, talk: Room, bea: User) -> None:
        about = {"kind": "file", "name": "cat.txt", "content_type": "text/plain", "size": 4, "sha256": "0" * 64}
        file = Attachment.objects.create(room=talk, uploader=bea, content="attachments/x", **about)
        question = talk.post(bea, "Cats?", attachments=[file]).message
        other = now(question).resubmit(bea, "").message
        assert [each.name for each in other.attachments.all()] == [each.name for each in question.attachments.all()] == ["cat.txt"]
        now(other).retract(bea)
        assert Attachment.objects.get(message=question).content.name == "attachments/x"

    def test_a_chosen_alternative_that_is_deleted_keeps_its_place_and_its_arrows(self, talk: Room, bea: User, echo: User) -> None:
        question = talk.post(bea, "Cats?").message
        other = now(question).resubmit(bea, "Dogs?").message
        now(other).retract(bea)
        frame = event_frame(last_event(talk))
        assert "This message was deleted" in frame["html"]
        assert str(question.pk) in frame["html"]
        talk.choose(question, bea)
        assert not now(question).hidden


class TestWhatIsHidden:
    def test_no_page_holds_it_and_pages_stay_full(self, talk: Room, bea: User, echo: User) -> None:
        question = talk.post(bea, "Cats?").message
        for number in range(60):
            talk.post(echo, str(number))
        now(question).resubmit(bea, "Dogs?")
        for number in range(55):
            talk.post(echo, f"dogs {number}")

        page = RoomPage(talk.memberships.select_related("room", "user").get(user=bea))
        assert [message.body for message in page.messages] == [f"dogs {number}" for number in range(5, 55)]
        assert page.has_older
        older = Room.objects.get(pk=talk.pk).page(before=page.first_position)
        assert [message.body for message in older] == ["Dogs?", *(f"dogs {number}" for number in range(5))]

    def test_it_is_neither_unread_nor_the_last_word(self, talk: Room, bea: User, echo: User) -> None:
        question = talk.post(bea, "Cats?").message
        talk.post(echo, "Cats purr.")
        now(question).resubmit(bea, "Dogs?")

        place = sidebar.place_of(bea, talk)
        assert place and place.last
        assert (place.unread, place.last.body) == (0, "Dogs?")

    def test_what_is_posted_into_a_branch_that_is_left_is_not_shown(self, talk: Room, bea: User, echo: User, shown: Shown) -> None:
        question = talk.post(bea, "Cats?").message
        other = now(question).resubmit(bea, "Dogs?").message
        talk.choose(question, bea)

        late = talk.post(echo, "Dogs bark.", within=other).message

        assert late.hidden
        frame = event_frame(last_event(talk))
        assert (frame["kind"], frame["html"], frame["message"]["hidden"]) == ("message.posted", "", True)
        assert shown(talk) == ["Cats?"]
        talk.choose(other, bea)
        assert shown(talk) == ["Dogs?", "Dogs bark."]

    def test_a_message_says_where_it_stands(self, talk: Room, bea: User, echo: User) -> None:
        reply = talk.post(echo, "Hi").message
        talk.post_alternative(reply, echo, "Good morning")
        known = message_json(now(reply))
        assert (known["alternative"], known["alternatives"], known["hidden"]) == (1, 2, True)

    def test_a_page_without_alternatives_asks_nothing_about_them(
        self, talk: Room, bea: User, django_assert_num_queries: Callable[..., AbstractContextManager[object]]
    ) -> None:
        for number in range(5):
            talk.post(bea, str(number))
        room = Room.objects.get(pk=talk.pk)
        with django_assert_num_queries(2):  # the messages, and what is attached to them
            assert all(message.place.total == 1 for message in room.page())


class TestRewriting:
    def test_c26_another_member_mends_what_a_bot_said(self, talk: Room, bea: User, echo: User) -> None:
        reply = talk.post(echo, "Cats bark.", metadata={"run": "r-1"}).message
        now(reply).rewrite(bea, "Cats **purr**.", {"corrected": "bea"})

        mended = now(reply)
        assert (mended.body, mended.metadata) == ("Cats **purr**.", {"run": "r-1", "corrected": "bea"})
        assert "<strong>purr</strong>" in mended.html
        assert mended.edited_at
        assert (last_event(talk).kind, last_event(talk).message) == ("message.edited", reply)

    def test_i8_nobody_rewrites_a_person_nor_a_card_and_no_bot_rewrites(self, talk: Room, bea: User, echo: User, cyd: User) -> None:
        mine, reply = talk.post(bea, "Hello").message, talk.post(echo, "Hi").message
        card = talk.post(echo, "May I?", kind=CARD).message
        for message, by, refusal in [(mine, bea, NotAllowed), (card, bea, NotAllowed), (reply, echo, NotAllowed), (reply, cyd, NotFound)]:
            with pytest.raises(refusal):
                now(message).rewrite(by, "other")
        now(reply).retract(echo)
        with pytest.raises(BadInput):
            now(reply).rewrite(bea, "other")
