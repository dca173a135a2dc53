"""Pages as people meet them: themes, phones, keyboards, long rooms, no script, and axe on every one of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from bots.models import Bot
from chat.models import Room
from tests.system.conftest import OpenPage

pytestmark = pytest.mark.system
WIDE, PHONE = {"width": 1360, "height": 860}, {"width": 390, "height": 844}
PASSWORD = "correct horse battery staple"
Faults = Callable[[Page], list[str]]


@pytest.fixture
def room(ada: User, bea: User, echo: User) -> Room:
    Bot.objects.create(
        user=echo,
        owner=ada,
        endpoint="http://127.0.0.1:1/",
        secret="x",
        persona={"about": "Says back what you say"},
        steps=[{"name": "Chat", "detail": "EchoBot"}, {"name": "Reply", "detail": ""}],
    )
    room = Room.group(ada, "Kyoto in May", [bea, echo])
    room.post(bea, "Hello @echo\n\n```python\nprint('庭')\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- [x] done\n\n> مرحبا")
    room.post(echo, "Chat failed.", kind="failure", metadata={"run": "0199a7c1-e3f0-7b1a-9c55-2f6f0a8d1e01"})
    room.post(ada, "mine", reply_to=room.messages.first())
    return room


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(
    browse: OpenPage, room: Room, ada: User, bea: User, echo: User, faults_of: Faults, theme: str
) -> None:
    direct, empty = Room.direct(ada, echo), Room.group(ada, "", [bea])
    page = browse(ada, "/", color_scheme=theme)
    paths = [f"/rooms/{room.pk}/", f"/rooms/{direct.pk}/", f"/rooms/{empty.pk}/", f"/rooms/{room.pk}/settings/", "/rooms/new/", "/welcome/"]
    paths += ["/people/", "/people/?q=nobody-at-all", "/people/echo/", "/people/ada/", "/profile/", "/profile/tokens/", "/invite/"]
    paths += [f"/rooms/{room.pk}/messages/{room.messages.filter(author=ada).get().pk}/", "/account/password/change/", "/nowhere/"]
    for path in paths:
        page.goto(path)
        assert not faults_of(page), path


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_for_visitors(browse: OpenPage, faults_of: Faults, theme: str) -> None:
    page = browse(None, "/account/login/", color_scheme=theme)
    for path in ("/account/login/", "/account/signup/", "/account/password/reset/", "/account/password/reset/done/", "/nowhere/"):
        page.goto(path)
        assert not faults_of(page), path
    page.goto("/account/login/")
    page.get_by_label("Username or e-mail address").fill("nobody")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert not faults_of(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, {"width": 1360, "height": 860}], ids=["phone", "wide"])
def test_axe_finds_nothing_with_everything_open(
    browse: OpenPage, room: Room, ada: User, faults_of: Faults, theme: str, viewport: dict[str, int]
) -> None:
    page = browse(ada, f"/rooms/{room.pk}/", color_scheme=theme, viewport=viewport)
    expect(page.locator("html[data-connection=on]")).to_have_count(1)
    page.get_by_role("button", name="Room menu").click()
    assert not faults_of(page), "room menu"
    page.keyboard.press("Escape")
    if viewport == PHONE:
        page.get_by_role("button", name="Rooms").click()
    page.get_by_role("button", name="Theme").click()
    assert not faults_of(page), "theme menu"
    page.keyboard.press("Escape")
    page.get_by_role("searchbox", name="Search people and bots").fill("ec")
    expect(page.get_by_role("navigation", name="Rooms").get_by_role("button", name=re.compile("Echo"))).to_be_visible()
    assert not faults_of(page), "search"
    if viewport == PHONE:
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        expect(page.get_by_role("searchbox")).to_be_hidden()
    box = page.get_by_role("textbox", name="Message", exact=True)
    box.fill("")
    box.press_sequentially("@e")
    expect(page.get_by_role("listbox")).to_be_visible()
    assert not faults_of(page), "mentions"
    page.keyboard.press("Escape")
    box.fill("")
    box.press("ArrowUp")
    expect(page.get_by_role("textbox", name="Edit message")).to_be_visible()
    assert not faults_of(page), "editing"
    page.keyboard.press("Escape")
    page.route("**/api/v1/rooms/*/messages", lambda route: route.abort())
    box.fill("unsent")
    box.press("Enter")
    expect(page.get_by_role("button", name="Retry").last).to_be_visible()
    page.evaluate("document.getElementById('confirm-delete').showModal()")
    assert not faults_of(page), "dialog"


def test_the_theme_is_chosen_from_the_menu_and_remembered(browse: OpenPage, room: Room, ada: User) -> None:
    page = browse(ada, f"/rooms/{room.pk}/", color_scheme="light")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.get_by_role("button", name="Theme").click()
    page.get_by_role("menuitemradio", name="Dark").click()
    assert page.evaluate(paper) != light
    page.reload()
    assert page.evaluate(paper) != light
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.get_by_role("button", name="Theme").click()
    page.get_by_role("menuitemradio", name="Automatic").click()
    assert page.evaluate(paper) == light
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(paper) != light


def test_on_a_phone_the_rooms_open_over_the_page_and_make_way(browse: OpenPage, room: Room, ada: User, echo: User) -> None:
    direct = Room.direct(ada, echo)
    Bot.objects.filter(user=echo).update(persona={"about": "Says back what you say, every word of it, whatever it is"})
    page = browse(ada, f"/rooms/{room.pk}/", viewport=PHONE, has_touch=True, is_mobile=True)
    expect(page.get_by_role("textbox", name="Message", exact=True)).to_be_in_viewport()
    expect(page.get_by_role("searchbox")).to_be_hidden()
    page.get_by_role("button", name="Rooms").tap()
    page.get_by_role("navigation", name="Rooms").get_by_role("link", name=re.compile("^Echo")).tap()
    expect(page).to_have_url(re.compile(str(direct.pk)))
    expect(page.get_by_role("searchbox")).to_be_hidden()
    # The name in full comes before what the bot is for.
    assert page.evaluate("(name => name.scrollWidth <= name.clientWidth)(document.querySelector('.top h1'))")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    small = page.evaluate(
        """[...document.querySelectorAll('.conversation button, .top a, .composer button')].filter(one => one.checkVisibility())
        .map(one => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
        .filter(([, box]) => box.height < 40 || box.width < 40).map(([html]) => html)"""
    )
    assert small == []


def test_mentions_are_completed_with_the_keyboard(browse: OpenPage, room: Room, ada: User) -> None:
    page = browse(ada, f"/rooms/{room.pk}/")
    box = page.get_by_role("textbox", name="Message", exact=True)
    box.press_sequentially("hi @e")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(box).to_have_value("hi @echo ")
    expect(page.locator("article")).to_have_count(3)
    box.press_sequentially("@")
    expect(page.get_by_role("option")).to_have_count(2)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    expect(box).to_have_value("hi @echo @echo ")
    box.press_sequentially("@b")
    expect(page.get_by_role("option")).to_have_count(1)
    page.get_by_role("option").click()
    expect(box).to_have_value("hi @echo @echo @bea ")


def test_code_can_be_copied(browse: OpenPage, room: Room, ada: User) -> None:
    page = browse(ada, f"/rooms/{room.pk}/")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(".code-block").hover()
    page.get_by_role("button", name="Copy").click()
    assert page.evaluate("navigator.clipboard.readText()").strip() == "print('庭')"


def test_older_messages_come_on_scrolling_up_without_a_jump(browse: OpenPage, ada: User, bea: User) -> None:
    room = Room.group(ada, "Long", [bea])
    for number in range(160):
        room.post(ada, f"number {number}")
    page = browse(ada, f"/rooms/{room.pk}/")
    log = page.get_by_role("log", name="Messages")
    expect(page.get_by_text("number 159", exact=True)).to_be_in_viewport()
    expect(page.locator("article")).to_have_count(50)
    log.evaluate("log => (log.scrollTop = -(log.scrollHeight - log.clientHeight - 400))")
    mark = page.locator("article", has_text=re.compile(r"number 11[5-9]\b")).first
    before = mark.bounding_box()
    expect(page.locator("article")).to_have_count(100)
    after = mark.bounding_box()
    assert before and after and abs(before["y"] - after["y"]) < 2
    for count in (150, 160):
        log.evaluate("log => (log.scrollTop = -log.scrollHeight)")
        expect(page.locator("article")).to_have_count(count)
    expect(page.get_by_text("number 0", exact=True)).to_have_count(1)
    expect(page.get_by_role("link", name="Older messages")).to_have_count(0)
    expect(page.locator(".day")).to_have_count(1)


MELBOURNE = """at => new Intl.DateTimeFormat('en-GB', {hour: '2-digit', minute: '2-digit', timeZone: 'Australia/Melbourne'})
    .format(new Date(at))"""


def test_times_are_told_in_the_readers_zone(browse: OpenPage, room: Room, ada: User, bea: User) -> None:
    page = browse(bea, f"/rooms/{room.pk}/")
    loaded = page.locator("article .message__time time").first
    expect(loaded).to_have_text(page.evaluate(MELBOURNE, loaded.get_attribute("datetime")))
    expect(page.locator("html[data-connection=on]")).to_have_count(1)
    room.post(ada, "pushed")
    pushed = page.get_by_role("article").filter(has_text="pushed").locator("time").first
    expect(pushed).to_have_text(page.evaluate(MELBOURNE, pushed.get_attribute("datetime")))


def test_a_newcomer_signs_up_opens_a_bot_and_writes(browse: OpenPage, room: Room) -> None:
    page = browse(None, "/", timezone_id="Asia/Tokyo")
    page.get_by_role("link", name="Sign up").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign up")
    page.get_by_label("Username").fill("dot")
    page.get_by_label("E-mail address").fill("dot@example.com")
    page.get_by_label("Password").fill("a long enough phrase")
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hello, dot")
    assert User.objects.get(username="dot").timezone == "Asia/Tokyo"
    page.get_by_role("region", name="Welcome").get_by_role("button", name=re.compile("Echo")).click()
    box = page.get_by_role("textbox", name="Message", exact=True)
    box.fill("hello")
    box.press("Enter")
    expect(page.get_by_role("article", name="dot")).to_contain_text("hello")
    expect(page.get_by_role("navigation", name="Rooms").get_by_role("link", name=re.compile("^Echo"))).to_have_attribute(
        "aria-current", "page"
    )


def test_without_script_everything_works_by_plain_forms(browse: OpenPage, room: Room, ada: User, bea: User) -> None:
    page = browse(ada, "/people/", java_script_enabled=False)
    page.get_by_role("button", name="Write to Bea").click()
    page.get_by_role("textbox", name="Message", exact=True).fill("by form")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("article", name="Ada")).to_contain_text("by form")
    page.get_by_role("article", name="Ada").get_by_role("link").last.click()
    page.get_by_label("Your words").fill("by form, edited")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Back to the room").click()
    expect(page.get_by_role("article", name="Ada")).to_contain_text("edited")
    page.get_by_role("link", name="New room").click()
    page.get_by_label("Name", exact=True).fill("By form")
    page.get_by_role("checkbox", name=re.compile("^Bea")).check()
    page.get_by_role("button", name="Start the room").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("By form")


@pytest.mark.parametrize("viewport", [WIDE, PHONE])
def test_the_composer_stands_at_the_foot_of_every_room(browse: OpenPage, ada: User, bea: User, echo: User, viewport: Any) -> None:
    for other in (bea, echo):
        room = Room.direct(ada, other)
        room.post(ada, "Are you there?")
        page = browse(ada, f"/rooms/{room.pk}/", viewport=viewport)
        foot = page.get_by_role("textbox", name="Message", exact=True).bounding_box()
        assert foot and viewport["height"] - 100 < foot["y"] + foot["height"] <= viewport["height"]


def test_hard_cases_keep_their_shape(browse: OpenPage, ada: User, faults_of: Faults) -> None:
    crowd = [User.objects.create_user(f"member{number}", name=f"{'Very long name ' * 5}{number}"[-80:]) for number in range(199)]
    room = Room.group(ada, "W" * 80, crowd)
    room.post(crowd[0], "\n".join(f"line {number}" for number in range(1_900)))
    room.post(crowd[1], "x" * 5_000)
    room.post(crowd[2], "長い" * 300)
    for viewport in (PHONE, WIDE):
        page = browse(ada, f"/rooms/{room.pk}/", viewport=viewport)
        expect(page.get_by_role("textbox", name="Message", exact=True)).to_be_in_viewport()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate("(log => log.scrollWidth <= log.clientWidth)(document.querySelector('[role=log]'))")
        page.goto(f"/rooms/{room.pk}/settings/")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
