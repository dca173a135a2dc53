"""Commands in real browsers: completed after a /, obeyed at once, seen by everybody in the room."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from accounts.models import User
from bots.models import Bot, Run
from chat.models import Room
from tests.system.conftest import OpenPage
from tests.system.test_two_browsers import live

pytestmark = pytest.mark.system


@pytest.fixture
def bot(ada: User, echo: User) -> Bot:
    """Echo, which knows a command of its own. Nobody listens at its endpoint."""
    commands = [{"name": "story", "about": "Tells a story"}]
    return Bot.objects.create(user=echo, owner=ada, endpoint="http://127.0.0.1:9/bots/echo", secret="s" * 64, commands=commands)


@pytest.fixture
def room(ada: User, bea: User, bot: Bot) -> Room:
    return Room.group(ada, "Kyoto in May", [bea, bot.user])


def test_a_slash_offers_commands_and_stop_stops_for_everybody_to_see(browse: OpenPage, room: Room, ada: User, bea: User) -> None:
    room.post(bea, "@echo tell me everything")
    hers, his = live(browse(ada, f"/rooms/{room.pk}/")), live(browse(bea, f"/rooms/{room.pk}/"))
    box = his.get_by_role("textbox", name="Message", exact=True)
    box.press_sequentially("/st")
    options = his.get_by_role("listbox", name="Suggestions").get_by_role("option")
    expect(options).to_have_text(["/stopstops what bots are doing for you", "/storyTells a story · @echo"])
    his.keyboard.press("Enter")
    expect(box).to_have_value("/stop ")
    his.keyboard.press("Enter")
    expect(hers.get_by_role("article", name="Echo")).to_contain_text("I have stopped.")
    assert Run.objects.get().outcome == "cancelled"


def test_a_command_that_is_written_out_is_sent_by_one_enter(browse: OpenPage, bot: Bot, ada: User) -> None:
    direct = Room.direct(ada, bot.user)
    page = live(browse(ada, f"/rooms/{direct.pk}/"))
    page.get_by_role("textbox", name="Message", exact=True).press_sequentially("/help")
    page.keyboard.press("Enter")
    answer = page.get_by_role("article", name="Echo")
    expect(answer).to_contain_text("/story Tells a story")
    expect(answer).to_contain_text("/ping says whether a bot is there")


def test_a_bots_own_command_is_taken_with_the_mouse_and_asks_it(browse: OpenPage, room: Room, bot: Bot, ada: User) -> None:
    page = live(browse(ada, f"/rooms/{room.pk}/"))
    box = page.get_by_role("textbox", name="Message", exact=True)
    box.press_sequentially("/")
    page.get_by_role("option").filter(has_text="/story").click()
    expect(box).to_have_value("/story ")
    box.press_sequentially("of a lion")
    page.keyboard.press("Enter")
    expect(page.get_by_role("article", name="Ada")).to_have_attribute("data-position", "1")
    assert Run.objects.get().bot == bot


def test_a_room_of_people_offers_no_commands(browse: OpenPage, ada: User, bea: User) -> None:
    page = live(browse(ada, f"/rooms/{Room.direct(ada, bea).pk}/"))
    with page.expect_response(lambda answer: answer.url.endswith("/commands")):
        page.get_by_role("textbox", name="Message", exact=True).press_sequentially("/")
    expect(page.get_by_role("listbox", name="Suggestions")).to_be_hidden()
    expect(page.locator("#composer-hint")).not_to_contain_text("for commands")
