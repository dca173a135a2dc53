"""C32: a bot written in a browser, tried before it is saved, live within two seconds; and held back when it is broken.

The whole product runs, with the content security policy of every page in force: what it refuses shows in the console and fails the test.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.system.conftest import until
from tests.system.person import Person
from tests.system.product import PASSWORD, Product
from tests.system.test_the_main_job import open_room_with, say

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

Open = Callable[..., Page]
SAVED_WITHIN = 2.0
PASTE = """text => {
  const clipboardData = new DataTransfer()
  clipboardData.setData("text/plain", text)
  document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }))
}"""
TRIP = """name: trip
steps:
  - Ask: {question: "Where to?", choices: [Kyoto, Osaka], into: place}
  - Ask: {question: "How many nights?", kind: number, into: nights}
  - Draft: {fallback: "{place}, {nights} nights"}
  - Approve: {say: "May I say this?"}
  - Reply"""
LETTER = "name: letter\ndelegates: [echo]\nsteps:\n  - Delegate: {to: echo, say: 'Write: {message}'}\n  - Reply: {to: luke}\n"
AUTHOR = (
    "select a.username from bots_bot join accounts_user a on a.id = author_id join accounts_user u on u.id = user_id where u.username = %s"
)
VERSIONS = (
    "select count(*) from bots_botversion v join bots_bot b on b.id = bot_id join accounts_user u on u.id = user_id where u.username = %s"
)


@pytest.fixture
def editor(browser: Browser, product: Product) -> Iterator[Open]:
    """Opens a page of the product for somebody who signs in. Bea may have new bots meanwhile."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []
    product.sql("update accounts_user set is_staff = true where username = 'bea'")

    def open_page(username: str, path: str, **options: object) -> Page:
        context = browser.new_context(base_url=product.url, viewport={"width": 1360, "height": 900}, **options)  # type: ignore[arg-type]
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" and "status of 4" not in said.text else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto("/account/login/")
        page.get_by_label("Username or e-mail address").fill(username)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/account/login/" not in url)
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    product.sql("update accounts_user set is_staff = false where username = 'bea'")
    assert wrong == []


@pytest.fixture
def forget(product: Product) -> Iterator[Callable[[str], None]]:
    """Takes the files of bots away again that a test has made."""
    names: list[str] = []
    yield names.append
    for name in names:
        (product.config / f"{name.replace('-', '_')}.yaml").unlink(missing_ok=True)


