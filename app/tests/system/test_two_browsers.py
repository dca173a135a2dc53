"""Two people in two browsers: what one does, the other sees within a blink."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from accounts.models import User
from chat.models import Message, Room
from tests.system.conftest import OpenPage, Site

pytestmark = pytest.mark.system


@pytest.fixture
def room(ada: User, bea: User) -> Room:
    return Room.group(ada, "Kyoto in May", [bea])


def write(page: Page, text: str) -> None:
    page.get_by_role("textbox", name="Message", exact=True).fill(text)
    page.keyboard.press("Enter")


def live(page: Page) -> Page:
    """Wait until the page's socket is open."""
    expect(page.locator("html[data-connection=on]")).to_have_count(1)
    return page


class Line:
    """The wire of a page's socket, which a test can cut."""

    def __init__(self, page: Page) -> None:
        self.down = self.deaf = False
        self._socket: WebSocketRoute | None = None
        page.route_web_socket(re.compile("/ws$"), self._plug)

    def cut(self) -> None:
        self.down = True
        assert self._socket
        self._socket.close(code=3000)

    def mend(self) -> None:
        self.down = False

    def say(self, frame: dict[str, Any]) -> None:
        assert self._socket
        self._socket.send(json.dumps(frame))

    def _plug(self, socket: WebSocketRoute) -> None:
        if self.down:
            return socket.close(code=3000)
        self._socket = socket
        server = socket.connect_to_server()
        server.on_message(lambda message: None if self.deaf else socket.send(message))
        return None


def test_a_message_reaches_the_other_browser_within_a_blink(browse: OpenPage, room: Room, ada: User, bea: User) -> None:
    hers, his = live(browse(ada, f"/rooms/{room.pk}/")), live(browse(bea, f"/rooms/{room.pk}/"))
    write(hers, "a **first** word")  # the first one warms the server
    expect(his.get_by_role("log", name="Messages").get_by_role("article", name="Ada")).to_contain_text("a first word")
    start = time.monotonic()
    write(hers, "quick as a blink")
    expect(his.get_by_role("article").get_by_text("quick as a blink")).to_be_visible()
    assert time.monotonic() - start < 1.0
    write(his, "and back")
    expect(hers.get_by_role("article", name="Bea")).to_contain_text("and back")
    expect(hers.locator("article")).to_have_count(3)
    expect(hers.locator(".message--sending")).to_have_count(0)


def test_the_author_sees_a_message_once_and_enter_sends_while_shift_enter_breaks(browse: OpenPage, room: Room, ada: User) -> None:
    page = live(browse(ada, f"/rooms/{room.pk}/"))
    box = page.get_by_role("textbox", name="Message", exact=True)
    box.press_sequentially("one")
    page.keyboard.press("Shift+Enter")
    box.press_sequentially("two")
    page.keyboard.press("Enter")
    article = page.get_by_role("article", name="Ada")
    expect(article).to_have_count(1)
    expect(article.locator("br")).to_have_count(1)
    expect(article).to_have_attribute("data-position", "1")
    expect(box).to_have_value("")


def test_the_button_sends_too(browse: OpenPage, room: Room, ada: User) -> None:
    page = browse(ada, f"/rooms/{room.pk}/")
    page.get_by_role("textbox", name="Message", exact=True).fill("by button")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("article", name="Ada")).to_contain_text("by button")


def test_an_edit_and_a_deletion_show_in_the_other_browser(browse: OpenPage, room: Room, ada: User, bea: User) -> None:
    message = room.post(ada, "teh typo").message
    hers, his = live(browse(ada, f"/rooms/{room.pk}/")), live(browse(bea, f"/rooms/{room.pk}/"))
    expect(his.get_by_role("button", name="Edit")).to_have_count(0)
    hers.get_by_role("article", name="Ada").hover()
    hers.get_by_role("button", name="Edit").click()
    hers.get_by_role("textbox", name="Edit message").fill("the typo")
    hers.get_by_role("button", name="Save").click()
    expect(his.get_by_role("article", name="Ada")).to_contain_text("the typo")
    expect(his.get_by_role("article", name="Ada")).to_contain_text("edited")
    hers.get_by_role("article", name="Ada").hover()
    hers.get_by_role("button", name="Delete").click()
    hers.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(his.get_by_role("article", name="Ada")).to_contain_text("This message was deleted.")
    message.refresh_from_db()
    assert message.body == ""


