"""Pictures and files in real browsers: picked, dropped, pasted by one person, seen and saved by another, refused to a stranger (W4-W6)."""

from __future__ import annotations

import base64
import contextlib
import re
from pathlib import Path

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import FilePayload, Page, expect

from accounts.models import User
from chat.models import Attachment, Message, Room
from tests.chat import files
from tests.system.conftest import OpenPage
from tests.system.test_two_browsers import live

pytestmark = pytest.mark.system

PICTURE = files.picture("PNG", (640, 360))


@pytest.fixture
def room(ada: User, bea: User) -> Room:
    return Room.group(ada, "Kyoto in May", [bea])


def payload(name: str, content: bytes, kind: str = "text/plain") -> FilePayload:
    return {"name": name, "mimeType": kind, "buffer": content}


def pick(page: Page, *chosen: FilePayload) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Add files").click()
    chooser.value.set_files(list(chosen))


def bring(page: Page, event: str, selector: str, name: str, content: bytes, kind: str) -> None:
    """Drop or paste a file, as a browser tells the page of it."""
    page.evaluate(
        """([event, selector, name, content, kind]) => {
            const bytes = Uint8Array.from(atob(content), letter => letter.charCodeAt(0))
            const data = new DataTransfer()
            data.items.add(new File([bytes], name, { type: kind }))
            const more = { bubbles: true, cancelable: true }
            const target = document.querySelector(selector)
            if (event === "paste") return target.dispatchEvent(new ClipboardEvent("paste", { ...more, clipboardData: data }))
            for (const each of ["dragenter", "dragover", event]) target.dispatchEvent(new DragEvent(each, { ...more, dataTransfer: data }))
        }""",
        [event, selector, name, base64.b64encode(content).decode(), kind],
    )


def chips(page: Page) -> list[str]:
    return page.get_by_role("list", name="Files of your message").locator(".chip__name").all_inner_texts()


def test_picked_files_are_shown_sent_and_reach_the_other_browser(browse: OpenPage, room: Room, ada: User, bea: User) -> None:
    hers, his = live(browse(ada, f"/rooms/{room.pk}/")), live(browse(bea, f"/rooms/{room.pk}/"))
    pick(hers, payload("harbour.png", PICTURE, "image/png"), payload("plan.pdf", files.PDF, "application/pdf"))
    expect(hers.locator(".chip[data-state=ready]")).to_have_count(2)
    assert chips(hers) == ["harbour.png", "plan.pdf"]
    hers.get_by_role("textbox", name="Message", exact=True).fill("Two things")
    hers.keyboard.press("Enter")
    article = his.get_by_role("article", name="Ada")
    expect(article).to_contain_text("Two things")
    picture = article.get_by_role("img", name="harbour.png")
    expect(picture).to_be_visible()
    his.wait_for_function("document.querySelector('.pictures img').naturalWidth === 640")
    with his.expect_download() as download:
        article.get_by_role("link", name=re.compile("plan.pdf")).click()
    assert (download.value.suggested_filename, Path(download.value.path()).read_bytes()) == ("plan.pdf", files.PDF)
    expect(hers.locator(".chip")).to_have_count(0)
    expect(hers.locator(".message--sending")).to_have_count(0)


def test_a_dropped_file_alone_makes_a_message(browse: OpenPage, room: Room, ada: User) -> None:
    page = live(browse(ada, f"/rooms/{room.pk}/"))
    bring(page, "drop", ".log", "notes.txt", b"some notes", "text/plain")
    expect(page.locator(".chip[data-state=ready]")).to_have_count(1)
    expect(page.get_by_text("Drop files here")).to_be_hidden()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("article", name="Ada").get_by_role("link", name=re.compile("notes.txt"))).to_be_visible()
    assert Message.objects.get().body == ""


