"""C26: answers made again and questions put in other words, in browsers: two people, two tabs, and a stranger."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from accounts.models import User
from api.v1.drafts import Frame
from bots import drafting
from bots.models import Bot, BotVersion, Run
from bots.models.run import DONE, REGENERATED
from chat.models import Message, Room
from chat.publisher import publisher
from tests.system.conftest import OpenPage, until

pytestmark = pytest.mark.system


@pytest.fixture
def bot(ada: User, echo: User) -> Bot:
    """Nobody answers at its address: here the test is the bot."""
    bot = Bot.objects.create(user=echo, owner=ada, endpoint="http://127.0.0.1:9/bots/echo", secret="s" * 64)
    bot.live = BotVersion.objects.create(bot=bot, number=1, yaml="name: echo\nsteps:\n  - Chat\n  - Reply\n", created_by=ada)
    bot.save()
    return bot


@pytest.fixture
def direct(bea: User, bot: Bot) -> Room:
    return Room.direct(bea, bot.user)


@pytest.fixture
def group(ada: User, bea: User, bot: Bot) -> Room:
    return Room.group(ada, "Kyoto in May", [bea, bot.user])


def at_work(room: Room) -> Run:
    """The bot has taken the next run of the room in hand."""
    (run,) = until(lambda: Run.objects.claim(1), "a run is due")
    assert run.room_id == room.pk
    run.record_steps(run.attempt, [])
    return Run.objects.select_related("bot__user", "room").get(pk=run.pk)


def say(run: Run, words: str) -> Message:
    message = run.reply(run.attempt, "1.0", words, {}).message
    run.finish(run.attempt, "replied")
    publisher.flush()
    return message


def answer(room: Room, words: str) -> Message:
    return say(at_work(room), words)


def write(run: Run, text: str) -> None:
    drafting.take(run.bot.owner, [Frame(run=run.pk, attempt=run.attempt, offset=0, text=text, step="Chat", activity="thinking")])


def live(page: Page) -> Page:
    expect(page.locator("html[data-connection=on]")).to_have_count(1)
    return page


def at(room: Room) -> str:
    return f"/rooms/{room.pk}/"


def words(page: Page) -> Locator:
    return page.get_by_role("log", name="Messages").locator("article .message__body")


def ask_again(page: Page, old: str, new: str) -> None:
    """Edit one's message, and have it answered anew."""
    mine = page.get_by_role("article", name="Bea").filter(has_text=old)
    mine.hover()
    mine.get_by_role("button", name="Edit").click()
    page.get_by_role("textbox", name="Edit message").fill(new)
    page.get_by_role("button", name="Save and ask again").click()


def test_c26_two_people_see_an_answer_made_again_and_go_between_its_versions(
    browse: OpenPage, group: Room, ada: User, bea: User, cyd: User
) -> None:
    group.post(bea, "@echo shall we?")
    answer(group, "Woof")
    group.post(ada, "And then?")
    hers, theirs = live(browse(bea, at(group))), live(browse(ada, at(group)))

    hers.get_by_role("article", name="Echo").hover()
    hers.get_by_role("button", name="Regenerate").click()
    answer(group, "Gladly")

    for page in (hers, theirs):
        expect(words(page)).to_have_text(["@echo shall we?", "Gladly", "And then?"])
        expect(page.get_by_role("group", name="Versions of this message")).to_contain_text("2 / 2")
    theirs.get_by_role("button", name="Previous version, 1 of 2").click()
    for page in (hers, theirs):
        expect(words(page).nth(1)).to_have_text("Woof")
        expect(words(page)).to_have_count(3)
        expect(page.get_by_role("group", name="Versions of this message")).to_contain_text("1 / 2")
    hers.reload()
    expect(words(hers).nth(1)).to_have_text("Woof")

    reply = Message.objects.get(body="Woof")
    for path in (at(group), f"{at(group)}messages/{reply.pk}/"):
        stranger = browse(cyd)
        found = stranger.goto(path)
        assert found and found.status == 404
    refused = stranger.request.post(f"{at(group)}messages/{reply.pk}/choice/", headers={"X-CSRFToken": token_of(stranger)})
    assert refused.status == 404


def token_of(page: Page) -> str:
    page.goto("/welcome/")
    return str(page.locator("meta[name=csrf-token]").get_attribute("content"))


def test_c26_the_arrows_work_by_keyboard_and_keep_the_focus(browse: OpenPage, direct: Room, bea: User) -> None:
    direct.post(bea, "Shall we?")
    reply = answer(direct, "one")
    for word in ("two", "three"):
        direct.post_alternative(reply, reply.author, word)
    page = live(browse(bea, at(direct)))
    focused = page.locator(":focus")

    page.get_by_role("button", name="Previous version, 2 of 3").focus()
    page.keyboard.press("Enter")
    expect(words(page).nth(1)).to_have_text("two")
    expect(focused).to_have_accessible_name("Previous version, 1 of 3")
    page.keyboard.press("ArrowLeft")
    expect(words(page).nth(1)).to_have_text("one")
    expect(focused).to_have_accessible_name("Next version, 2 of 3")
    page.keyboard.press("ArrowRight")
    expect(words(page).nth(1)).to_have_text("two")
    expect(focused).to_have_accessible_name("Next version, 3 of 3")


