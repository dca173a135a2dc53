"""C22, C23, C24, C27, C31, C35, C37 at the whole product, in browsers. docs/principles.md says where the other principles are held."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.system.conftest import QUIET
from tests.system.person import Person
from tests.system.product import PASSWORD, Product
from tests.system.test_the_main_job import open_room_with, say, signed_up, visit

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

ANSWERED = re.compile(r'^parley_http_requests_total\{method="(\w+)",route="([^"]*)",status="\d+"\} ([\d.]+)', re.MULTILINE)
AWAY = "Echo cannot be reached just now. Your message is kept and delivered when it is back."
BEATS = """() => {
  window.beats = 0
  document.addEventListener("parley:frame", ({ detail }) => { if (detail.type === "seq") window.beats += 1 })
}"""
SECOND = "select 1 from bots_botversion where yaml like 'name: painter%%' and number = 2"
SENT = "select 1 from chat_message m join accounts_user u on u.id = author_id where username = 'speaker' and metadata ? 'via'"
SITTER = """
name: sitter
persona: {{title: {title}, about: Minds what you say, greeting: "{greeting}", avatar: sitter.png}}
steps: [Chat, Reply]
"""
FOR_BOTS = ("relay", "bots", "worker")


@contextlib.contextmanager
def guest(browser: Browser, product: Product, name: str) -> Iterator[Page]:
    """A browser of somebody new, or of one of the cast. What breaks in it, and every answer that is the server's fault, fails the test."""
    page = signed_up(browser, product, name) if name not in product.tokens else visit(browser, product)
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" and not any(w in said.text for w in QUIET) else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("response", lambda answer: wrong.append(f"{answer.status} {answer.url}") if answer.status >= 500 else None)
    if name in product.tokens:
        page.goto("/account/login/")
        page.get_by_label("Username or e-mail address").fill(name)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("navigation", name="Rooms")).to_be_visible()
    yield page
    page.context.close()
    assert wrong == []


def messages(page: Page, author: str) -> Locator:
    return page.get_by_role("log", name="Messages").get_by_role("article", name=author)


def question(page: Page) -> Locator:
    """Of Go-between, which asks what to tell Cyd."""
    return page.get_by_role("region", name=re.compile("^What shall I tell Cyd"))


def approval(page: Page) -> Locator:
    return page.get_by_role("region", name="May I send this to cyd for you?")


def answer(page: Page, words: str) -> None:
    question(page).last.get_by_role("textbox").fill(words)
    question(page).last.get_by_role("button", name="Answer").click()


def begin_anew(product: Product) -> None:
    """Everything that works for bots is killed, Redis forgets all it held, and others go on in their place."""
    before = {name: product.pid(name) for name in FOR_BOTS}
    product.kill(*FOR_BOTS)
    product.flush_redis()
    product.start()
    assert not set(before.values()) & {product.pid(name) for name in FOR_BOTS}


def test_c22_workers_that_never_saw_the_beginning_go_on_between_turns_and_between_steps(browser: Browser, product: Product) -> None:
    """C22, I2: what was said, and what was answered in the middle of a run, is known to processes that were not there."""
    with guest(browser, product, "forgetful") as page:
        open_room_with(page, "Rememberer")
        say(page, "My cat is called Mio.")
        expect(messages(page, "Rememberer")).to_contain_text("Mio")
        begin_anew(product)
        say(page, "And my dog is called Rex.")
        expect(messages(page, "Rememberer").last).to_contain_text("You told me: My cat is called Mio. / And my dog is called Rex.")

        open_room_with(page, "Go-between")
        say(page, "Tell Cyd something nice.")
        expect(question(page).get_by_role("textbox")).to_be_visible()
        begin_anew(product)
        answer(page, "Happy birthday")
        expect(approval(page)).to_contain_text("Happy birthday")
        begin_anew(product)
        approval(page).get_by_role("button", name="Approve and send").click()
        expect(messages(page, "Go-between").last).to_contain_text("It is sent.")
        expect(question(page)).to_have_count(1)
        expect(messages(page, "Rememberer")).to_have_count(0)