def test_the_last_own_message_is_edited_with_the_up_key(browse: OpenPage, room: Room, ada: User) -> None:
    room.post(ada, "first")
    room.post(ada, "last")
    page = live(browse(ada, f"/rooms/{room.pk}/"))
    page.get_by_role("textbox", name="Message", exact=True).press("ArrowUp")
    edit = page.get_by_role("textbox", name="Edit message")
    expect(edit).to_have_value("last")
    edit.press("Escape")
    expect(edit).to_have_count(0)
    expect(page.get_by_role("textbox", name="Message", exact=True)).to_be_focused()


def test_p4_after_a_lost_connection_exactly_what_was_missed_comes(browse: OpenPage, room: Room, ada: User, bea: User) -> None:
    room.post(bea, "before")
    page = browse(ada, "/profile/")
    line = Line(page)
    page.goto(f"/rooms/{room.pk}/")
    live(page)
    line.cut()
    expect(page.get_by_text("Reconnecting …").first).to_be_visible()
    for number in range(3):
        room.post(bea, f"missed {number}")
    line.mend()
    expect(page.get_by_role("article").get_by_text("missed 2")).to_be_visible()
    assert page.locator("article .message__body").all_inner_texts() == ["before", "missed 0", "missed 1", "missed 2"]
    expect(page.get_by_text("Reconnecting …").first).to_be_hidden()


def test_p5_what_redis_lost_comes_with_the_next_heartbeat(browse: OpenPage, room: Room, ada: User, bea: User) -> None:
    page = browse(ada, "/profile/")
    line = Line(page)
    page.goto(f"/rooms/{room.pk}/")
    live(page)
    line.deaf = True
    room.post(bea, "lost on the way")
    line.deaf = False
    line.say({"type": "seq", "rooms": {str(room.pk): 1}})
    expect(page.get_by_role("article", name="Bea")).to_contain_text("lost on the way")


def test_the_network_that_goes_away_is_told_at_once(browse: OpenPage, room: Room, ada: User) -> None:
    page = live(browse(ada, f"/rooms/{room.pk}/"))
    page.context.set_offline(True)
    expect(page.get_by_text("Reconnecting …").first).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("Reconnecting …").first).to_be_hidden()


def test_p4_a_restarted_server_is_found_again(browse: OpenPage, site: Site, room: Room, ada: User, bea: User) -> None:
    page = live(browse(ada, f"/rooms/{room.pk}/"))
    site.stop()
    expect(page.get_by_text("Reconnecting …").first).to_be_visible()
    room.post(bea, "while you were away")
    site.start()
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.get_by_role("article").get_by_text("while you were away")).to_be_visible(timeout=20_000)


def test_p2_what_could_not_be_sent_stays_with_retry_and_is_sent_once(browse: OpenPage, room: Room, ada: User) -> None:
    page = live(browse(ada, f"/rooms/{room.pk}/"))
    page.route("**/api/v1/rooms/*/messages", lambda route: route.abort())
    write(page, "keep me")
    expect(page.get_by_role("article", name="Ada")).to_contain_text("Not sent.")
    live(page).reload()  # the words outlive the page
    live(page)  # by now it has been tried again, and in vain
    expect(page.get_by_role("button", name="Retry")).to_be_visible()
    page.unroute("**/api/v1/rooms/*/messages")
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_role("article", name="Ada")).to_have_attribute("data-position", "1")
    expect(page.get_by_role("button", name="Retry")).to_have_count(0)
    page.reload()
    expect(page.locator("article")).to_have_count(1)
    assert Message.objects.filter(room=room).count() == 1


def test_a_refused_message_can_be_discarded(browse: OpenPage, room: Room, ada: User) -> None:
    page = live(browse(ada, f"/rooms/{room.pk}/"))
    body = '{"error": {"code": "too_fast", "message": "Wait 2 s and send again."}}'
    page.route("**/api/v1/rooms/*/messages", lambda route: route.fulfill(status=429, content_type="application/json", body=body))
    write(page, "too fast")
    expect(page.get_by_role("article", name="Ada")).to_contain_text("Wait 2 s and send again.")
    page.get_by_role("button", name="Discard").click()
    expect(page.locator("article")).to_have_count(0)


