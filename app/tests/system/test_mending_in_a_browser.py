"""The run page at the whole product: a real worker, a real browser, and the scripted server that plays OpenAI."""

from __future__ import annotations

import uuid

import pytest
from playwright.sync_api import Browser, expect

from tests.system.product import Product
from tests.system.test_retry_without_paying_again import AFTER, BEFORE, FAILS, Paid
from tests.system.test_the_main_job import open_room_with, say, signed_up

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]


def test_c28_from_the_failure_in_the_room_over_the_run_to_the_answer_and_three_steps_are_paid_for_once(
    browser: Browser, product: Product
) -> None:
    """C25, C28: by clicks alone, and the page follows the new run to its end without being loaded anew."""
    paid = Paid(product)
    page = signed_up(browser, product, "fixer")
    open_room_with(page, "Five Thoughts")
    say(page, f"think of {uuid.uuid4()}")
    log = page.get_by_role("log", name="Messages")
    expect(log).to_contain_text("Five Thoughts could not answer")
    log.get_by_role("link", name="Open run").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Five Thoughts did not answer")
    steps = page.locator(".timeline__item")
    expect(steps).to_have_count(6)

    page.get_by_role("button", name="Retry from Chat").dblclick()

    expect(page.get_by_role("heading", level=1)).to_have_text("Five Thoughts answered")
    expect(steps.filter(has_text="not paid for again")).to_have_count(3)
    expect(page.get_by_role("region", name="In the room")).to_contain_text("word7")
    assert paid() == {**dict.fromkeys(BEFORE, 1), FAILS: 2, AFTER: 1}
    page.context.close()


def test_c25_the_page_of_a_run_at_work_says_what_it_does_and_stops_it(browser: Browser, product: Product) -> None:
    """C25: the step that streams is named while it streams."""
    page = signed_up(browser, product, "onlooker")
    open_room_with(page, "Japanese tutor")
    say(page, "Let's go for a walk [[behave:tokens-400-50]]")
    expect(page.get_by_role("article", name="Japanese tutor")).to_have_attribute("aria-busy", "true")
    ((run,),) = product.until(lambda: product.sql("select id from bots_run where state = 'active'"), "the run is at work")
    page.goto(f"/runs/{run}/")

    expect(page.get_by_role("heading", level=1)).to_have_text("Japanese tutor is at work")
    expect(page.get_by_role("list", name="Steps").get_by_role("listitem").filter(has_text="at work:")).to_contain_text("Chat")
    page.get_by_role("button", name="Stop", exact=True).click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Japanese tutor was stopped")
    expect(page.get_by_role("button", name="Retry from Chat")).to_be_visible()
    page.context.close()