def test_c23_people_talk_while_bots_are_away_and_a_worker_ends_its_work_without_the_manager(browser: Browser, product: Product) -> None:
    """C23: each process does its own part alone; what it needs another for waits, and says so."""
    with guest(browser, product, "alone") as page, guest(browser, product, "bea") as other:
        product.kill("bots", "worker")
        open_room_with(page, "Bea")
        say(page, "Can you read this?")
        open_room_with(other, "alone")
        expect(messages(other, "alone")).to_contain_text("Can you read this?")
        say(other, "I can.")
        expect(messages(page, "Bea")).to_contain_text("I can.")
        open_room_with(page, "Echo")
        say(page, "Are you there?")
        expect(messages(page, "Echo")).to_contain_text(AWAY)
        product.start("bots", "worker")
        expect(messages(page, "Echo")).to_contain_text("Are you there?", timeout=60_000)
        expect(page.get_by_text(AWAY)).to_have_count(0)

        open_room_with(page, "Essayist")
        say(page, "Write.")
        expect(messages(page, "Essayist")).to_contain_text("word5 ")
        product.kill("bots")
        expect(messages(page, "Essayist")).to_contain_text("word199", timeout=60_000)
        expect(page.locator(".message--draft")).to_have_count(0)
        assert product.sql("select outcome from bots_run r join accounts_user u on u.id = asker_id where u.username = 'alone' "
                           "order by r.created_at desc limit 1") == [("replied",)]  # fmt: skip


def test_c24_an_idle_page_and_a_run_that_waits_ask_for_nothing_and_what_happens_is_pushed(
    browser: Browser, product: Product, bea_there: Person
) -> None:
    """C24: from one heartbeat of the socket to the next, the browser sends no request, and none but the bots' own sign of life comes in."""
    with guest(browser, product, "idler") as page:
        open_room_with(page, "Go-between")
        say(page, "Tell Cyd something nice.")
        expect(question(page).get_by_role("textbox")).to_be_visible()
        open_room_with(page, "Bea")
        asked: list[str] = []
        page.evaluate(BEATS)
        page.wait_for_function("() => window.beats >= 1", timeout=60_000)
        before = requests(product)
        page.on("request", lambda request: asked.append(request.url))
        page.wait_for_function("() => window.beats >= 2", timeout=60_000)

        came = requests(product) - before
        assert asked == []
        assert {method for method, route in came if route != "metrics"} <= {"PUT"}, came  # each minute the bots are registered again
        bea_there.post(bea_there.direct("idler"), "This came by itself.")
        expect(messages(page, "Bea")).to_contain_text("This came by itself.")
        assert asked == []


def requests(product: Product) -> Counter[tuple[str, str]]:
    """What the app has answered so far, by method and route."""
    found: Counter[tuple[str, str]] = Counter()
    for method, route, count in ANSWERED.findall(product.get("/metrics")[1]):
        found[method, route] += int(float(count))
    return found


def test_c27_a_bot_is_who_its_file_says_it_is(browser: Browser, product: Product) -> None:
    """C27: title, greeting, description and picture, and at once when the file says otherwise."""
    file, picture = product.config / "sitter.yaml", product.config / "sitter.png"
    Image.new("RGB", (64, 64), "teal").save(picture)
    file.write_text(SITTER.format(title="The Sitter", greeting="Do sit down."))
    try:
        with guest(browser, product, "caller") as page:
            product.wait_for_bots("sitter")
            page.reload()
            open_room_with(page, "The Sitter")
            expect(page.get_by_role("log", name="Messages").get_by_text("Do sit down.")).to_be_visible()
            shown = page.locator(".empty-room .avatar img")
            expect(shown).to_be_visible()
            page.wait_for_function("image => image.naturalWidth > 0", arg=shown.element_handle())
            file.write_text(SITTER.format(title="The Stander", greeting="Do get up."))
            product.until(lambda: product.sql("select 1 from bots_bot where persona->>'title' = 'The Stander'"), "the new persona is live")
            page.goto("/bots/sitter/")
            expect(page.get_by_role("heading", name="The Stander", level=1)).to_be_visible()
            for words in ("Minds what you say", "Do get up."):
                expect(page.get_by_role("region", name="About").get_by_text(words)).to_be_visible()
    finally:
        file.unlink()
        picture.unlink()