def code(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Bot file")


def write(page: Page, text: str) -> None:
    """Replace the whole text, as somebody who pastes it."""
    code(page).click()
    page.keyboard.press("Control+a")
    page.evaluate(PASTE, text)


def choose(page: Page, word: str, becomes: str) -> None:
    """Complete: asked for until it is done, since the language may still be on its way, and a list that comes anew takes no click."""
    option = page.locator(".cm-tooltip-autocomplete").get_by_role("option", name=word)

    def chosen() -> bool:
        page.keyboard.press("Control+Space")
        # To ask again while the list is on its way would begin it anew, again and again.
        with contextlib.suppress(PlaywrightTimeout):
            option.click(timeout=2000)
        return becomes in code(page).inner_text()

    until(chosen, f"{word} is completed", 15)


def try_it(page: Page, words: str) -> Locator:
    box = page.get_by_role("textbox", name="Say something to try it")
    box.fill(words)
    box.press("Enter")
    return page.get_by_role("log", name="Trial").get_by_role("article").last


def save(page: Page) -> None:
    page.get_by_role("button", name="Save …").click()
    page.get_by_role("dialog").get_by_role("button", name="Save and make it live").click()


def bot_of(name: str, greeting: str = "hello", expected: str = "hello") -> str:
    return (
        f"# Bea's own\nname: {name}\npersona:\n  title: {name.capitalize()} # shown to people\n  greeting: {greeting}\n"
        f"steps:\n  - Chat\n  - Reply\ntests:\n  - say: hello there\n    expect: {{contains: {expected}}}\n"
    )


def test_c32_bea_writes_a_bot_tries_it_saves_it_talks_to_it_and_a_broken_save_is_held_back(
    editor: Open, product: Product, forget: Callable[[str], None]
) -> None:
    forget("herald")
    page = editor("bea", "/bots/new/")
    page.get_by_label("Name", exact=True).fill("herald")
    page.get_by_label("Title", exact=True).fill("Herald")
    expect(code(page)).to_contain_text("name: herald")
    expect(code(page)).to_contain_text("title: Herald")
    expect(try_it(page, "is anybody there")).to_contain_text("is anybody there")
    expect(page.get_by_role("log", name="Trial").get_by_role("article")).to_have_count(2)
    assert not (product.config / "herald.yaml").exists(), "nothing is saved by trying"
    assert product.sql("select 1 from accounts_user where username = 'herald'") == []

    save(page)
    page.wait_for_url("**/bots/herald/edit/")
    expect(page.get_by_text("Version 1 of herald is live.")).to_be_visible()
    assert "title: Herald" in (product.config / "herald.yaml").read_text()
    assert product.sql(AUTHOR, "herald") == [("bea",)]

    room = page.context.new_page()
    room.goto("/")
    open_room_with(room, "Herald")
    say(room, "hello herald")
    expect(room.get_by_role("log", name="Messages").get_by_role("article", name="Herald")).to_contain_text("hello herald")

    write(page, bot_of("herald").replace("- Chat", "- Chatt"))
    expect(page.get_by_role("list", name="What is wrong")).to_contain_text("there is no step Chatt")
    expect(page.get_by_role("list", name="What is wrong")).to_contain_text("Did you mean “Chat”?")
    save(page)
    expect(page.get_by_role("alert")).to_contain_text("Not saved, since the file does not load. Line 7")
    write(page, bot_of("herald", expected="trumpets"))
    save(page)
    expect(page.get_by_role("alert")).to_contain_text("1 of 1 cases failed")
    assert "title: Herald" in (product.config / "herald.yaml").read_text()
    say(room, "still there")
    expect(room.get_by_role("log", name="Messages").get_by_role("article", name="Herald").last).to_contain_text("still there")
    assert product.sql(VERSIONS, "herald") == [(1,)]


def test_a_save_is_live_within_two_seconds(editor: Open, product: Product, bea_there: Person, forget: Callable[[str], None]) -> None:
    forget("swift")
    page = editor("bea", "/bots/new/")
    write(page, bot_of("swift"))
    save(page)
    page.wait_for_url("**/bots/swift/edit/")
    write(page, bot_of("swift", greeting="hello again"))
    page.get_by_role("button", name="Save …").click()
    expect(page.get_by_role("dialog")).to_contain_text("hello again")
    began = time.monotonic()
    page.get_by_role("button", name="Save and make it live").click()
    product.until(
        lambda: product.sql("select 1 from bots_bot where persona->>'greeting' = 'hello again'"), "the save is live", SAVED_WITHIN
    )
    assert time.monotonic() - began < SAVED_WITHIN
    expect(page.get_by_role("alert")).to_contain_text("Version 2 is live.")
    room = bea_there.direct("swift")
    bea_there.post(room, "hi")
    (run,) = bea_there.ended(room)
    assert (run["version"], run["outcome"]) == (2, "replied")


@pytest.mark.parametrize("path", ["/bots/echo/edit/", "/bots/nobody/edit/"])
def test_a_stranger_and_whoever_may_not_edit_find_no_editor(editor: Open, path: str) -> None:
    for username in ("cyd", "bea"):
        page = editor(username, path)
        expect(page.get_by_role("heading", level=1)).to_contain_text("nothing here")
        assert page.locator(".cm-editor, textarea").count() == 0


def test_it_completes_explains_and_marks_while_one_types(editor: Open) -> None:
    page = editor("bea", "/bots/new/")
    write(page, "name: typist\nattend:\n  ")
    page.keyboard.type("wh")
    choose(page, "when", "when: ")
    expect(code(page)).to_contain_text("when: ")
    page.keyboard.type("al")
    choose(page, "always", "when: always")
    expect(code(page)).to_contain_text("when: always")
    expect(page.get_by_label("In groups it answers")).to_have_value("always")
    page.get_by_text("when", exact=True).first.hover()
    expect(page.locator(".bench-tip")).to_contain_text("In groups: answer when mentioned, or always.")
    write(page, "name: typist\nnmae: x\nsteps:\n  - Chat\n")
    expect(page.locator(".cm-lintRange-error")).to_have_count(1)
    expect(page.get_by_role("list", name="What is wrong")).to_contain_text("Line 2 nmae: there is no such key. Did you mean “name”?")


def test_the_form_and_the_text_follow_each_other_and_comments_stay(editor: Open) -> None:
    page = editor("bea", "/bots/new/")
    write(page, bot_of("former"))
    expect(page.get_by_label("Greeting")).to_have_value("hello")
    page.get_by_label("Greeting").fill("good evening")
    page.get_by_label("Messages it is shown").fill("8")
    page.get_by_label("Messages it is shown").blur()
    for words in ("# Bea's own", "title: Former # shown to people", "greeting: good evening", "context: 8"):
        expect(code(page)).to_contain_text(words)
    write(page, "name: [former\n")
    expect(page.get_by_text("The text below is no YAML at the moment")).to_be_visible()
    expect(page.get_by_label("Greeting")).to_be_disabled()


def test_what_was_not_saved_is_offered_back_and_never_lost(editor: Open) -> None:
    page = editor("bea", "/bots/new/")
    write(page, bot_of("kept", greeting="words of an hour"))
    expect(page.get_by_label("Greeting")).to_have_value("words of an hour")
    page.reload()
    expect(page.get_by_text("that was not saved")).to_be_visible()
    expect(code(page)).not_to_contain_text("words of an hour")
    page.get_by_role("button", name="Bring it back").click()
    expect(code(page)).to_contain_text("words of an hour")
    expect(page.get_by_text("that was not saved")).to_be_hidden()
    page.reload()
    expect(page.get_by_text("that was not saved")).to_be_visible()
    write(page, bot_of("kept", greeting="other words"))
    expect(page.get_by_label("Greeting")).to_have_value("other words")
    expect(page.get_by_text("that was not saved")).to_be_visible()
    page.reload()
    page.get_by_role("button", name="Throw it away").click()
    page.get_by_role("button", name="Bring it back").click()
    expect(code(page)).to_contain_text("words of an hour")
    page.reload()
    page.get_by_role("button", name="Throw it away").click()
    page.reload()
    expect(code(page)).to_be_visible()
    expect(page.get_by_text("that was not saved")).to_be_hidden()


def test_two_editors_of_one_bot_do_not_write_over_each_other(editor: Open, product: Product, forget: Callable[[str], None]) -> None:
    forget("shared")
    bea = editor("bea", "/bots/new/")
    write(bea, bot_of("shared"))
    save(bea)
    bea.wait_for_url("**/bots/shared/edit/")
    ada = editor("ada", "/bots/shared/edit/")
    expect(code(ada)).to_contain_text("Bea's own")
    write(ada, bot_of("shared", greeting="from ada"))
    save(ada)
    expect(ada.get_by_role("alert")).to_contain_text("Version 2 is live.")
    write(bea, bot_of("shared", greeting="from bea"))
    save(bea)
    dialog = bea.get_by_role("dialog")
    expect(dialog).to_contain_text("Somebody else has changed it")
    expect(dialog).to_contain_text("from ada")
    assert "from ada" in (product.config / "shared.yaml").read_text()
    dialog.get_by_role("button", name="Save mine over it").click()
    expect(bea.get_by_role("alert")).to_contain_text("Version 3 is live.")
    assert "from bea" in (product.config / "shared.yaml").read_text()


def test_the_trial_room_streams_stops_and_shows_what_goes_wrong(editor: Open, product: Product) -> None:
    page = editor("ada", "/bots/storyteller/edit/")
    expect(code(page)).to_contain_text("storyteller")
    answer = try_it(page, "tell [[behave:tokens-400-40]]")
    words = answer.locator(".trial__body")
    expect(words).to_contain_text(re.compile(r"\w+"))
    before = len(words.inner_text())
    page.wait_for_function("([node, before]) => node.innerText.length > before + 20", arg=[words.element_handle(), before])
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("log", name="Trial")).to_contain_text("It was stopped.")
    write(page, "name: storyteller\nsteps: [Nothing]\n")
    expect(try_it(page, "again")).to_contain_text("does not load")


