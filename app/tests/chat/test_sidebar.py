"""The list of rooms, and finding people: the right rows, in a few queries however many there are."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import User
from chat import people, sidebar
from chat.models import Room


def test_it_sorts_rooms_into_groups_people_and_bots_the_latest_first(bea: User, ada: User, cyd: User, echo: User) -> None:
    Room.direct(bea, echo)
    Room.direct(bea, ada)
    with_cyd, group = Room.direct(bea, cyd), Room.group(bea, "", [ada, cyd, echo])
    Room.direct(ada, cyd).post(ada, "none of your business")
    with_cyd.post(cyd, "hello")

    found = sidebar.rooms_for(bea)
    assert [place.title for place in found.people] == ["Cyd", "Ada"]
    assert [(place.title, place.is_bot) for place in found.bots] == [("Echo", True)]
    assert [(place.title, place.room) for place in found.groups] == [("Ada, Cyd, Echo", group)]
    assert found.places[0].room == with_cyd
    assert sidebar.last_room(bea) == with_cyd


def test_it_counts_what_others_wrote_since_one_read(room: Room, bea: User, ada: User) -> None:
    for body in ("one", "two", "three"):
        room.post(bea, body)
    room.post(bea, "oops").message.retract(bea)

    (place,) = sidebar.rooms_for(ada).groups
    assert (place.unread, place.last.body if place.last else "") == (3, "three")
    room.memberships.get(user=ada).mark_read(2)
    assert sidebar.rooms_for(ada).groups[0].unread == 1
    assert sidebar.rooms_for(bea).groups[0].unread == 0


def test_it_stops_counting_at_a_hundred(room: Room, bea: User, ada: User) -> None:
    for number in range(105):
        room.post(bea, str(number))
    assert sidebar.rooms_for(ada).groups[0].unread == sidebar.MOST_UNREAD == 100


def test_it_shows_the_first_words_only(room: Room, bea: User) -> None:
    room.post(bea, "x" * 20_000)
    last = sidebar.rooms_for(bea).groups[0].last
    assert last is not None
    assert len(last.body) == sidebar.SNIPPET


def test_the_first_words_are_shown_as_they_are_read(room: Room, bea: User) -> None:
    room.post(bea, "**Kyoto** in\n\n- *May*, see [the plan](https://kyoto.example/a-long-way-there)")
    last = sidebar.rooms_for(bea).groups[0].last
    assert last is not None
    assert last.body == "Kyoto in May, see the plan"


def test_it_costs_four_queries_however_many_rooms(bea: User, ada: User, django_assert_max_num_queries: Any) -> None:
    for number in range(12):
        Room.group(bea, f"Room {number}" if number % 2 else "", [ada]).post(ada, "hello")
    with django_assert_max_num_queries(4):
        found = sidebar.rooms_for(bea)
        assert [(place.title, place.last.author.label) for place in found.places if place.last]


def test_it_comes_in_pages(bea: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sidebar, "PAGE", 3)
    names = [f"Room {number}" for number in range(7)]
    for name in names:
        Room.group(bea, name, [])
    pages = [sidebar.rooms_for(bea, page) for page in (1, 2, 3, 4)]
    assert [place.title for page in pages for place in page.groups] == names[::-1]
    assert [page.more for page in pages] == [True, True, False, False]


def test_a_room_one_is_alone_in_says_so(bea: User) -> None:
    room = Room.group(bea, "", [])
    place = sidebar.place_of(bea, room)
    assert place is not None
    assert place.title == "Only you"


def test_i8_a_room_one_is_not_in_has_no_place(room: Room, cyd: User) -> None:
    assert sidebar.place_of(cyd, room) is None
    assert sidebar.rooms_for(cyd).places == []


class TestFindingPeople:
    def test_it_finds_by_name_and_username_but_never_oneself(self, bea: User, ada: User, cyd: User, echo: User) -> None:
        User.objects.filter(pk=cyd.pk).update(name="Cydney Ha")
        assert [user.username for user in people.search(bea).users] == ["ada", "cyd", "echo"]
        assert [user.username for user in people.search(bea, "cydney h").users] == ["cyd"]
        assert [user.username for user in people.search(bea, "@ECH").users] == ["echo"]
        assert people.search(bea, "bea").users == []

    def test_it_does_not_show_those_whose_account_is_closed(self, bea: User, cyd: User) -> None:
        User.objects.filter(pk=cyd.pk).update(is_active=False)
        assert people.search(bea, "cyd").users == []

    @pytest.mark.parametrize("text", ["%", "_", "\\", "\x00", "\ud800", "'; drop table", "x" * 10_000])
    def test_w29_it_takes_any_text_as_text(self, bea: User, ada: User, text: str) -> None:
        assert people.search(bea, text).users == ([ada] if text in {"\x00", "\ud800"} else [])

    def test_it_comes_in_pages_and_bounds_them(self, bea: User) -> None:
        User.objects.bulk_create(User(username=f"user-{number:03}") for number in range(45))
        pages = [people.search(bea, "user-", page) for page in (-7, 1, 2, 3, 10**9)]
        assert [len(page.users) for page in pages] == [20, 20, 20, 5, 0]
        assert [page.more for page in pages] == [True, True, True, False, False]
        assert pages[-1].page == people.MOST_PAGES