def test_c31_the_page_of_a_bot_draws_the_steps_of_its_file_in_their_order(browser: Browser, product: Product) -> None:
    """C31: for every bot that comes along, and again when a file changes."""
    file = product.config / "painter.yaml"
    with guest(browser, product, "reader") as page:
        for path in sorted(product.config.glob("*_bot.yaml")) + [product.config / name for name in ("diarybot.yaml", "five-thoughts.yaml")]:
            assert drawn(page, path.read_text()) == steps_of(path.read_text()), path.name
        try:
            file.write_text("name: painter\nsteps:\n  - Draft: {fallback: Hm.}\n  - Reply\n")
            product.wait_for_bots("painter")
            assert drawn(page, file.read_text()) == ["Draft", "Reply"]
            file.write_text("name: painter\nsteps:\n  - Draft: {fallback: Hm.}\n  - Chat\n  - class: Reply\n")
            product.until(lambda: product.sql(SECOND), "the second version is live")
            assert drawn(page, file.read_text()) == ["Draft", "Chat", "Reply"]
        finally:
            file.unlink(missing_ok=True)


def drawn(page: Page, text: str) -> list[str]:
    page.goto(f"/bots/{yaml.safe_load(text)['name']}/")
    return page.get_by_role("region", name="What it does").locator("ol > li > b").all_inner_texts()


def steps_of(text: str) -> list[str]:
    """The names of the steps, in whichever of the three forms they are written."""
    steps: list[Any] = yaml.safe_load(text)["steps"]
    return [step if isinstance(step, str) else step.get("class") or next(iter(step)) for step in steps]


def test_c35_a_message_whose_answer_was_lost_is_sent_again_and_stands_and_is_answered_once(browser: Browser, product: Product) -> None:
    """C35, P2, P8: the first sending is stored, but the browser does not hear of it, and Retry sends the same once more."""
    lost: list[int] = []

    def lose(route: Route) -> None:
        lost.append(route.fetch().status)
        route.abort()

    with guest(browser, product, "twice") as page:
        open_room_with(page, "Echo")
        page.route("**/api/v1/rooms/*/messages", lose, times=1)
        say(page, "Only once, please.")
        page.get_by_role("button", name="Retry").click()
        expect(page.get_by_role("button", name="Retry")).to_have_count(0)
        expect(messages(page, "twice")).to_have_count(1)
        say(page, "And now?")
        expect(messages(page, "Echo").last).to_contain_text("And now?")
        expect(messages(page, "Echo").filter(has_text="Only once, please.")).to_have_count(1)
        expect(messages(page, "twice")).to_have_count(2)
        assert lost == [201]


def test_c37_nothing_goes_out_in_a_name_before_its_owner_says_yes_and_no_is_no(browser: Browser, product: Product) -> None:
    """C37, I5: in two browsers, with a real worker; the one who would get it sees nothing until then."""
    with guest(browser, product, "speaker") as hers, guest(browser, product, "cyd") as his:
        rooms = his.get_by_role("navigation", name="Rooms")
        open_room_with(hers, "Go-between")
        say(hers, "Tell Cyd something.")
        answer(hers, "You owe me a cake")
        approval(hers).get_by_text("Reject", exact=True).click()
        approval(hers).get_by_role("button", name="Reject it").click()
        expect(approval(hers)).to_contain_text("Rejected by")
        expect(messages(hers, "Go-between").filter(has_text="It is sent.")).to_have_count(0)

        say(hers, "Tell Cyd something nicer.")
        expect(question(hers)).to_have_count(2)
        answer(hers, "You are owed a cake")
        expect(approval(hers).last.get_by_role("button", name="Approve and send")).to_be_visible()
        expect(rooms).not_to_contain_text("speaker")
        assert product.sql(SENT) == []

        approval(hers).last.get_by_role("button", name="Approve and send").click()
        expect(rooms).to_contain_text("speaker")
        rooms.get_by_text("speaker").first.click()
        expect(messages(his, "speaker")).to_have_count(1)
        expect(messages(his, "speaker")).to_contain_text("You are owed a cake")