def test_what_is_dragged_over_the_page_is_told_where_it_goes(browse: OpenPage, room: Room, ada: User) -> None:
    page = live(browse(ada, f"/rooms/{room.pk}/"))
    bring(page, "dragover", ".log", "notes.txt", b"x", "text/plain")
    expect(page.get_by_text("Drop files here to add them to your message")).to_be_visible()
    page.evaluate("document.querySelector('.log').dispatchEvent(new DragEvent('dragleave', { bubbles: true }))")
    expect(page.get_by_text("Drop files here to add them to your message")).to_be_hidden()


def test_a_pasted_picture_is_added(browse: OpenPage, room: Room, ada: User) -> None:
    page = live(browse(ada, f"/rooms/{room.pk}/"))
    bring(page, "paste", "textarea[name=body]", "image.png", PICTURE, "image/png")
    expect(page.locator(".chip[data-state=ready] img")).to_be_visible()
    page.get_by_role("textbox", name="Message", exact=True).press("Enter")
    expect(page.get_by_role("article", name="Ada").get_by_role("img", name="image.png")).to_be_visible()


def test_a_file_can_be_taken_out_again(browse: OpenPage, room: Room, ada: User) -> None:
    page = live(browse(ada, f"/rooms/{room.pk}/"))
    pick(page, payload("a.txt", b"a"), payload("b.txt", b"b"))
    expect(page.locator(".chip[data-state=ready]")).to_have_count(2)
    with page.expect_response(re.compile("/api/v1/attachments/")) as gone:
        page.get_by_role("button", name="Take out a.txt").click()
    assert gone.value.status == 204
    assert chips(page) == ["b.txt"]
    assert [each.name for each in Attachment.objects.all()] == ["b.txt"]


def test_w5_a_bomb_is_refused_in_plain_words_and_the_message_waits(browse: OpenPage, room: Room, ada: User) -> None:
    page = live(browse(ada, f"/rooms/{room.pk}/"))
    pick(page, payload("bomb.png", files.huge_png(), "image/png"))
    chip = page.locator(".chip[data-state=failed]")
    expect(chip).to_contain_text("has more than 25 million pixels")
    page.get_by_role("textbox", name="Message", exact=True).fill("look")
    page.keyboard.press("Enter")
    expect(page.get_by_text("“bomb.png” could not be added. Take it out first.")).to_be_visible()
    page.get_by_role("button", name="Take out bomb.png").click()
    page.keyboard.press("Enter")
    expect(page.get_by_role("article", name="Ada")).to_contain_text("look")


def test_what_is_uploaded_and_not_sent_outlives_a_reload(browse: OpenPage, room: Room, ada: User) -> None:
    page = live(browse(ada, f"/rooms/{room.pk}/"))
    pick(page, payload("a.png", PICTURE, "image/png"))
    expect(page.locator(".chip[data-state=ready]")).to_have_count(1)
    page.reload()
    expect(page.locator(".chip[data-state=ready] img")).to_be_visible()
    live(page).get_by_role("button", name="Send").click()
    expect(page.get_by_role("article", name="Ada").get_by_role("img", name="a.png")).to_be_visible()


def test_p2_a_message_with_files_that_could_not_be_sent_is_sent_once_with_them(browse: OpenPage, room: Room, ada: User) -> None:
    page = live(browse(ada, f"/rooms/{room.pk}/"))
    pick(page, payload("a.txt", b"a"))
    expect(page.locator(".chip[data-state=ready]")).to_have_count(1)
    page.route("**/api/v1/rooms/*/messages", lambda route: route.abort())
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("article", name="Ada")).to_contain_text("a.txt")
    expect(page.get_by_role("button", name="Retry")).to_be_visible()
    page.unroute("**/api/v1/rooms/*/messages")
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_role("article", name="Ada")).to_have_attribute("data-position", "1")
    expect(page.get_by_role("article", name="Ada").get_by_role("link", name=re.compile("a.txt"))).to_be_visible()
    assert Message.objects.count() == 1


