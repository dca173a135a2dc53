"""The pages of bots in browsers: what a bot does, its gap, its runs, versions and cases; with a stranger beside the people they concern."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from bots.models import Bot, BotVersion, Case, CaseResult, Correction, Run, Spending
from chat.models import Room
from lib.ids import uuid7
from lib.time import database_now
from tests.system.conftest import OpenPage, until
from tests.system.person import Person

pytestmark = pytest.mark.system
Faults = Callable[[Page], list[str]]
PHONE = {"width": 390, "height": 844}
DRAWN = (
    "canvas => { const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height); return data.some(one => one) }"
)
COLOURS = """canvas => { const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  const found = {}
  for (let i = 0; i < data.length; i += 4) {
    const colour = data.slice(i, i + 3).join()
    if (data[i + 3] === 255) found[colour] = (found[colour] ?? 0) + 1
  }
  return Object.keys(found).sort((a, b) => found[b] - found[a])[0] }"""  # fmt: skip


@pytest.fixture
def bot(ada: User, echo: User) -> Bot:
    bot = Bot.objects.create(
        user=echo, owner=ada, endpoint="http://127.0.0.1:1/", secret="x", permissions={"services": True},
        persona={"title": "Echo", "about": "Says back what you say", "greeting": "Hello, I am Echo."},
        steps=[{"name": "Draft", "detail": ""}, {"name": "Chat", "detail": "OpenAIChat · small"}, {"name": "Reply", "detail": ""}],
        budget={"tokens_per_day": 1000, "tokens_per_person": 100}, commands=[{"name": "joke", "about": "Tells a joke"}],
    )  # fmt: skip
    for number in (1, 2):
        bot.live = BotVersion.objects.create(
            bot=bot, number=number, yaml=f"name: echo\nsteps:\n  - Chat: {{model: m{number}}}\n  - Reply\n", created_by=ada
        )
        CaseResult.objects.create(version=bot.live, case="hello there", passed=number == 1, missed="" if number == 1 else "it said nothing")
    bot.save()
    BotVersion.objects.filter(number=1).update(created_at=database_now() - timedelta(days=12))
    return bot


@pytest.fixture
def room(bot: Bot, ada: User, bea: User) -> Room:
    """Two weeks of runs; every third answer was corrected, and what Bea asked is a proposed case."""
    room = Room.group(ada, "Kyoto in May", [bea, bot.user])
    reply = room.post(bot.user, "hello").message
    for past in range(14):
        at, pk = database_now() - timedelta(days=past), uuid7()
        version = BotVersion.objects.get(number=1 if past else 2)
        run = Run.objects.create(
            pk=pk, bot=bot, room=room, asker=bea if past % 2 else ada, version=version, state="done", trigger=[], trigger_position=1,
            outcome="failed" if past == 5 else "replied", reason="model_away" if past == 5 else "", chain=pk, created_at=at, cost="0.001",
            first_word_at=at + timedelta(milliseconds=400 + 50 * past), ended_at=at + timedelta(seconds=1 + past),
        )  # fmt: skip
        if past % 3 == 1:
            Correction.objects.create(message=reply, bot=bot, run=run, by=bea, before="a", after="b", distance=1, share=0.4).save()
            Correction.objects.filter(run=run).update(created_at=at)
    Spending.objects.create(bot=bot, asker=ada, day=database_now().date(), tokens=60, cost="0.01")
    Case.objects.create(bot=bot, message=reply, source="correction", say=["good morning"], expect={"equals": "hi"}, author=bea, made_by=ada)
    return room


PAGES = (
    "/bots/",
    "/bots/?q=nobody",
    "/bots/echo/",
    "/bots/echo/runs/",
    "/bots/echo/versions/",
    "/bots/echo/versions/2/",
    "/bots/echo/cases/",
)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_the_pages_of_bots(browse: OpenPage, room: Room, ada: User, faults_of: Faults, theme: str) -> None:
    page = browse(ada, "/bots/", color_scheme=theme)
    for path in PAGES:
        page.goto(path)
        if path == "/bots/echo/":
            expect(page.locator(".plots[data-drawn]")).to_have_count(2)
            page.get_by_text("By day, as a table").click()
        assert not faults_of(page), path
    page.goto(f"/rooms/{room.pk}/")
    expect(page.get_by_role("heading", name="The gap, last 30 days")).to_be_visible()
    assert not faults_of(page)


def test_nothing_is_wider_than_a_phone(browse: OpenPage, room: Room, ada: User) -> None:
    page = browse(ada, "/bots/", viewport=PHONE)
    for path in PAGES:
        page.goto(path)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
        assert page.evaluate("(box => box.scrollWidth - box.clientWidth)(document.querySelector('.page'))") == 0, path


# Words that stand outside their own box, and boxes that stand outside the page. What is cut off on purpose does neither.
OUTSIDE = """region => {
  const { left, right } = region.getBoundingClientRect()
  const leaks = one => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX === "visible"
  const beyond = ({ left: from, right: to }) => from < left || to > right
  const seen = [...region.querySelectorAll("h2, p, ol, ul, .btn")].filter(one => one.offsetParent && !one.closest("nav"))
  return seen.filter(one => leaks(one) || beyond(one.getBoundingClientRect())).map(one => one.className + one.textContent)
}"""


@pytest.mark.parametrize("width", [390, 1360])
def test_words_without_an_end_and_steps_without_number_stay_inside_their_frames(browse: OpenPage, bot: Bot, ada: User, width: int) -> None:
    endless = "x" * 200
    bot.persona = {"title": "W" * 80, "about": endless, "greeting": endless}
    bot.steps, bot.commands = [{"name": "Draft", "detail": ""}] * 20, [{"name": "long", "about": endless}]
    bot.save()
    User.objects.filter(pk=bot.user_id).update(name="W" * 80)
    page = browse(ada, viewport={"width": width, "height": 844})
    for place in ("/bots/echo/", "/bots/"):
        page.goto(place)
        region = page.get_by_role("region").filter(has=page.get_by_text(endless[:100])).first
        expect(region).to_be_visible()
        assert region.evaluate(OUTSIDE) == []


def test_c30_the_gap_is_plotted_and_stands_in_a_table_for_those_who_do_not_see_plots(browse: OpenPage, room: Room, bea: User) -> None:
    page = browse(bea, "/bots/echo/")
    plots = page.locator(".plots[data-drawn]")
    expect(plots).to_have_count(2)

    assert all(canvas.evaluate(DRAWN) for canvas in page.locator("canvas").all())
    expect(page.get_by_role("img", name="Share of answers accepted as they were, by day")).to_be_visible()
    expect(page.locator(".measures")).to_contain_text("accepted as it was62 %8 of 13 answers")
    page.get_by_text("By day, as a table").click()
    table = page.get_by_role("region", name="The gap by day").get_by_role("table")
    expect(table.get_by_role("row")).to_have_count(31)
    expect(table.get_by_role("row").last).to_contain_text("version 2")
    page.get_by_role("link", name="90 days").click()
    expect(page.get_by_text("By day, as a table")).to_be_visible()
    expect(page.locator("#gap-days tbody tr")).to_have_count(90)


def test_plots_follow_the_theme(browse: OpenPage, room: Room, bea: User) -> None:
    page = browse(bea, "/bots/echo/", color_scheme="light")
    expect(page.locator(".plots[data-drawn]")).to_have_count(2)
    bars = page.locator("[data-plots-kind-value=bar] canvas").first
    light = bars.evaluate(COLOURS)

    page.get_by_role("button", name="Theme").first.click()
    page.get_by_role("menuitemradio", name="Dark").first.click()

    until(lambda: bars.evaluate(COLOURS) != light, "the bars are drawn in the colours of the dark theme")
    assert bars.evaluate(COLOURS) == "79,209,181"
    assert light == "11,107,93"


def test_pages_of_bots_work_without_scripts(browse: OpenPage, room: Room, bea: User) -> None:
    page = browse(bea, "/bots/echo/", java_script_enabled=False)

    expect(page.locator(".plots").first).to_be_hidden()
    expect(page.locator(".measures")).to_contain_text("8 of 13 answers")
    page.get_by_role("link", name="Runs", exact=True).click()
    page.get_by_label("Outcome").select_option("failed")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".numbers--runs tbody tr")).to_have_count(1)


def test_c27_people_find_bots_by_what_they_are_about_and_see_what_they_do(browse: OpenPage, room: Room, bea: User) -> None:
    page = browse(bea, "/")
    page.get_by_role("navigation", name="Rooms").get_by_role("link", name="Bots", exact=True).click()
    page.get_by_label("Name, or what it is about").fill("says BACK")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Echo", exact=True).last.click()

    expect(page.get_by_text("Hello, I am Echo.")).to_be_visible()
    expect(page.locator(".flow__step")).to_have_text(["Draft", "ChatOpenAIChat · small", "Reply"])
    expect(page.get_by_text("Tells a joke")).to_be_visible()
    expect(page.get_by_role("meter", name="All people together: 6 percent")).to_be_visible()


def test_a_stranger_sees_counts_and_never_what_was_said(browse: OpenPage, room: Room, bea: User, cyd: User) -> None:
    run = Run.objects.filter(asker=bea).latest("created_at")
    hers, strangers = browse(bea, "/bots/echo/runs/?person=bea&outcome=replied"), browse(cyd, "/bots/echo/runs/")

    hers.locator(f"a[href='/runs/{run.pk}/']").click()
    expect(hers).to_have_url(re.compile(rf"^http://[^/]+/runs/{run.pk}/$"))
    expect(strangers.get_by_text("14 are in rooms that you are not in")).to_be_visible()
    expect(strangers.locator("a[href^='/runs/']")).to_have_count(0)
    answer = strangers.goto(f"/runs/{run.pk}/")
    assert answer
    assert answer.status == 404


def test_c30_a_case_is_confirmed_by_whoever_said_the_words_and_by_nobody_else(
    browse: OpenPage, room: Room, ada: User, bea: User, cyd: User
) -> None:
    adas, beas, strangers = (browse(user, "/bots/echo/cases/") for user in (ada, bea, cyd))
    expect(adas.get_by_text("Waits for Bea.")).to_be_visible()
    expect(adas.get_by_role("button", name="Confirm this text")).to_have_count(0)
    expect(strangers.get_by_text("good morning")).to_have_count(0)

    beas.get_by_role("button", name="Confirm this text").click()

    expect(beas.get_by_text("Confirmed. The bot's editors can put it into its file now.")).to_be_visible()
    assert Case.objects.get().state == "confirmed"
    adas.reload()
    expect(adas.get_by_role("button", name="Put into the file")).to_be_visible()
    strangers.reload()
    expect(strangers.get_by_text("good morning")).to_be_visible()
    expect(strangers.get_by_role("button", name="Put into the file")).to_have_count(0)


def test_c30_the_cases_say_which_version_broke_which(browse: OpenPage, room: Room, bea: User) -> None:
    page = browse(bea, "/bots/echo/")
    page.get_by_role("link", name="1 case that passed once fails now").click()

    row = page.get_by_role("row", name="hello there")
    expect(row).to_contain_text("broken by version 2")
    row.get_by_role("link", name="broken by version 2").click()
    expect(page.locator(".diff__gone .diff__text")).to_have_text("  - Chat: {model: m1}")
    expect(page.locator(".diff__new .diff__text")).to_have_text("  - Chat: {model: m2}")
    expect(page.get_by_text("it said nothing")).to_be_visible()
    expect(page.get_by_role("button", name="Restore version 2")).to_have_count(0)


def test_c30_the_gap_stands_beside_the_room_with_the_ways_to_edit_and_to_the_runs(
    browse: OpenPage, room: Room, bot: Bot, ada: User, bea: User
) -> None:
    guide = User.objects.create_bot("guide", name="Guide")
    Bot.objects.create(user=guide, owner=ada, endpoint="http://127.0.0.1:1/", secret="x", persona={"title": "Guide"})
    room.add(guide, ada)
    direct = Room.direct(ada, bot.user)
    panel = browse(ada, f"/rooms/{direct.pk}/").get_by_role("complementary", name="About this room")
    expect(panel).to_contain_text("accepted as it was62 %")
    expect(panel.get_by_role("img", name="The share of answers that people did not take as they were")).to_be_visible()
    expect(panel.get_by_role("link", name="Edit bot")).to_have_attribute("href", "/bots/echo/edit/")
    beas = browse(bea, f"/rooms/{room.pk}/").get_by_role("complementary", name="About this room")
    expect(beas.get_by_role("link", name="Edit bot")).to_have_count(0)

    beas.get_by_role("link", name="Guide").click()
    expect(beas.get_by_role("heading", name="Guide")).to_be_visible()
    expect(beas.get_by_text("No runs yet.")).to_be_visible()
    beas.get_by_role("link", name="Runs").click()

    expect(beas.page.get_by_label("Asked by")).to_be_visible()


def test_a_version_is_restored_in_the_file_and_live_at_once(ada_there: Person, bea_there: Person) -> None:
    """Through the whole product: the app asks the bot manager, which writes the file and registers the next version."""
    product = ada_there.product
    file = product.config / "parrot.yaml"
    first = file.read_text()
    was = ada_there.ask("GET", "bots/parrot")["version"]
    file.write_text(first.replace("Says what", "Repeats what"))
    product.until(lambda: ada_there.ask("GET", "bots/parrot")["version"] == was + 1, "the changed file is live")

    with bea_there.signed_in() as stranger, ada_there.signed_in() as browser:
        path = f"/bots/parrot/versions/{was}/restoration/"
        tokens = [
            one.get("/bots/parrot/versions/").text.split('csrfmiddlewaretoken" value="')[1].split('"')[0] for one in (stranger, browser)
        ]
        refused = stranger.post(path, data={"csrfmiddlewaretoken": tokens[0]})
        taken = browser.post(path, data={"csrfmiddlewaretoken": tokens[1]})
        said = browser.get("/bots/parrot/versions/").text

    assert (refused.status_code, taken.status_code) == (403, 302)
    assert f"Version {was} is live again, as version {was + 2}." in said
    assert file.read_text() == first
    assert json.dumps(ada_there.ask("GET", "bots/parrot")["version"]) == str(was + 2)


def test_a_spent_budget_is_held_before_the_next_service_is_called_and_said_in_the_room(ada_there: Person, bea_there: Person) -> None:
    """Counted at the scripted server: the first thought spends the budget, the second is never asked for, nor is anything the next time."""
    product = ada_there.product
    room = ada_there.direct("miser")

    before = product.model_requests()["by_model"]  # of the tests that ran before this one

    def asked(model: str) -> int:
        return int(product.model_requests()["by_model"].get(model, 0)) - int(before.get(model, 0))

    ada_there.post(room, "Think twice")
    (run,) = ada_there.ended(room)
    assert (run["outcome"], run["reason"], run["permanent"]) == ("failed", "budget_spent", True)
    assert (asked("tokens-2-1"), asked("tokens-4-2")) == (1, 0)

    ada_there.post(room, "Once more")
    again = ada_there.ended(room, 2)[-1]
    assert (again["outcome"], again["reason"], again["attempt"]) == ("failed", "budget_spent", 0)
    assert (asked("tokens-2-1"), asked("tokens-4-2")) == (1, 0)
    words = [message["body"] for message in ada_there.messages(room) if message["kind"] == "failure"]
    assert len(words) == 2
    assert all(said.startswith("You have used up your 1 tokens with me for today. I answer again after midnight UTC") for said in words)
    with bea_there.signed_in() as browser:
        page = browser.get("/bots/miser/").text
        assert "0 of 1 tokens" in page  # hers is her own
        assert "1 of 1 run" in page  # the other one never began
