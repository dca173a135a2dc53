"""The strip under a bot's message, in browsers: two people of the room, a third who may steer nothing, and a stranger."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from accounts.models import User
from bots import rating
from bots.alarms import Alarms
from bots.models import Bot, Case, Correction, Feedback, Run
from chat import drafts
from chat.models import Message, Room
from chat.publisher import publisher
from chat.rendering import as_author
from tests.bots.test_strip import STEPS, USED, step
from tests.system.conftest import OpenPage

pytestmark = pytest.mark.system
WIDE, PHONE = {"width": 1360, "height": 860}, {"width": 390, "height": 844}
NAMES = ("Draft", "Format", "Chat", "Reply")
BEFORE, AFTER = "A room overlooking the garden", "A room with a view of the garden"


@pytest.fixture
def dot(db: None) -> User:
    """A member who neither asks nor owns anything."""
    return User.objects.create_user("dot", "dot@example.com", "correct horse battery staple", name="Dot")


@pytest.fixture
def room(ada: User, bea: User, dot: User, echo: User) -> Room:
    """Ada owns Echo; Bea asks."""
    steps = [{"name": name, "detail": ""} for name in NAMES]
    Bot.objects.create(user=echo, owner=ada, endpoint="http://127.0.0.1:1/", secret="x", steps=steps)
    return Room.group(ada, "Kyoto in May", [bea, dot, echo])


class Echo:
    """Echo at work on what Bea has asked, a step at a time."""

    def __init__(self, room: Room, bea: User, question: str = "@echo how do I ask for a garden room?") -> None:
        self.room = room
        room.post(bea, question)
        (self.run,) = Run.objects.claim(1)

    def at(self, name: str, text: str = "") -> None:
        self.run.record_steps(1, [each for each in STEPS if each["index"] < NAMES.index(name)])
        frame = drafts.Frame(str(self.run.pk), 1, as_author(self.run.bot.user), 0, text, name, f"working on {name}")
        drafts.put(self.room.pk, [frame])

    def reply(self, body: str = BEFORE) -> Message:
        message = self.run.reply(1, "3.0", body, {}).message
        publisher.flush()
        return message

    def end(self) -> None:
        self.run.finish(1, "replied", steps=STEPS, usage=USED)
        publisher.flush()

    def fail(self) -> None:
        error = {"code": "model_rate_limited", "message": "The model answered 429.", "permanent": True}
        steps = [*STEPS[:2], step(2, "Chat", 11_500, state="failed", error=error, before={"messages": []})]
        self.run.finish(1, "failed", reason="model_rate_limited", explanation="The model answered 429.", permanent=True, steps=steps)
        publisher.flush()


@pytest.fixture
def reply(room: Room, bea: User) -> Message:
    echo = Echo(room, bea)
    message = echo.reply()
    echo.end()
    return message


def live(page: Page) -> Page:
    expect(page.locator("html[data-connection=on]")).to_have_count(1)
    return page


def strip_of(page: Page, message: Message) -> Locator:
    return page.locator(f"#message-{message.pk} .strip")


def y(locator: Locator) -> float:
    box = locator.bounding_box()
    assert box
    return box["y"]


def test_c25_a_reply_shows_its_run_in_a_line_and_its_steps_on_request(
    browse: OpenPage, room: Room, reply: Message, bea: User, cyd: User
) -> None:
    page = live(browse(bea, f"/rooms/{room.pk}/"))
    strip = strip_of(page, reply)
    expect(strip).to_contain_text("1.9 s")
    expect(strip).to_contain_text("412 tokens")
    expect(strip.get_by_text("OpenAIChat")).to_be_hidden()

    strip.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(strip.get_by_role("listitem").filter(has_text="Chat")).to_contain_text("OpenAIChat · small · 388 in, 24 out")
    expect(strip.get_by_role("listitem").filter(has_text="Chat")).to_contain_text("1,862 ms")
    expect(strip.get_by_role("link", name="Open run")).to_have_attribute("href", f"/runs/{reply.metadata['run']}/")

    stranger = browse(cyd, "/")
    for path in (f"/rooms/{room.pk}/", f"/runs/{reply.metadata['run']}/strip/", f"/rooms/{room.pk}/messages/{reply.pk}/correction/",
                 f"/rooms/{room.pk}/messages/{reply.pk}/feedback/"):  # fmt: skip
        answer = stranger.goto(path)
        assert answer and answer.status == 404, path


def test_c25_the_steps_are_live_while_the_run_goes_on_and_stay_open_when_it_ends(
    browse: OpenPage, room: Room, ada: User, bea: User
) -> None:
    hers, his = live(browse(bea, f"/rooms/{room.pk}/")), live(browse(ada, f"/rooms/{room.pk}/"))
    echo = Echo(room, bea)
    echo.at("Format")
    draft = hers.locator(".message--draft .strip")
    expect(draft).to_contain_text("Format")
    draft.locator("summary").click()
    expect(draft.locator(".strip__step--now")).to_contain_text("Format")

    echo.at("Chat", "A room")
    expect(draft.locator(".strip__step--now")).to_contain_text("Chat")
    expect(draft.locator(".strip__step--done")).to_have_count(2)
    expect(draft.locator(".strip__step--next")).to_have_text(re.compile("Reply"))

    message = echo.reply()
    strip = strip_of(hers, message)
    expect(strip).to_contain_text("at work")
    expect(strip.locator(".strip__step").first).to_be_visible()
    echo.end()
    for page in (hers, his):
        expect(strip_of(page, message)).to_contain_text("1.9 s")
        expect(page.locator(".message--draft")).to_have_count(0)
    expect(strip.locator(".strip__step--done")).to_have_count(4)
    expect(strip.get_by_text("posted once")).to_be_visible()
    expect(strip_of(his, message).get_by_text("posted once")).to_be_hidden()


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_nothing_jumps_from_the_draft_to_the_end_of_the_run(browse: OpenPage, room: Room, bea: User, viewport: Any) -> None:
    page = live(browse(bea, f"/rooms/{room.pk}/", viewport=viewport))
    echo = Echo(room, bea)
    echo.at("Chat", BEFORE)
    draft = page.locator(".message--draft .strip")
    expect(page.locator(".message--draft")).to_contain_text(BEFORE)
    first = draft.bounding_box()
    message = echo.reply()
    strip = strip_of(page, message)
    expect(strip).to_contain_text("at work")
    second = strip.bounding_box()
    echo.end()
    expect(strip).to_contain_text("1.9 s")
    third = strip.bounding_box()

    assert first and second and third
    for one in (second, third):
        assert abs(one["y"] - first["y"]) < 1 and abs(one["height"] - first["height"]) < 1


def test_the_log_stays_where_the_reader_is(browse: OpenPage, room: Room, bea: User) -> None:
    for number in range(40):
        room.post(bea, f"number {number}")
    echo = Echo(room, bea)
    message = echo.reply()
    page = live(browse(bea, f"/rooms/{room.pk}/"))
    log = page.get_by_role("log", name="Messages")
    log.evaluate("log => (log.scrollTop = -600)")
    mark = page.locator("article").filter(has_text="number 15")
    before = y(mark)
    echo.end()
    expect(strip_of(page, message)).to_contain_text("1.9 s")
    assert abs(y(mark) - before) < 1


def test_what_opens_under_the_hand_stays_under_the_hand(browse: OpenPage, room: Room, reply: Message, bea: User) -> None:
    for number in range(20):
        room.post(bea, f"number {number}")
    page = live(browse(bea, f"/rooms/{room.pk}/"))
    strip = strip_of(page, reply)
    strip.scroll_into_view_if_needed()
    before = y(strip)
    for shown in (True, False, True):
        strip.locator("summary").click()
        expect(strip.get_by_text("posted once")).to_be_visible(visible=shown)
        assert abs(y(strip) - before) < 1


def test_steps_that_open_at_the_end_of_the_log_come_into_view(browse: OpenPage, room: Room, bea: User) -> None:
    for number in range(20):
        room.post(bea, f"number {number}")
    echo = Echo(room, bea)
    message = echo.reply()
    echo.end()
    page = live(browse(bea, f"/rooms/{room.pk}/"))
    strip_of(page, message).locator("summary").click()
    expect(strip_of(page, message).get_by_text("posted once")).to_be_in_viewport(ratio=1)


def test_c26_a_reply_is_corrected_where_it_stands_and_the_others_see_both_versions(
    browse: OpenPage, room: Room, reply: Message, ada: User, dot: User
) -> None:
    hers, his = live(browse(dot, f"/rooms/{room.pk}/")), live(browse(ada, f"/rooms/{room.pk}/"))
    article = hers.locator(f"#message-{reply.pk}")
    article.get_by_role("link", name="Correct").click()
    box = article.get_by_role("textbox", name="Correct this reply")
    expect(box).to_have_value(BEFORE)
    expect(box).to_be_focused()
    hers.keyboard.press("Escape")
    expect(box).to_have_count(0)
    expect(article.locator(".message__body")).to_be_visible()

    article.get_by_role("link", name="Correct").click()
    box.fill(AFTER)
    article.get_by_role("button", name="Save the correction").click()
    expect(box).to_have_count(0)
    for page in (hers, his):
        there = page.locator(f"#message-{reply.pk}")
        expect(there.locator(".message__body")).to_have_text(AFTER)
        line = re.compile(r"^Corrected by Dot \d\d:\d\d · overlooking with a view of · 41 % changed · both versions$")
        expect(there.locator(".fixed")).to_have_text(line)
    assert Correction.objects.get().distance == 13

    his.get_by_role("link", name="both versions").click()
    expect(his.get_by_role("article", name="Version 1")).to_contain_text(BEFORE)
    expect(his.get_by_role("article", name="Version 2")).to_contain_text("Dot")
    expect(his.get_by_role("article", name="Version 2").locator("ins")).to_have_text("with a view of")


def test_what_is_being_written_survives_what_others_do(browse: OpenPage, room: Room, reply: Message, ada: User, bea: User) -> None:
    page = live(browse(bea, f"/rooms/{room.pk}/"))
    article = page.locator(f"#message-{reply.pk}")
    article.get_by_role("link", name="Correct").click()
    box = article.get_by_role("textbox", name="Correct this reply")
    box.fill("half a correct")
    rating.rate(reply, ada, 1)
    publisher.flush()
    expect(article.locator(f"[data-by='{ada.pk}']")).to_have_count(1)
    expect(box).to_be_focused()
    page.keyboard.type("ion")
    expect(box).to_have_value("half a correction")

    # Somebody corrects it first: what they wrote is not overwritten unseen.
    from bots import correcting

    correcting.correct(reply, ada, BEFORE, AFTER)
    publisher.flush()
    expect(article.locator(".fixed")).to_contain_text("Corrected by Ada")
    article.get_by_role("button", name="Save the correction").click()
    expect(article.get_by_role("alert")).to_contain_text("Somebody has changed this reply meanwhile.")
    expect(box).to_have_value("half a correction")
    article.get_by_role("button", name="Save the correction").click()
    expect(article.locator(".message__body")).to_have_text("half a correction")
    assert [each.by.username for each in Correction.objects.all()] == ["ada", "bea"]


def test_c30_a_thumb_down_asks_what_was_expected_and_keeps_it_as_a_case(
    browse: OpenPage, room: Room, reply: Message, bea: User, dot: User
) -> None:
    page, other = live(browse(bea, f"/rooms/{room.pk}/")), live(browse(dot, f"/rooms/{room.pk}/"))
    article = page.locator(f"#message-{reply.pk}")
    up, down = article.get_by_role("button", name="Good reply"), article.get_by_role("button", name="Bad reply")
    up.click()
    expect(up).to_have_attribute("aria-pressed", "true")
    down.click()
    expect(down).to_have_attribute("aria-pressed", "true")
    expect(up).to_have_attribute("aria-pressed", "false")
    expect(article.get_by_label("What did you expect?")).to_be_focused()
    article.get_by_label("What was wrong?").fill("Not polite enough")
    article.get_by_label("What did you expect?").fill("Could I have a room overlooking the garden?")
    article.get_by_role("button", name="Send").click()
    expect(article.get_by_label("What was wrong?")).to_have_count(0)

    found, case = Feedback.objects.get(), Case.objects.get()
    assert (found.value, found.reason) == (-1, "Not polite enough")
    assert case.expect == {"contains": "Could I have a room overlooking the garden?"}
    theirs = other.locator(f"#message-{reply.pk}").get_by_role("button", name="Bad reply")
    expect(theirs).to_have_attribute("data-by", str(bea.pk))
    expect(theirs).to_have_attribute("aria-pressed", "false")

    page.reload()
    expect(down).to_have_attribute("aria-pressed", "true")
    down.click()
    expect(down).to_have_attribute("aria-pressed", "false")
    expect(article.get_by_label("What was wrong?")).to_have_count(0)
    assert not Feedback.objects.exists()


def test_i9_a_failure_offers_to_go_on_to_those_who_may(browse: OpenPage, room: Room, ada: User, bea: User, dot: User) -> None:
    pages = {user.username: live(browse(user, f"/rooms/{room.pk}/")) for user in (ada, bea, dot)}
    echo = Echo(room, bea)
    echo.fail()
    for page in pages.values():
        expect(page.get_by_text("Echo could not answer: Chat failed")).to_be_visible()
        expect(page.get_by_text("The first two steps are kept and will not be paid for again.")).to_be_visible()
        card = page.locator(".card-note")
        expect(card.get_by_role("link", name="Open run")).to_have_attribute("href", f"/runs/{echo.run.pk}/")
    for name, sees in (("ada", 1), ("bea", 1), ("dot", 0)):
        expect(pages[name].get_by_role("button", name="Retry from Chat")).to_have_count(sees)

    with pages["bea"].expect_request(re.compile("/retry/$")) as asked:
        pages["bea"].get_by_role("button", name="Retry from Chat").click()
    assert 'name="step"' in (asked.value.post_data or "") and "\r\n2\r\n" in (asked.value.post_data or "")


def test_c29_the_owner_hears_of_a_failure_once_where_they_talk_with_the_bot(
    browse: OpenPage, room: Room, ada: User, bea: User, echo: User
) -> None:
    page = live(browse(ada, f"/rooms/{Room.direct(ada, echo).pk}/"))
    relay = Alarms()
    for question in ("@echo one", "@echo two"):
        Echo(room, bea, question).fail()
        relay.turn()
        publisher.flush()
    notice = page.get_by_role("article", name="Echo")
    expect(notice).to_contain_text("Echo could not answer Bea in Kyoto in May. The model answered 429.")
    expect(notice).to_have_count(1)
    with page.context.expect_page() as opened:
        notice.get_by_role("link", name="Open the run").click(modifiers=["Control"])
    expect(opened.value.get_by_text("The model answered 429.").first).to_be_visible()


def test_regenerate_is_for_the_asker_and_the_bots_admins(
    browse: OpenPage, room: Room, reply: Message, ada: User, bea: User, dot: User
) -> None:
    for user, sees in ((ada, 1), (bea, 1), (dot, 0)):
        page = live(browse(user, f"/rooms/{room.pk}/"))
        strip = strip_of(page, reply)
        expect(strip.get_by_role("link", name="Correct")).to_be_visible()
        expect(strip.get_by_role("button", name="Regenerate")).to_have_count(sees)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_axe_finds_nothing_under_a_message(
    browse: OpenPage, room: Room, reply: Message, bea: User, faults_of: Callable[[Page], list[str]], theme: str, viewport: Any
) -> None:
    from bots import correcting

    correcting.correct(reply, bea, BEFORE, AFTER)
    Echo(room, bea).fail()
    Echo(room, bea).at("Chat", "A room")
    page = live(browse(bea, f"/rooms/{room.pk}/", color_scheme=theme, viewport=viewport))
    expect(page.locator(".message--draft")).to_have_count(1)
    strip = strip_of(page, reply)
    strip.locator("summary").click()
    page.locator(".message--draft summary").click()
    expect(page.locator(".message--draft .strip__step")).to_have_count(4)
    assert not faults_of(page), "open strips"
    strip.get_by_role("button", name="Bad reply").click()
    expect(page.get_by_label("What did you expect?")).to_be_visible()
    page.locator(f"#message-{reply.pk}").get_by_role("link", name="Correct").click()
    expect(page.get_by_role("textbox", name="Correct this reply")).to_be_visible()
    assert not faults_of(page), "forms"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for path in ("correction", "feedback"):
        page.goto(f"/rooms/{room.pk}/messages/{reply.pk}/{path}/")
        assert not faults_of(page), path


def test_on_a_phone_everything_under_a_reply_is_large_enough_for_a_finger(browse: OpenPage, room: Room, reply: Message, bea: User) -> None:
    Echo(room, bea).fail()
    page = live(browse(bea, f"/rooms/{room.pk}/", viewport=PHONE, has_touch=True, is_mobile=True))
    expect(page.get_by_role("button", name="Retry from Chat")).to_be_visible()
    small = page.evaluate(
        """[...document.querySelectorAll('.strip :is(summary, button, a), .card-note :is(button, a)')].filter(one => one.checkVisibility())
        .map(one => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
        .filter(([, box]) => box.height < 40 || box.width < 40).map(([html]) => html)"""
    )
    assert small == []


def test_without_script_a_reply_is_corrected_and_rated_by_forms(browse: OpenPage, room: Room, reply: Message, bea: User) -> None:
    page = browse(bea, f"/rooms/{room.pk}/", java_script_enabled=False)
    page.locator(f"#message-{reply.pk} summary").click()
    expect(page.get_by_text("posted once")).to_be_visible()
    page.locator(f"#message-{reply.pk}").get_by_role("link", name="Correct").click()
    page.get_by_label("What the bot should have said").fill(AFTER)
    page.get_by_role("button", name="Save the correction").click()
    expect(page.get_by_role("article", name="Version 2")).to_contain_text("Bea")
    page.goto(f"/rooms/{room.pk}/messages/{reply.pk}/feedback/")
    page.get_by_label("bad").check()
    page.get_by_label("What did you expect?").fill("Something polite")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(f"#message-{reply.pk}")).to_contain_text(AFTER)
    assert Feedback.objects.get().expected == "Something polite"