def test_a_deleted_message_takes_its_picture_out_of_both_browsers(browse: OpenPage, room: Room, ada: User, bea: User) -> None:
    hers, his = live(browse(ada, f"/rooms/{room.pk}/")), live(browse(bea, f"/rooms/{room.pk}/"))
    bring(hers, "paste", "textarea[name=body]", "image.png", PICTURE, "image/png")
    expect(hers.locator(".chip[data-state=ready]")).to_have_count(1)
    hers.get_by_role("button", name="Send").click()
    expect(his.get_by_role("img", name="image.png")).to_be_visible()
    address = str(his.get_by_role("img", name="image.png").get_attribute("src"))
    Message.objects.get().retract(ada)
    for page in (hers, his):
        expect(page.get_by_role("article", name="Ada")).to_contain_text("This message was deleted.")
        expect(page.get_by_role("img", name="image.png")).to_have_count(0)
        assert page.request.get(address).status == 404


def test_w4_hostile_files_do_nothing_in_a_tab_a_picture_or_a_frame(browse: OpenPage, room: Room, ada: User, bea: User, cyd: User) -> None:
    hers = live(browse(ada, f"/rooms/{room.pk}/"))
    hostile = [*files.HOSTILE.items(), ("moving.gif", files.gif_and_script())]
    pick(hers, *(payload(name, content, "text/html") for name, content in hostile))
    expect(hers.locator(".chip[data-state=ready]")).to_have_count(len(hostile))
    hers.get_by_role("button", name="Send").click()
    his = live(browse(bea, f"/rooms/{room.pk}/"))
    expect(his.locator("a.attached")).to_have_count(len(files.HOSTILE))
    addresses = his.locator("article a.attached, article a.pictures__one").evaluate_all("links => links.map(link => link.href)")
    for address in addresses:
        assert opened(his, address) == ""
        his.evaluate("address => { const picture = new Image(); picture.src = address; document.body.append(picture) }", address)
    assert "owned" not in his.title()
    stranger = browse(cyd, "/welcome/")
    assert {stranger.request.get(address).status for address in addresses} == {404}


def opened(page: Page, address: str) -> str:
    """The title that a file gives to a tab of its own: none when it is saved, which leaves the tab empty."""
    tab = page.context.new_page()
    try:
        with contextlib.suppress(PlaywrightError):  # a download has begun, says the browser, and it went nowhere
            tab.goto(address)
            assert tab.evaluate("document.contentType").startswith("image/")
            assert tab.evaluate("document.scripts.length") == 0
        return "owned" if "owned" in tab.title() else ""
    finally:
        tab.close()


def test_without_script_a_plain_form_sends_files(browse: OpenPage, room: Room, ada: User) -> None:
    page = browse(ada, f"/rooms/{room.pk}/", java_script_enabled=False)
    expect(page.get_by_role("button", name="Add files")).to_be_hidden()
    page.get_by_label("Files", exact=True).set_input_files([payload("a.png", PICTURE, "image/png"), payload("b.txt", b"b")])
    page.get_by_role("button", name="Send").click()
    article = page.get_by_role("article", name="Ada")
    expect(article.get_by_role("img", name="a.png")).to_be_visible()
    expect(article.get_by_role("link", name=re.compile("b.txt"))).to_be_visible()


def test_the_page_with_files_has_no_barriers(browse: OpenPage, room: Room, ada: User, faults_of: object) -> None:
    page = live(browse(ada, f"/rooms/{room.pk}/"))
    pick(page, payload("a.png", PICTURE, "image/png"), payload("b.txt", b"b"))
    expect(page.locator(".chip[data-state=ready]")).to_have_count(2)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("img", name="a.png")).to_be_visible()
    pick(page, payload("c.png", PICTURE, "image/png"), payload("void.txt", b""))
    expect(page.locator(".chip[data-state=ready]")).to_have_count(1)
    assert callable(faults_of)
    assert faults_of(page) == []
