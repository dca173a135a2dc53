"""Rooms as pages, by plain requests."""

from __future__ import annotations

import re
import uuid
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from bots.models import Bot
from chat import drafts
from chat.errors import TooFast
from chat.models import Room
from chat.rendering import as_author


@pytest.fixture
def room(ada: User, bea: User) -> Room:
    return Room.group(ada, "Kyoto in May", [bea])


def words_of(page: bytes) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.decode())).split())


def bodies(page: bytes) -> list[str]:
    return re.findall(r'data-message-target="body"><p dir="auto">(.*?)</p>', page.decode())


def test_the_first_page_of_a_newcomer_says_what_this_is(cyd_client: Client, echo: User) -> None:
    answer = cyd_client.get("/", follow=True)
    assert answer.redirect_chain == [("/welcome/", 302)]
    assert "Hello, Cyd." in words_of(answer.content)
    assert 'value="echo"' in answer.content.decode()


def test_the_address_of_the_chat_opens_the_room_that_was_open_last(ada_client: Client, ada: User, bea: User, room: Room) -> None:
    other = Room.direct(ada, bea)
    room.post(bea, "the latest word")
    assert ada_client.get("/").headers["Location"] == f"/rooms/{room.pk}/"
    ada_client.get(f"/rooms/{other.pk}/")
    assert ada_client.get("/").headers["Location"] == f"/rooms/{other.pk}/"


def test_a_prefetched_room_is_not_the_last_one(ada_client: Client, ada: User, bea: User, room: Room) -> None:
    other = Room.direct(ada, bea)
    ada_client.get(f"/rooms/{room.pk}/")
    ada_client.get(f"/rooms/{other.pk}/", headers={"X-Sec-Purpose": "prefetch"})
    assert ada_client.get("/").headers["Location"] == f"/rooms/{room.pk}/"


def test_a_room_names_its_parts_for_people_and_screen_readers(ada_client: Client, ada: User, room: Room) -> None:
    room.post(ada, "a **bold** word")
    page = ada_client.get(f"/rooms/{room.pk}/").content.decode()
    assert '<nav class="rooms" aria-label="Rooms"' in page
    assert 'role="log" aria-label="Messages"' in page
    assert 'aria-label="Search people and bots"' in page
    assert 'aria-label="Message"' in page
    assert 'aria-label="Theme"' in page
    assert page.count("<h1") == 1
    assert re.search(r'<article class="message"[^>]* aria-label="Ada"', page)
    assert "<strong>bold</strong>" in page


def test_a_stranger_finds_nothing(cyd_client: Client, room: Room, ada: User) -> None:
    message = room.post(ada, "secret").message
    never = uuid.uuid4()
    for path in ("", "settings/", f"messages/{message.pk}/"):
        answer, nothing = cyd_client.get(f"/rooms/{room.pk}/{path}"), cyd_client.get(f"/rooms/{never}/{path}")
        assert (answer.status_code, nothing.status_code) == (404, 404)
        assert words_of(answer.content) == words_of(nothing.content)
        assert "secret" not in answer.content.decode()
    for path in ("messages/", "read/", "name/", "members/", "removal/", "members/ada/removal/", f"messages/{message.pk}/edit/"):
        assert cyd_client.post(f"/rooms/{room.pk}/{path}", {"body": "x", "name": "x", "member": "cyd"}).status_code == 404, path
    assert cyd_client.post(f"/rooms/{room.pk}/messages/{message.pk}/deletion/").status_code == 404
    message.refresh_from_db()
    assert message.body == "secret"


def test_a_member_who_left_finds_nothing_either(bea_client: Client, bea: User, room: Room) -> None:
    room.remove(bea, bea)
    assert bea_client.get(f"/rooms/{room.pk}/").status_code == 404


def test_a_message_cannot_be_reached_through_another_room(ada_client: Client, ada: User, bea: User, room: Room) -> None:
    message = room.post(ada, "here").message
    assert ada_client.get(f"/rooms/{Room.direct(ada, bea).pk}/messages/{message.pk}/").status_code == 404


