"""C31: the tutorials of docs/bots.md that go through the chat, done as the page says, word for word, in the whole product.

The names, the questions, the answers and the listings are read from the page: when it no longer tells the truth, these fail.
Tutorials 3 and 4 are in docs/tests/test_tutorials_of_files.py, tutorial 5 in docs/tests/test_another_language.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.system.product import Product
from tests.system.test_editor_in_browsers import PASTE, code
from tests.system.test_the_main_job import open_room_with, say, signed_up

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

DOCS = Path(__file__).resolve().parents[3] / "docs" / "bots.md"
ROW = re.compile(r"^\| ([^|]+\?[^|]*) \| ([^|]+) \|$", re.MULTILINE)


def tutorial(number: int) -> str:
    """The text of a tutorial, as the page has it."""
    found = re.search(rf"^## Tutorial {number}: .*?(?=^## )", DOCS.read_text(), re.MULTILINE | re.DOTALL)
    assert found
    return found[0]


def in_bold(text: str) -> list[str]:
    return re.findall(r"\*\*(.+?)\*\*", text)


@pytest.fixture
def author(browser: Browser, product: Product) -> Iterator[Callable[[str], Page]]:
    """Signs somebody up, whom the operator then lets have bots."""
    pages: list[Page] = []

    def sign_up(name: str) -> Page:
        pages.append(signed_up(browser, product, name))
        product.sql("update accounts_user set is_staff = true where username = %s", name)
        return pages[-1]

    yield sign_up
    for page in pages:
        page.context.close()
    for name in ("umbrella", "suitcase", "gate-keeper"):
        (product.config / f"{name.replace('-', '_')}.yaml").unlink(missing_ok=True)


def answer(log: Locator, question: str, words: str) -> None:
    """On the card, by a button where there is one for these words."""
    card = log.get_by_role("region", name=question)
    expect(card.get_by_role("button").first).to_be_visible()
    if card.get_by_role("textbox").count():
        card.get_by_role("textbox").fill(words)
        card.get_by_role("button", name="Answer").click()
    else:
        card.get_by_role("button", name=words, exact=True).click()
    expect(card).to_contain_text("answered")


def test_tutorial_1_newbot_in_a_chat(author: Callable[[str], Page], product: Product) -> None:
    text = tutorial(1)
    page = author("rainer")
    open_room_with(page, "Bot builder")
    say(page, "/newbot")
    log = page.get_by_role("log", name="Messages")
    rows = ROW.findall(text)
    assert len(rows) == 4
    for question, words in rows:
        answer(log, question, words)

    links = in_bold(text)
    log.get_by_role("link", name=links[0]).click()
    expect(page.get_by_role("region", name="The difference")).to_contain_text(rows[3][1])
    page.get_by_role("button", name=links[1]).click()
    page.get_by_role("button", name=links[2]).click()
    say(page, "hello")
    asked, said = re.findall(r"it asks\s+you\s+\*(.+?)\*\s+Answer \*(.+?)\*", text)[0]
    answer(log, asked, said)
    expect(log.get_by_role("article", name=rows[0][1]).last).to_contain_text(said)
    assert product.sql("select a.username from bots_bot join accounts_user a on a.id = author_id where user_id = %s",
                       *product.sql("select id from accounts_user where username = 'umbrella'")[0]) == [("rainer",)]  # fmt: skip


def test_tutorial_1_with_a_model_that_writes_the_file(author: Callable[[str], Page], product: Product) -> None:
    """The scripted model misspells a step until it is told, and wants to be another bot that may do everything."""
    text = tutorial(1)
    about, way, wish = re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", text[text.index("It needs no key") :])
    about = about.replace("Umbrella", "Suitcase")
    page = author("packer")
    open_room_with(page, "Bot builder")
    say(page, "/newbot")
    log = page.get_by_role("log", name="Messages")
    for question, words in (("What is your bot called?", "Suitcase"), ("What is Suitcase for", "Helps me pack"), (about, way)):
        answer(log, question, words)
    answer(log, "What happens when people write to Suitcase?", f"{wish} [[behave:drafts]]")

    links = in_bold(text)
    built = log.get_by_role("article", name="Bot builder").last
    expect(built).to_contain_text("A model wrote its file: read it before you save it.")
    asked = product.model_requests()["by_prompt"].items()
    assert sum(times for prompt, times in asked if wish in prompt) == 2, "Once, and once more to mend it."
    query = "select run_id, usage from bots_runstep where name = 'DraftBotFile' and prompt::text like %s"
    ((run, usage),) = product.sql(query, f"%{wish}%")
    assert usage["tokens_in"] > 0
    built.get_by_role("link", name=links[0]).click()
    difference = page.get_by_role("region", name="The difference")
    expect(difference).to_contain_text("name: suitcase")
    expect(difference).to_contain_text("Take {nights} shirts")
    expect(difference).not_to_contain_text("permissions")
    page.get_by_role("button", name=links[1]).click()
    page.get_by_role("button", name="Write to Suitcase").click()
    say(page, "hello")
    answer(log, "How many nights are you away?", "3")
    expect(log.get_by_role("article", name="Suitcase").last).to_contain_text("Take 3 shirts and an umbrella.")

    page.goto(f"/runs/{run}/")
    expect(page.get_by_role("main")).to_contain_text("DraftBotFile")
    expect(page.get_by_role("main")).to_contain_text("suitcase, a draft of the model, mended once")


def test_somebody_who_may_not_have_bots_hears_it_before_any_question(browser: Browser, product: Product) -> None:
    page = signed_up(browser, product, "hopeful")
    open_room_with(page, "Bot builder")
    say(page, "/newbot")
    log = page.get_by_role("log", name="Messages")
    expect(log.get_by_role("article", name="Bot builder")).to_contain_text("You cannot have a bot of your own here yet.")
    expect(log.get_by_role("region", name="What is your bot called?")).to_have_count(0)
    page.context.close()


def test_tutorial_2_the_editor_in_the_browser(author: Callable[[str], Page], product: Product) -> None:
    text = tutorial(2)
    fields = dict(re.findall(r"\*\*(\w+)\*\* `([^`]+)`", text))
    assert set(fields) == {"Name", "Title", "Greeting"}
    page = author("keeper")
    page.get_by_role("link", name="Bots", exact=True).click()
    page.get_by_role("link", name="New bot").click()
    for label, value in fields.items():
        page.get_by_label(label, exact=True).fill(value)
    expect(code(page)).to_contain_text(f"title: {fields['Title']}")
    box = page.get_by_role("textbox", name="Say something to try it")
    box.fill("good evening")
    box.press("Enter")
    expect(page.get_by_role("log", name="Trial").get_by_role("article").last).to_contain_text("good evening")
    save(page)
    expect(page.get_by_text(f"Version 1 of {fields['Name']} is live.")).to_be_visible()

    room = page.context.new_page()
    room.goto("/")
    open_room_with(room, fields["Title"])
    expect(room.get_by_text(fields["Greeting"]).first).to_be_visible()
    say(room, "good evening")
    log = room.get_by_role("log", name="Messages")
    expect(log.get_by_role("article", name=fields["Title"])).to_contain_text("good evening")

    (line,) = re.findall(r"```yaml\n(- Draft.*?)\n```", text)
    before = (product.config / f"{fields['Name'].replace('-', '_')}.yaml").read_text()
    assert "  - Chat\n" in before
    code(page).click()
    page.keyboard.press("Control+a")
    page.evaluate(PASTE, before.replace("- Chat", line))
    save(page)
    expect(page.get_by_role("alert")).to_contain_text("Version 2 is live.")
    say(room, "the password")
    expect(log.get_by_role("article", name=fields["Title"]).last).to_contain_text("You say the password. You may pass.")


def save(page: Page) -> None:
    first, second = in_bold(tutorial(2))[-2:]
    page.get_by_role("button", name=first).click()
    page.get_by_role("dialog").get_by_role("button", name=second).click()