def test_c26_a_question_in_other_words_is_a_branch_in_every_tab(browse: OpenPage, direct: Room, bea: User) -> None:
    direct.post(bea, "Cats?")
    answer(direct, "Cats purr.")
    direct.post(bea, "Why?")
    answer(direct, "They are content.")
    page, tab = live(browse(bea, at(direct))), live(browse(bea, at(direct)))
    tab.get_by_role("textbox", name="Message", exact=True).fill("half a thought")

    ask_again(page, "Cats?", "Dogs?")
    for each in (page, tab):
        expect(words(each)).to_have_text(["Dogs?"])
    answer(direct, "Dogs bark.")
    for each in (page, tab):
        expect(words(each)).to_have_text(["Dogs?", "Dogs bark."])

    page.get_by_role("button", name="Previous version, 1 of 2").click()
    for each in (page, tab):
        expect(words(each)).to_have_text(["Cats?", "Cats purr.", "Why?", "They are content."])
        expect(each.locator(".day")).to_have_count(1)
    expect(tab.get_by_role("textbox", name="Message", exact=True)).to_have_value("half a thought")
    tab.get_by_role("button", name="Next version, 2 of 2").click()
    for each in (page, tab):
        expect(words(each)).to_have_text(["Dogs?", "Dogs bark."])


def test_a_question_in_other_words_stops_the_answer_to_the_old_ones(browse: OpenPage, direct: Room, bea: User) -> None:
    direct.post(bea, "Cats?")
    page = live(browse(bea, at(direct)))
    old = at_work(direct)
    write(old, "Cats are")
    expect(words(page)).to_have_text(["Cats?", "Cats are"])

    ask_again(page, "Cats?", "Dogs?")

    until(lambda: Run.objects.get(pk=old.pk).state == DONE, "the old run is over")
    new = at_work(direct)
    write(new, "Dogs are")
    expect(page.locator("article.message--draft")).to_have_count(1)
    expect(page.locator("article.message--draft")).to_contain_text("Dogs are")
    say(new, "Dogs bark.")
    expect(words(page)).to_contain_text(["Dogs?", "Dogs bark."])
    expect(page.locator("article.message--draft")).to_have_count(0)


def test_what_is_being_written_stays_when_another_version_is_shown(browse: OpenPage, direct: Room, bea: User) -> None:
    direct.post(bea, "Cats?")
    reply = answer(direct, "Cats purr.")
    direct.post_alternative(reply, reply.author, "Cats sleep.")
    direct.post(bea, "Why?")
    page = live(browse(bea, at(direct)))
    run = at_work(direct)
    write(run, "Because")
    expect(words(page)).to_have_text(["Cats?", "Cats sleep.", "Why?", "Because"])

    page.get_by_role("button", name="Previous version, 1 of 2").click()

    expect(words(page)).to_have_text(["Cats?", "Cats purr.", "Why?", "Because"])
    say(run, "Because they are content.")
    expect(words(page)).to_have_text(["Cats?", "Cats purr.", "Why?", "Because they are content."])


def test_what_is_being_written_in_a_branch_that_is_left_ends_up_there(browse: OpenPage, direct: Room, bea: User) -> None:
    direct.post(bea, "Cats?")
    answer(direct, "Cats purr.")
    page = live(browse(bea, at(direct)))
    ask_again(page, "Cats?", "Dogs?")
    run = at_work(direct)
    write(run, "Dogs are")
    draft = page.locator("article.message--draft")
    expect(draft).to_contain_text("Dogs are")

    page.get_by_role("button", name="Previous version, 1 of 2").click()
    expect(words(page).filter(visible=True)).to_have_text(["Cats?", "Cats purr."])
    page.get_by_role("button", name="Next version, 2 of 2").click()
    expect(words(page).filter(visible=True)).to_have_text(["Dogs?", "Dogs are"])
    page.get_by_role("button", name="Previous version, 1 of 2").click()
    say(run, "Dogs bark.")
    expect(draft).to_have_count(0)
    expect(words(page)).to_have_text(["Cats?", "Cats purr."])
    page.get_by_role("button", name="Next version, 2 of 2").click()
    expect(words(page)).to_have_text(["Dogs?", "Dogs bark."])


def shown(page: Page) -> Locator:
    return words(page).filter(visible=True)


@pytest.fixture
def made_again(browse: OpenPage, group: Room, ada: User, bea: User) -> tuple[Run, Page, Page]:
    """Bea asks for another version of a reply that others have answered since. The bot is at it."""
    group.post(bea, "@echo cats?")
    answer(group, "**Cats** purr.")
    group.post(ada, "And dogs?")
    hers, adas = live(browse(bea, at(group))), live(browse(ada, at(group)))
    hers.get_by_role("article", name="Echo").hover()
    hers.get_by_role("button", name="Regenerate").click()
    run = at_work(group)
    write(run, "Cats sleep")
    return run, hers, adas