def test_a_visitor_is_asked_to_sign_in_and_comes_back(client: Client, room: Room) -> None:
    answer = client.get(f"/rooms/{room.pk}/")
    assert answer.headers["Location"] == f"/account/login/?next=/rooms/{room.pk}/"


def test_private_pages_are_kept_by_nobody(ada_client: Client, room: Room) -> None:
    assert "no-store" in ada_client.get(f"/rooms/{room.pk}/").headers["Cache-Control"]


def test_posting_by_form_stores_and_returns(ada_client: Client, room: Room) -> None:
    answer = ada_client.post(f"/rooms/{room.pk}/messages/", {"body": "one\r\ntwo"}, follow=True)
    assert room.messages.get().body == "one\ntwo"
    assert "one<br>" in answer.content.decode()


def test_text_that_cannot_be_taken_comes_back_with_the_reason(ada_client: Client, room: Room) -> None:
    answer = ada_client.post(f"/rooms/{room.pk}/messages/", {"body": "y" * 20_001})
    assert answer.status_code == 422
    assert "20,000 is the most" in words_of(answer.content)
    assert "y" * 20_001 in answer.content.decode()


def test_who_posts_too_fast_by_form_gets_the_text_back(ada_client: Client, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_fast(user: User) -> None:
        raise TooFast(3)

    monkeypatch.setattr("chat.posting.posts.admit", too_fast)
    answer = ada_client.post(f"/rooms/{room.pk}/messages/", {"body": "keep these words"})
    assert answer.status_code == 429
    assert "Wait 3 s" in words_of(answer.content)
    assert "keep these words" in answer.content.decode()


def test_p2_pressing_send_twice_without_script_posts_once(ada_client: Client, room: Room) -> None:
    def form() -> dict[str, str]:
        found = re.search(r'name="client_id" value="([^"]+)"', ada_client.get(f"/rooms/{room.pk}/").content.decode())
        assert found
        return {"body": "once", "client_id": found[1]}

    first, second = form(), form()
    for sent in (first, first, second):
        assert ada_client.post(f"/rooms/{room.pk}/messages/", sent).status_code == 302
    assert room.messages.count() == 2

    again = ada_client.post(f"/rooms/{room.pk}/messages/", first | {"body": "after going back"})
    assert again.status_code == 422 and "after going back" in again.content.decode()
    assert first["client_id"] not in again.content.decode()


@pytest.mark.parametrize(("path", "form"), [
    ("messages/{message}/edit/", {"body": "z" * 20_001}),
    ("messages/{message}/edit/", {"body": "  "}),
    ("name/", {"name": "z" * 81}),
    ("members/", {"member": ["cyd"], "others": "zoltan"}),
])  # fmt: skip
def test_a_change_that_cannot_be_taken_comes_back_with_the_reason(
    ada_client: Client, ada: User, cyd: User, room: Room, path: str, form: dict[str, str | list[str]]
) -> None:
    message = room.post(ada, "as it was").message
    answer = ada_client.post(f"/rooms/{room.pk}/{path.format(message=message.pk)}", form)
    page = answer.content.decode()
    assert answer.status_code == 422 and 'role="alert"' in page
    for written in form.values():
        if isinstance(written, str):
            assert f">{written}</textarea>" in page or f'value="{written}"' in page
        else:
            assert 'value="cyd" checked' in page


def test_a_group_that_cannot_be_made_comes_back_as_it_was_filled_in(ada_client: Client, ada: User, bea: User) -> None:
    answer = ada_client.post("/rooms/", {"group": "1", "name": "Kyoto", "member": ["bea"], "others": "zoltan"})
    page = answer.content.decode()
    assert answer.status_code == 422 and "Nobody here has the username" in words_of(answer.content)
    assert 'value="Kyoto"' in page and 'value="bea" checked' in page and 'value="zoltan"' in page


def test_w17_nothing_is_changed_by_forms_faster_than_the_throttle_lets(
    ada_client: Client, ada: User, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = room.post(ada, "as it was").message

    def too_fast(user: User) -> None:
        raise TooFast(3)

    monkeypatch.setattr("chat.throttle.posts.admit", too_fast)
    for path in (
        "name/",
        "members/",
        "removal/",
        "members/bea/removal/",
        f"messages/{message.pk}/edit/",
        f"messages/{message.pk}/deletion/",
    ):
        answer = ada_client.post(f"/rooms/{room.pk}/{path}", {"body": "x", "name": "x", "member": "bea"})
        assert (path, answer.status_code, answer["Retry-After"]) == (path, 429, "3")
    assert ada_client.post("/rooms/", {"member": "bea", "name": "another", "group": "1"}).status_code == 429
    assert room.events.count() == 1 and Room.objects.count() == 1


def test_older_pages_are_reached_by_links(ada_client: Client, ada: User, room: Room) -> None:
    for number in range(120):
        room.post(ada, f"number {number}")
    newest = ada_client.get(f"/rooms/{room.pk}/").content
    assert bodies(newest) == [f"number {number}" for number in range(70, 120)]
    older = re.search(r'href="([^"]*\?before=\d+)"', newest.decode())
    assert older
    page = ada_client.get(older[1]).content
    assert bodies(page) == [f"number {number}" for number in range(20, 70)]
    newer = re.search(r'href="([^"]*\?after=\d+)"', page.decode())
    assert newer
    assert bodies(ada_client.get(newer[1]).content) == [f"number {number}" for number in range(70, 120)]


def test_a_part_asked_by_the_page_is_a_part(ada_client: Client, ada: User, room: Room) -> None:
    for number in range(60):
        room.post(ada, f"number {number}")
    part = ada_client.get(f"/rooms/{room.pk}/?before=11", headers={"Turbo-Frame": "older"}).content
    assert bodies(part) == [f"number {number}" for number in range(10)]
    assert b"<html" not in part
    assert b'<turbo-frame id="room-top"' in ada_client.get(f"/rooms/{room.pk}/", headers={"Turbo-Frame": "room-top"}).content


def test_a_room_costs_the_same_queries_however_much_is_in_it(
    ada_client: Client, ada: User, bea: User, room: Room, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(60):
        room.post(bea if number % 2 else ada, f"number {number}")
    for number in range(20):
        bot = User.objects.create_bot(f"bot{number}")
        Bot.objects.create(user=bot, owner=ada, endpoint="http://127.0.0.1:1/", secret="x")
        Room.direct(ada, bot).post(bot, "hi")
        room.add(bot, ada)
    with django_assert_max_num_queries(16):
        assert ada_client.get(f"/rooms/{room.pk}/").status_code == 200


def test_writing_to_somebody_opens_the_one_direct_room(ada_client: Client, ada: User, bea: User) -> None:
    first = ada_client.post("/rooms/", {"member": "bea"}).headers["Location"]
    assert ada_client.post("/rooms/", {"member": "bea"}).headers["Location"] == first
    assert first == f"/rooms/{Room.direct(bea, ada).pk}/"


def test_a_group_is_made_of_those_who_were_chosen(ada_client: Client, ada: User, bea: User, cyd: User, echo: User) -> None:
    answer = ada_client.post("/rooms/", {"member": ["bea", "echo"], "others": "@cyd", "name": "Kitchen", "group": "1"})
    room = Room.objects.get()
    assert answer.headers["Location"] == f"/rooms/{room.pk}/"
    assert room.name == "Kitchen"
    assert set(room.members.values_list("username", flat=True)) == {"ada", "bea", "cyd", "echo"}


def test_a_group_with_somebody_nobody_knows_is_not_made(ada_client: Client, ada: User) -> None:
    answer = ada_client.post(
        "/rooms/", {"others": "nobody", "group": "1"}, headers={"Referer": "http://testserver/rooms/new/"}, follow=True
    )
    assert "Nobody here has the username" in words_of(answer.content)
    assert not Room.objects.exists()


def test_a_failure_says_so_and_offers_another_try(ada_client: Client, ada: User, echo: User) -> None:
    room = Room.direct(ada, echo)
    room.post(echo, "The model answered 429.", kind="failure", metadata={"run": "0199a7c1-e3f0-7b1a-9c55-2f6f0a8d1e01"})
    page = ada_client.get(f"/rooms/{room.pk}/").content.decode()
    assert "Echo could not answer" in page
    assert 'action="/runs/0199a7c1-e3f0-7b1a-9c55-2f6f0a8d1e01/retry/"' in page


def test_a_bot_that_is_off_says_why_everywhere(ada_client: Client, ada: User, echo: User) -> None:
    Bot.objects.create(user=echo, owner=ada, endpoint="http://127.0.0.1:1/", secret="x", status="off", reason="It needs a key.")
    room = Room.direct(ada, echo)
    for path in (f"/rooms/{room.pk}/", "/people/", "/people/echo/"):
        assert "off: It needs a key" in words_of(ada_client.get(path).content).replace("Off", "off"), path


def test_a_person_without_script_edits_and_deletes_their_own_message(ada_client: Client, bea_client: Client, ada: User, room: Room) -> None:
    message = room.post(ada, "teh typo").message
    path = f"/rooms/{room.pk}/messages/{message.pk}/"
    assert "Delete this message" not in bea_client.get(path).content.decode()
    assert bea_client.post(f"{path}edit/", {"body": "mine now"}).status_code == 403
    ada_client.post(f"{path}edit/", {"body": "the typo"})
    message.refresh_from_db()
    assert message.body == "the typo"
    ada_client.post(f"{path}deletion/")
    assert "This message was deleted." in ada_client.get(f"/rooms/{room.pk}/").content.decode()


def test_what_was_read_is_marked_by_form(ada_client: Client, ada: User, bea: User, room: Room) -> None:
    room.post(bea, "unread")
    assert "(1 unread)" in words_of(ada_client.get("/welcome/").content)
    form = f'action="/rooms/{room.pk}/read/"'
    assert form in ada_client.get(f"/rooms/{room.pk}/").content.decode()
    assert ada_client.post(f"/rooms/{room.pk}/read/", follow=True).status_code == 200
    assert form not in ada_client.get(f"/rooms/{room.pk}/").content.decode()
    assert "unread)" not in words_of(ada_client.get("/welcome/").content)


def test_an_answer_under_way_can_be_stopped_by_form(ada_client: Client, echo: User, room: Room) -> None:
    run = str(uuid.uuid4())
    drafts.put(room.pk, [drafts.Frame(run=run, attempt=1, author=as_author(echo), offset=0, text="It depends", activity="thinking")])
    page = ada_client.get(f"/rooms/{room.pk}/").content.decode()
    assert f'action="{reverse("run_cancellation", args=[run])}"' in page


def test_an_answer_shows_what_it_answers(ada_client: Client, ada: User, bea: User, room: Room) -> None:
    asked = room.post(bea, "Shall we <walk>? " + "word " * 100).message
    answer = room.post(ada, "Yes.", reply_to=asked).message
    for path in ("", f"messages/{answer.pk}/"):
        page = ada_client.get(f"/rooms/{room.pk}/{path}").content
        assert "In answer to Bea: Shall we <walk>? word" in words_of(page)
        assert f'href="/rooms/{room.pk}/messages/{asked.pk}/"' in page.decode() and "<walk>" not in page.decode()
        assert "In answer to Bea: " + asked.body.strip() not in words_of(page)

    asked.retract(bea)
    assert "In answer to Bea: a message that was deleted" in words_of(ada_client.get(f"/rooms/{room.pk}/").content)


def test_looking_changes_nothing(ada_client: Client, ada: User, bea: User, room: Room) -> None:
    room.post(bea, "unread")
    ada_client.get(f"/rooms/{room.pk}/")
    assert room.memberships.get(user=ada).last_read == 0