def test_a_half_written_message_is_kept_for_its_room(browse: OpenPage, room: Room, ada: User, bea: User) -> None:
    other = Room.direct(ada, bea)
    page = browse(ada, f"/rooms/{room.pk}/")
    box = page.get_by_role("textbox", name="Message", exact=True)
    box.fill("half a sent")
    page.get_by_role("navigation", name="Rooms").get_by_role("link", name=re.compile("^Bea")).click()
    expect(page).to_have_url(re.compile(str(other.pk)))
    expect(box).to_have_value("")
    page.get_by_role("navigation", name="Rooms").get_by_role("link", name=re.compile("Kyoto")).click()
    expect(box).to_have_value("half a sent")


def test_unread_messages_are_counted_elsewhere_and_cleared_when_read(browse: OpenPage, room: Room, ada: User, bea: User) -> None:
    Room.direct(ada, bea)
    page = live(browse(ada, f"/rooms/{Room.direct(ada, bea).pk}/"))
    kyoto = page.get_by_role("navigation", name="Rooms").get_by_role("link", name=re.compile("Kyoto"))
    room.post(bea, "one")
    room.post(bea, "two")
    expect(kyoto).to_contain_text("2")
    expect(kyoto).to_contain_text("Bea: two")
    expect(page).to_have_title(re.compile(r"^\(2\)"))
    kyoto.click()
    expect(page.get_by_role("article").get_by_text("two")).to_be_visible()
    expect(kyoto.locator(".count")).to_be_hidden()
    expect(page).to_have_title(re.compile("^Kyoto"))
    page.reload()
    expect(kyoto.locator(".count")).to_be_hidden()


def test_a_new_room_appears_by_itself_and_goes_with_its_end(browse: OpenPage, room: Room, ada: User, bea: User) -> None:
    page = live(browse(bea, f"/rooms/{room.pk}/"))
    nav = page.get_by_role("navigation", name="Rooms")
    fresh = Room.group(ada, "Bot workshop", [bea])
    expect(nav.get_by_role("link", name=re.compile("Bot workshop"))).to_be_visible()
    fresh.rename(ada, "Bot kitchen")
    expect(nav.get_by_role("link", name=re.compile("Bot kitchen"))).to_be_visible()
    fresh.dissolve(ada)
    expect(nav.get_by_role("link", name=re.compile("Bot kitchen"))).to_have_count(0)


def test_a_search_gives_the_list_back_with_the_room_still_marked(browse: OpenPage, room: Room, ada: User) -> None:
    page = live(browse(ada, f"/rooms/{room.pk}/"))
    nav, search = page.get_by_role("navigation", name="Rooms"), page.get_by_role("searchbox", name="Search people and bots")
    search.fill("nobody at all")
    expect(nav).to_contain_text("Nobody here is called")
    search.fill("")
    expect(nav.get_by_role("link", name=re.compile("Kyoto"))).to_have_attribute("aria-current", "page")


def test_signing_out_closes_the_other_tab_and_takes_the_words_along(browse: OpenPage, room: Room, ada: User) -> None:
    page = live(browse(ada, f"/rooms/{room.pk}/"))
    page.get_by_role("textbox", name="Message", exact=True).fill("half a thought")
    other = page.context.new_page()
    other.goto("/welcome/")
    other.get_by_role("button", name="Your menu").click()
    other.get_by_role("menuitem", name="Sign out").click()
    expect(other).to_have_url(re.compile("/account/login/"))
    expect(page).to_have_url(re.compile("/account/login/"))
    assert page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('parley:'))") == []


def test_a_session_that_ended_unheard_leads_to_the_sign_in(browse: OpenPage, room: Room, ada: User) -> None:
    page = browse(ada, "/profile/")
    line = Line(page)
    page.goto(f"/rooms/{room.pk}/")
    live(page)
    page.context.clear_cookies()
    line.cut()
    expect(page).to_have_url(re.compile("/account/login/"))


def test_a_removed_member_is_shown_out(browse: OpenPage, room: Room, ada: User, bea: User) -> None:
    page = live(browse(bea, f"/rooms/{room.pk}/"))
    room.remove(bea, ada)
    expect(page).to_have_url(re.compile("/welcome/"))
