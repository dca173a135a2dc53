"""Rooms: who is in them, who may do what there, and what everybody hears of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from chat import access, signals
from chat.errors import BadInput, ChatError, NotAllowed, NotFound
from chat.models import Membership, Message, Room
from tests.chat.at_once import in_threads

Wish = Callable[[], object]


def kinds(room: Room) -> list[str]:
    return list(room.events.order_by("seq").values_list("kind", flat=True))


class TestDirect:
    def test_there_is_one_room_for_two(self, bea: User, ada: User) -> None:
        assert Room.direct(bea, ada) == Room.direct(ada, bea)
        assert Room.objects.direct(bea, ada)[1] is False

    @pytest.mark.django_db(transaction=True)
    def test_there_is_one_room_even_when_both_open_it_in_the_same_moment(self, bea: User, ada: User) -> None:
        start = threading.Barrier(6)

        def open_it(a: User, b: User) -> Any:
            start.wait()
            return Room.direct(a, b).pk

        found = in_threads([lambda: open_it(bea, ada), lambda: open_it(ada, bea)] * 3)
        assert len(set(found)) == 1
        assert Membership.objects.count() == 2

    def test_nobody_has_a_room_with_themselves(self, bea: User) -> None:
        with pytest.raises(BadInput):
            Room.direct(bea, bea)

    def test_its_members_and_name_stay_as_they_are(self, direct: Room, bea: User, cyd: User) -> None:
        wishes: list[Wish] = [
            lambda: direct.add(cyd, bea),
            lambda: direct.remove(bea, bea),
            lambda: direct.rename(bea, "x"),
            lambda: direct.dissolve(bea),
        ]
        for wish in wishes:
            with pytest.raises(NotAllowed):
                wish()
        assert kinds(direct) == []


class TestGroup:
    def test_its_creator_is_its_admin(self, room: Room, bea: User, ada: User) -> None:
        assert room.memberships.get(user=bea).is_admin
        assert not room.memberships.get(user=ada).is_admin

    def test_any_member_may_add_somebody_who_then_sees_the_whole_history_as_read(self, room: Room, bea: User, ada: User, cyd: User) -> None:
        room.post(bea, "before your time")
        assert room.add(cyd, by=ada)

        membership = access.membership_for(cyd, room.pk)
        assert (membership.role, membership.last_read) == ("member", 1)
        assert [message.body for message in membership.room.page()] == ["before your time"]
        assert kinds(room) == ["message.posted", "member.joined"]

    def test_adding_somebody_twice_changes_nothing(self, room: Room, bea: User, ada: User) -> None:
        assert not room.add(ada, by=bea)
        assert kinds(room) == []

    def test_a_member_may_leave_and_others_hear_who(self, room: Room, ada: User) -> None:
        heard = []

        def listen(room: Room, user: User, **_: Any) -> None:
            heard.append((room, user))

        signals.member_left.connect(listen)
        try:
            room.remove(ada, by=ada)
        finally:
            signals.member_left.disconnect(listen)
        assert heard == [(room, ada)]
        assert room.events.get().data == {"user": {"id": ada.pk, "username": "ada", "name": "Ada", "is_bot": False}, "by": "ada"}
        with pytest.raises(NotFound):
            access.room_for(ada, room.pk)

    def test_only_an_admin_may_remove_others_rename_and_dissolve(self, room: Room, bea: User, ada: User) -> None:
        wishes: list[Wish] = [lambda: room.remove(bea, by=ada), lambda: room.rename(ada, "Mine"), lambda: room.dissolve(ada)]
        for wish in wishes:
            with pytest.raises(NotAllowed):
                wish()
        assert kinds(room) == []
        assert Room.objects.get(pk=room.pk).name == "Kyoto in May"

    def test_an_admin_may_remove_rename_and_dissolve(self, room: Room, bea: User, ada: User) -> None:
        room.rename(bea, "  Osaka \n in   June ")
        room.remove(ada, by=bea)
        room.dissolve(bea)

        assert kinds(room) == ["room.renamed", "member.left", "room.removed"]
        assert Room.objects.get(pk=room.pk).name == "Osaka in June"
        assert not Room.objects.visible_to(bea).exists()
        with pytest.raises(NotFound):
            room.post(bea, "too late")

    def test_when_the_admin_leaves_the_oldest_person_follows(self, bea: User, echo: User, ada: User, cyd: User) -> None:
        room = Room.group(bea, "Heirs", [echo, ada, cyd])
        room.remove(bea, by=bea)
        assert list(room.memberships.filter(role="admin").values_list("user__username", flat=True)) == ["ada"]

    def test_who_is_not_in_it_cannot_be_removed(self, room: Room, bea: User, cyd: User) -> None:
        with pytest.raises(NotFound):
            room.remove(cyd, by=bea)

    @pytest.mark.parametrize("name", ["x" * 81, "a\x00", "\udc00"])
    def test_i10_a_name_that_cannot_be_stored_is_refused(self, room: Room, bea: User, name: str) -> None:
        with pytest.raises(BadInput):
            room.rename(bea, name)

    def test_a_group_has_at_most_two_hundred_members(self, bea: User) -> None:
        crowd = [User(pk=bea.pk + number, username=f"u{number}") for number in range(1, 201)]
        with pytest.raises(BadInput):
            Room.group(bea, "Crowd", crowd)


class TestMessages:
    def test_its_author_may_edit_it(self, room: Room, bea: User) -> None:
        message = room.post(bea, "Helo").message.edit(bea, "Hello **you**")
        assert (message.body, message.edited_at is not None) == ("Hello **you**", True)
        assert "<strong>you</strong>" in Message.objects.get().html
        assert kinds(room) == ["message.posted", "message.edited"]

    def test_an_edit_that_changes_nothing_is_none(self, room: Room, bea: User) -> None:
        room.post(bea, "Hello").message.edit(bea, "Hello")
        assert kinds(room) == ["message.posted"]

    def test_its_author_may_take_it_back_and_the_words_are_gone(self, room: Room, bea: User) -> None:
        room.post(bea, "regret", metadata={"secret": 1}).message.retract(bea)
        message = Message.objects.get()
        assert (message.body, message.html, message.metadata, message.deleted_at is not None) == ("", "", {}, True)
        assert kinds(room) == ["message.posted", "message.deleted"]

    def test_nobody_else_may(self, room: Room, bea: User, ada: User) -> None:
        message = room.post(bea, "mine").message
        wishes: list[Wish] = [lambda: message.edit(ada, "ours"), lambda: message.retract(ada)]
        for wish in wishes:
            with pytest.raises(NotAllowed):
                wish()
        assert Message.objects.get().body == "mine"

    def test_what_was_taken_back_stays_so(self, room: Room, bea: User) -> None:
        message = room.post(bea, "regret").message.retract(bea)
        wishes: list[Wish] = [lambda: message.edit(bea, "no, I meant it"), lambda: message.retract(bea)]
        for wish in wishes:
            with pytest.raises(ChatError):
                wish()

    def test_a_failure_that_a_bot_reported_cannot_be_edited(self, room: Room, bea: User) -> None:
        message = room.post(bea, "The model did not answer.", kind="failure").message
        with pytest.raises(NotAllowed):
            message.edit(bea, "All is well")

    def test_it_is_read_in_pages(self, room: Room, bea: User, django_assert_num_queries: Any) -> None:
        for number in range(1, 8):
            room.post(bea, str(number))

        def bodies(**page: int) -> str:
            return "".join(message.body for message in room.page(**page))

        assert bodies(limit=3) == "567"
        assert bodies(before=5, limit=3) == "234"
        assert bodies(before=1, limit=3) == ""
        assert bodies(after=2, limit=3) == "345"
        assert bodies(after=7) == ""
        assert bodies(after=2, before=5) == "34"
        with django_assert_num_queries(2):
            assert [(message.author.label, message.room.name) for message in room.page()]


class TestReading:
    def test_it_goes_forward_and_never_past_the_end(self, room: Room, bea: User, ada: User) -> None:
        for number in range(3):
            room.post(bea, str(number))
        for asked, read in ((2, 2), (1, 2), (99, 3), (-1, 3)):
            assert access.membership_for(ada, room.pk).mark_read(asked) == read


class TestAccess:
    @pytest.mark.parametrize("room_id", ["", "x", "0", "../", "00000000-0000-0000-0000-000000000000", "\x00", "é" * 400])
    def test_i8_an_id_that_is_none_is_not_there(self, bea: User, room_id: str) -> None:
        for find in (access.room_for, access.membership_for, access.message_for):
            with pytest.raises(NotFound):
                find(bea, room_id)

    def test_i8_a_stranger_and_an_ex_member_see_what_never_existed(self, room: Room, bea: User, ada: User, cyd: User) -> None:
        message = room.post(bea, "private").message
        room.remove(ada, by=bea)
        never = "00000000-0000-0000-0000-000000000000"
        for user in (cyd, ada):
            for find, here in ((access.room_for, room.pk), (access.membership_for, room.pk), (access.message_for, message.pk)):
                with pytest.raises(NotFound) as there:
                    find(user, here)
                with pytest.raises(NotFound) as nowhere:
                    find(user, never)
                assert there.value.message == nowhere.value.message
