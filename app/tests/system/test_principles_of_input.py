"""C36 at the whole product, in a browser: whatever is typed where one can type gets a clear answer, and the page lives on.

Rubbish is random, but the same each time, for whoever looks for what it broke.
"""

from __future__ import annotations

import json
import random
import re
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.system.product import Product
from tests.system.test_editor_in_browsers import save, try_it, write
from tests.system.test_principles import approval, guest, messages, question
from tests.system.test_the_main_job import open_room_with, say

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

# Escaped, since half of a pair does not get through to the browser as it is.
TYPED = "(box, text) => { box.value = JSON.parse(text); box.dispatchEvent(new Event('input', { bubbles: true })) }"
ALPHABETS = (
    "\x00\x01\x07\x1b\x7f\ufeff\u202e\u2066\u200b",
    "<>&\"'`[](){}*_#|\\/:;!@$%^~=+-.,",
    "aZ0 \n\t",
    "éßñ漢字かな한글עברית",
    "😀👩🏳\ufe0f\u200d\u0301\u0489",
)


def rubbish(length: int) -> str:
    chance = random.Random(length)
    return "".join(chance.choice(chance.choice(ALPHABETS)) for _ in range(length))


SAYINGS = [
    "nul \x00 in the middle",
    "half of a pair \ud83d and more",
    "x" * 20_001,
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "[" * 5000 + "](javascript:alert(1))",
    "{asker.__class__} {0} {} %s %(x)s ${x} {{ x }}",
    "@" * 200 + " @@echo @" + "e" * 500,
    "/" + "x" * 300 + " \u202e /stop @nobody-at-all",
    *(rubbish(length) for length in (1, 7, 50, 400, 3000)),
]
NUMBERS_AND_JSON = ["{", "[]", "null", "7", "NaN", '{"a": NaN}', '{"a": 1e999}', '{"a": "\x00"}', "[" * 50_000, '{"a": 1} x', rubbish(200)]
LAUGHS = "a: &a [1,1,1,1,1,1,1]\n" + "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in pairwise("abcdefghi"))
FILES = [
    "\x00",
    "{",
    "- - - -",
    "name: [x",
    "name: 12\nsteps: 7\n",
    "a: &a [*a]\n",
    "!!python/object/apply:os.system [ls]",
    LAUGHS,
    "\t" * 50 + "steps",
    "name: " + "x" * 70_000,
    *(rubbish(length) for length in (20, 300, 2000)),
]


def test_c36_the_composer_sends_what_can_be_stored_and_says_what_cannot(browser: Browser, product: Product) -> None:
    """C36, I10: and Echo, who was told all of it, answers the next plain word."""
    with guest(browser, product, "scribbler") as page:
        open_room_with(page, "Echo")
        box = page.get_by_role("textbox", name="Message", exact=True)
        for words in SAYINGS:
            box.evaluate(TYPED, json.dumps(words))
            page.get_by_role("button", name="Send", exact=True).click()
        mine = messages(page, "scribbler")
        expect(page.locator(".message--sending")).to_have_count(0, timeout=60_000)
        refused = page.locator(".message--unsent")
        wrong = [words for words in SAYINGS if len(words) > 20_000 or re.search("[\x00\ud800-\udfff]", words)]
        assert refused.count() == len(wrong) > 3
        for said in refused.locator("[data-words]").all_inner_texts():
            assert re.search("cannot be stored|is the most one can have|needs some text", said), said
        while refused.count():
            refused.first.get_by_role("button", name="Discard").click()
        expect(mine).to_have_count(len(SAYINGS) - len(wrong))
        say(page, "still alive")
        expect(messages(page, "Echo").last).to_contain_text("still alive", timeout=60_000)


def test_c36_the_search_finds_nobody_and_says_so(browser: Browser, product: Product) -> None:
    """C36: every letter of it is looked for, and stands in the answer."""
    with guest(browser, product, "seeker") as page:
        box, rooms = page.get_by_role("searchbox", name="Search people and bots"), page.get_by_role("navigation", name="Rooms")
        for words in ("' or 1=1 --", "%_\\%", "<b>x</b>", "nul\x00nul", "half \ud83d", "q" * 5000, rubbish(60)):
            with page.expect_response(re.compile(r"/people/\?")) as heard:
                box.fill(words)
            assert heard.value.status == 200, words
            expect(rooms).to_contain_text("Nobody here is called")
        box.fill("echo")
        expect(rooms).to_contain_text("Echo")