def test_c32_a_bot_that_asks_and_wants_leave_is_tried_to_its_end(editor: Open, faults_of: Callable[[Page], list[str]]) -> None:
    page = editor("bea", "/bots/new/")
    write(page, TRIP)
    try_it(page, "book")
    log, box = page.get_by_role("log", name="Trial"), page.get_by_role("textbox", name="Say something to try it")
    log.get_by_role("region", name="Where to?").get_by_role("button", name="Kyoto").press("Enter")
    expect(box).to_be_focused()
    nights = log.get_by_role("region", name="How many nights?")
    number = nights.get_by_role("textbox")
    for typed in ("many", "3"):
        expect(nights.get_by_role("alert")).to_have_count(int(typed == "3"))
        number.fill(typed)
        number.press("Enter")
    leave = log.get_by_role("region", name="May I say this?")
    expect(leave).to_contain_text("exactly these 15 characters")
    assert [fault for fault in faults_of(page) if "avatar--off" not in fault] == []
    leave.get_by_role("button", name="Edit").click()
    leave.get_by_role("textbox").fill("Kyoto, 4 nights")
    leave.get_by_role("button", name="Approve").click()
    expect(leave).to_contain_text("Edited and approved")
    expect(log.get_by_role("article").last).to_contain_text("Kyoto, 4 nights")
    expect(log.get_by_role("button")).to_have_count(0)


