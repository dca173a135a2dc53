"""The main job, as a newcomer does it in a browser: sign up, open a bot, write, watch the answer grow, stop it; then somebody else writes.

The whole product runs: app, relay, bot manager, worker, and the scripted server that plays OpenAI.
"""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from tests.system.product import PASSWORD, Product


def visit(browser: Browser, product: Product) -> Page:
    page = browser.new_context(base_url=product.url, viewport={"width": 1280, "height": 800}).new_page()
    page.goto("/")
    return page


def signed_up(browser: Browser, product: Product, name: str) -> Page:
    page = visit(browser, product)
    page.get_by_role("link", name="Sign up").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign up")
    page.get_by_label("Username").fill(name)
    page.get_by_label("E-mail address").fill(f"{name}@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("navigation", name="Rooms")).to_be_visible()
    return page


def open_room_with(page: Page, name: str) -> None:
    page.get_by_role("searchbox", name="Search people and bots").fill(name)
    page.get_by_role("navigation", name="Rooms").get_by_text(name, exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def say(page: Page, words: str) -> None:
    box = page.get_by_role("textbox", name="Message")
    box.fill(words)
    box.press("Enter")


def test_a_newcomer_signs_up_and_is_answered_by_echo(browser: Browser, product: Product) -> None:
    page = signed_up(browser, product, "newcomer")

    open_room_with(page, "Echo")
    say(page, "Hello, what's your name?")

    log = page.get_by_role("log", name="Messages")
    expect(log.get_by_role("article", name="Echo")).to_contain_text("Hi, I'm EchoBot.")
    expect(page).to_have_url(re.compile("/rooms/[0-9a-f-]{36}/"))
    page.reload()
    expect(log.get_by_role("article")).to_have_count(2)
    page.context.close()


def test_an_answer_grows_before_the_readers_eyes_in_two_tabs_and_stops_when_told(browser: Browser, product: Product) -> None:
    page = signed_up(browser, product, "watcher")
    open_room_with(page, "Japanese tutor")

    say(page, "Let's go for a walk [[behave:tokens-400-50]]")

    draft = page.get_by_role("log", name="Messages").get_by_role("article", name="Japanese tutor")
    expect(draft).to_have_attribute("aria-busy", "true")
    words = draft.locator("[data-body]")
    expect(words).not_to_be_empty()
    before = len(words.inner_text())
    page.wait_for_function("([node, before]) => node.innerText.length > before + 20", arg=[words.element_handle(), before])

    second = page.context.new_page()
    second.goto(page.url)
    expect(second.get_by_role("article", name="Japanese tutor").locator("[data-body]")).not_to_be_empty()
    second.get_by_role("button", name="Stop", exact=True).click()

    expect(page.get_by_role("button", name="Stop", exact=True)).to_have_count(0)
    product.until(lambda: product.sql("select 1 from bots_run where outcome = 'cancelled'"), "the run is cancelled")
    page.context.close()


def test_what_one_person_writes_is_in_the_others_browser_within_a_blink(browser: Browser, product: Product) -> None:
    one, other = signed_up(browser, product, "early-bird"), signed_up(browser, product, "night-owl")
    open_room_with(one, "night-owl")
    say(one, "Are you there?")
    expect(other.get_by_role("navigation", name="Rooms")).to_contain_text("early-bird")

    other.get_by_role("navigation", name="Rooms").get_by_text("early-bird").first.click()
    expect(other.get_by_role("log", name="Messages")).to_contain_text("Are you there?")
    say(other, "Just got here.")

    expect(one.get_by_role("article", name="night-owl")).to_contain_text("Just got here.")
    one.context.close()
    other.context.close()