def test_c36_cards_refuse_what_was_not_asked_for(browser: Browser, product: Product) -> None:
    """C36, I5: an answer that is too long or cannot be stored, and a yes to bytes that nobody was shown."""
    with guest(browser, product, "fiddler") as page:
        open_room_with(page, "Go-between")
        say(page, "Tell Cyd something.")
        box = question(page).get_by_role("textbox")
        expect(box).to_be_visible()
        box.evaluate("box => { box.removeAttribute('maxlength'); box.removeAttribute('required') }")
        for words in ("", "y" * 20_001, "nul \x00"):
            answered(question(page), box, words, "Answer")
        box.fill(rubbish(300).replace("\x00", "") + " and a cake")
        question(page).get_by_role("button", name="Answer").click()
        card = approval(page)
        expect(card.get_by_role("button", name="Approve and send")).to_be_visible()
        was = card.locator("input[name=sha256]").first.input_value()
        for sha256 in ("", "0" * 64, rubbish(64), "é" * 5000):
            card.locator("input[name=sha256]").first.evaluate("(field, value) => { field.value = value }", sha256)
            card.get_by_role("button", name="Approve and send").click()
            expect(card.get_by_role("alert")).to_contain_text("This is not what you were shown.")
        assert product.sql("select state from bots_approval where sha256 = %s", was) == [("pending",)]
        card.get_by_text("Reject", exact=True).click()
        card.get_by_label("Why not?").fill(rubbish(200).replace("\x00", ""))
        card.get_by_role("button", name="Reject it").click()
        expect(card).to_contain_text("Rejected by")


def answered(card: Locator, box: Locator, words: str, button: str) -> None:
    """Send it, and be told why not."""
    box.fill(words)
    card.get_by_role("button", name=button).click()
    expect(card.get_by_role("alert")).to_have_text(re.compile(r"\w+ .*\."))
    card.get_by_role("alert").evaluate("alert => { alert.textContent = '' }")


def test_c36_a_payload_that_is_none_is_refused_with_the_place(browser: Browser, product: Product) -> None:
    """C36, I10: and the text that was written is kept to be mended."""
    with guest(browser, product, "mangler") as page:
        open_room_with(page, "Stumbler")
        say(page, "Go.")
        messages(page, "Stumbler").get_by_role("link", name="Open run").last.click()
        page.get_by_role("link", name="Edit payload and go on").click()
        for text in NUMBERS_AND_JSON:
            page.get_by_role("textbox", name="Payload, as JSON").fill(text)
            with page.expect_response(re.compile("/takeover/")) as heard:
                page.get_by_role("button", name="Go on from Stumble").click()
            assert heard.value.status in (400, 409, 422), (heard.value.status, text[:50])
            expect(page.get_by_role("alert")).to_have_text(re.compile(r"\w+ .*\."))
        page.get_by_role("link", name="Leave it").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Stumbler did not answer")


def test_c36_no_bot_file_breaks_the_editor(browser: Browser, product: Product) -> None:
    """C36, C32: each says what is wrong, none is saved, and the next good one is tried."""
    before = product.sql("select count(*) from bots_botversion")
    with guest(browser, product, "ada") as page:
        page.goto("/bots/new/")
        for text in FILES:
            write(page, text)
            expect(page.get_by_role("list", name="What is wrong").get_by_role("listitem").first).to_be_visible()
            checked(page)
        write(page, "name: at-last\nsteps:\n  - Chat\n  - Reply\n")
        expect(page.get_by_role("list", name="What is wrong")).to_be_hidden()
        expect(try_it(page, "still alive")).to_contain_text("still alive")
        assert product.sql("select count(*) from bots_botversion") == before


def checked(page: Page) -> None:
    """It cannot be saved: the server says so, too."""
    save(page)
    expect(page.get_by_role("alert").filter(has_text=re.compile("Not saved, since|A bot file may have"))).to_be_visible()