def test_a_reply_that_is_made_again_grows_in_the_place_of_the_old_one(
    made_again: tuple[Run, Page, Page], browse: OpenPage, group: Room, ada: User
) -> None:
    run, hers, adas = made_again
    late = live(browse(ada, at(group)))
    for page in (hers, adas, late):
        expect(shown(page)).to_have_text(["@echo cats?", "Cats sleep", "And dogs?"])
        expect(page.locator(".day")).to_have_count(1)
    group.post(ada, "Anybody?")
    write(run, "Cats sleep a lot")
    for page in (hers, adas, late):
        expect(shown(page)).to_have_text(["@echo cats?", "Cats sleep a lot", "And dogs?", "Anybody?"])

    say(run, "Cats sleep a lot.")

    for page in (hers, adas, late):
        expect(words(page)).to_have_text(["@echo cats?", "Cats sleep a lot.", "And dogs?", "Anybody?"])
        expect(page.get_by_role("group", name="Versions of this message")).to_contain_text("2 / 2")


def test_a_reply_that_was_to_be_made_again_is_back_when_it_is_stopped(made_again: tuple[Run, Page, Page]) -> None:
    run, hers, adas = made_again
    hers.get_by_role("button", name="Stop").click()
    for page in (hers, adas):
        expect(words(page)).to_have_text(["@echo cats?", "Cats purr.", "And dogs?"])
        expect(words(page).nth(1).locator("strong")).to_have_text("Cats")
        expect(page.get_by_role("article", name="Echo")).to_have_count(1)
    assert Run.objects.get(pk=run.pk).reason == "stopped"


def test_a_reply_that_was_to_be_made_again_is_back_when_that_fails(made_again: tuple[Run, Page, Page]) -> None:
    run, hers, adas = made_again
    run.finish(run.attempt, "failed", reason="away", explanation="My model is away.", permanent=True)
    publisher.flush()
    for page in (hers, adas):
        expect(shown(page)).to_have_text(["@echo cats?", "Cats purr.", "And dogs?", "My model is away."])
        expect(page.locator(".message--draft")).to_have_count(0)


def test_axe_finds_nothing_wrong_with_the_arrows(browse: OpenPage, direct: Room, bea: User, faults_of: Callable[[Page], list[str]]) -> None:
    direct.post(bea, "Cats?")
    reply = answer(direct, "one")
    for word in ("two", "three"):
        direct.post_alternative(reply, reply.author, word)
    direct.choose(Message.objects.get(body="two"), bea)
    for scheme in ("light", "dark"):
        assert faults_of(live(browse(bea, at(direct), color_scheme=scheme))) == []


def test_pressing_regenerate_in_two_tabs_asks_once(browse: OpenPage, direct: Room, bea: User) -> None:
    direct.post(bea, "Cats?")
    answer(direct, "Cats purr.")
    tabs = [live(browse(bea, at(direct))) for _ in range(2)]
    for tab in tabs:
        tab.get_by_role("article", name="Echo").hover()
        with tab.expect_response(lambda response: "/regeneration/" in response.url):
            tab.get_by_role("button", name="Regenerate").click()
    assert Run.objects.filter(how=REGENERATED).count() == 1
    answer(direct, "Cats sleep.")
    for tab in tabs:
        expect(words(tab)).to_have_text(["Cats?", "Cats sleep."])


def test_who_was_away_finds_the_branch_that_is_shown(browse: OpenPage, direct: Room, bea: User) -> None:
    """P4: the choice is among what was missed."""
    question = direct.post(bea, "Cats?").message
    answer(direct, "Cats purr.")
    page = live(browse(bea, at(direct)))
    page.context.set_offline(True)
    page.evaluate("document.dispatchEvent(new Event('offline'))")
    expect(page.locator("html[data-connection=on]")).to_have_count(0)
    question.resubmit(bea, "Dogs?")
    answer(direct, "Dogs bark.")
    page.context.set_offline(False)
    live(page)
    expect(words(page)).to_have_text(["Dogs?", "Dogs bark."])


def test_it_works_without_script(browse: OpenPage, direct: Room, bea: User) -> None:
    question = direct.post(bea, "Cats?").message
    answer(direct, "Cats purr.")
    page = browse(bea, f"{at(direct)}messages/{question.pk}/", java_script_enabled=False)
    page.get_by_role("textbox", name="Your words").fill("Dogs?")
    page.get_by_role("button", name="Save and ask again").click()
    expect(words(page)).to_have_text(["Dogs?"])
    page.get_by_role("button", name="Previous version, 1 of 2").click()
    expect(words(page)).to_have_text(["Cats?", "Cats purr."])


def test_a_version_that_is_not_shown_can_be_read_and_shown_from_its_own_page(browse: OpenPage, direct: Room, bea: User) -> None:
    question = direct.post(bea, "Cats?").message
    answer(direct, "Cats purr.")
    question.resubmit(bea, "Dogs?")
    page = browse(bea, f"{at(direct)}messages/{question.pk}/")
    page.get_by_role("button", name="Show this one").click()
    expect(words(page)).to_have_text(["Cats?", "Cats purr."])