def test_w21_a_trial_sends_nothing_and_goes_on_with_nothing_forged(editor: Open) -> None:
    page = editor("bea", "/bots/new/")
    write(page, LETTER)
    try_it(page, "we fly on Friday")
    log = page.get_by_role("log", name="Trial")
    work = log.get_by_role("region", name="Your bot asks echo")
    expect(work).to_contain_text("Write: we fly on Friday")
    work.get_by_role("textbox", name="What echo answers").fill("Dear Luke")
    work.get_by_role("button", name="Answer").click()
    leave = log.get_by_role("region", name="May I send this to luke for you?")
    state = leave.locator("input[name=state]")
    whole = state.input_value()
    for carried in (whole[:-1], f"x{whole}", whole):
        state.evaluate("(input, value) => { input.value = value }", carried)
        leave.get_by_role("button", name="Approve").click()
        if carried != whole:
            expect(leave.get_by_role("alert")).to_contain_text("The text was changed since the bot asked")
    expect(log.get_by_role("article", name="Would be sent to luke")).to_contain_text("Dear Luke")


def test_the_file_comes_first_and_what_came_of_a_save_is_in_sight(editor: Open, forget: Callable[[str], None]) -> None:
    forget("sight")
    page = editor("bea", "/bots/new/")
    write(page, bot_of("sight"))
    save(page)
    page.wait_for_url("**/bots/sight/edit/")
    expect(code(page)).to_be_in_viewport()
    expect(page.get_by_label("Greeting")).to_be_hidden()
    page.get_by_role("heading", name="Basics").click()
    expect(page.get_by_label("Greeting")).to_have_value("hello")
    write(page, bot_of("sight", expected="trumpets") + "# more\n" * 80)
    page.keyboard.press("Control+End")
    expect(page.get_by_label("Greeting")).not_to_be_in_viewport()
    save(page)
    expect(page.get_by_role("alert").get_by_text("Not saved")).to_be_in_viewport()


def test_the_editor_is_for_hands_and_ears_too(editor: Open, faults_of: Callable[[Page], list[str]]) -> None:
    def mine(page: Page) -> list[str]:
        return [fault for fault in faults_of(page) if "avatar--off" not in fault]  # the sidebar's, of bots that other tests switched off

    for scheme in ("light", "dark"):
        page = editor("bea", "/bots/new/", color_scheme=scheme)
        expect(code(page)).to_be_visible()
        expect(try_it(page, "hello")).to_contain_text("hello")
        page.get_by_role("button", name="Run the cases").click()
        expect(page.get_by_text("1 of 1 passed.")).to_be_visible()
        assert mine(page) == []
        page.get_by_role("button", name="Save …").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert mine(page) == []


def test_c33_a_change_that_a_program_proposes_is_accepted_by_an_editor_in_a_browser(
    editor: Open, product: Product, forget: Callable[[str], None]
) -> None:
    """The program has a token of Cyd's, who may not edit the bot: it can propose, and nothing more."""
    forget("mended")
    bea = editor("bea", "/bots/new/")
    write(bea, bot_of("mended"))
    save(bea)
    bea.wait_for_url("**/bots/mended/edit/")
    headers = {"Authorization": f"Bearer {workshop_token(product)}"}
    with httpx.Client(base_url=f"{product.url}/api/v1", headers=headers, trust_env=False) as program:
        wish = {"yaml": bot_of("mended", greeting="good day"), "why": "People missed a warmer word."}
        made = program.post("/bots/mended/proposals", json=wish)
        assert made.status_code == 201, made.text
        assert program.post("/bots/mended/case-runs", json={}).status_code == 404
        cyd = editor("cyd", made.json()["page"])
        expect(cyd.get_by_role("region", name="The difference")).to_contain_text("greeting: good day")
        expect(cyd.get_by_role("button", name="Accept and make it live")).to_have_count(0)
        bea.goto(made.json()["page"])
        bea.get_by_role("button", name="Run the cases").click()
        expect(bea.get_by_text("passed", exact=True)).to_be_visible()
        bea.get_by_role("button", name="Accept and make it live").click()
        expect(bea.get_by_text("Version 2 of mended is live.")).to_be_visible()
        assert "good day" in (product.config / "mended.yaml").read_text()
        assert program.get(f"/bots/mended/proposals/{made.json()['id']}").json()["state"] == "accepted"


def workshop_token(product: Product) -> str:
    code = "from accounts.models import *; print(ApiToken.objects.make(User.objects.get(username='cyd'), 'w', ['workshop'])[1])"
    return product.manage("shell", "-v", "0", "-c", code).split()[-1]
