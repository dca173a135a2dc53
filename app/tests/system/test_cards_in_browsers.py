"""Cards in the room, with two people in two browsers: Bea, who asked, and Ada, who looks on; and Cyd, for whom none of it is there."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, ViewportSize, expect

from accounts.models import User
from bots import waiting
from bots.models import Approval, Bot, BotVersion, Run
from bots.models.queue import in_seconds
from chat.models import Message, Room, RoomEvent
from chat.publisher import publisher
from tests.bots import waits
from tests.system.conftest import OpenPage
from tests.system.test_two_browsers import live

pytestmark = pytest.mark.system


def make_bot(owner: User, username: str, title: str, **fields: object) -> Bot:
    user = User.objects.create_bot(username, name=title)
    bot = Bot.objects.create(user=user, owner=owner, endpoint="http://127.0.0.1:9/", secret="s" * 64, persona={"title": title}, **fields)
    bot.live = BotVersion.objects.create(bot=bot, number=1, yaml="name: x\nsteps: [Reply]\n", created_by=owner)
    bot.save()
    return bot


@pytest.fixture
def planner(ada: User) -> Bot:
    return make_bot(ada, "trip-planner", "Trip planner", callees=["japanese-bot"])


@pytest.fixture
def room(ada: User, bea: User, planner: Bot) -> Room:
    return Room.group(ada, "Kyoto in May", [bea, planner.user])


@pytest.fixture
def run(room: Room, bea: User) -> Run:
    room.post(bea, "@trip-planner book the ryokan")
    return Run.objects.claim(1)[0]


def wait_for(run: Run, wish: dict[str, object]) -> None:
    assert waiting.wait(run, run.attempt, wish["waiting"] | {"expires": 23.5 * 3600})  # type: ignore[operator]


@pytest.fixture
def approval(run: Run) -> Approval:
    User.objects.create_user("luke", name="Luke")
    wait_for(run, waits.approval(title="May I send this to Luke for you?"))
    return Approval.objects.get()


def card(page: Page, name: str = "May I send this to Luke for you?") -> Locator:
    return page.get_by_role("region", name=name)


@pytest.fixture
def both(browse: OpenPage, room: Room, ada: User, bea: User) -> Callable[[], tuple[Page, Page]]:
    """Bea's page and Ada's."""
    return lambda: (live(browse(bea, f"/rooms/{room.pk}/")), live(browse(ada, f"/rooms/{room.pk}/")))


def test_c37_the_asker_approves_the_exact_bytes_and_everybody_sees_it(both: Callable[..., tuple[Page, Page]], approval: Approval) -> None:
    hers, adas = both()
    for page in (hers, adas):
        expect(card(page)).to_contain_text(waits.LETTER)
        expect(card(page)).to_contain_text("To luke")
        expect(card(page)).to_contain_text("on behalf of Bea · only Bea can decide · expires in 23 h")
    expect(card(hers)).to_contain_text(f"exactly these {len(waits.LETTER)} characters")
    expect(card(adas).get_by_role("button")).to_have_count(0)

    card(hers).get_by_role("button", name="Approve and send").click()

    for page in (hers, adas):
        expect(card(page)).to_contain_text("Approved by Bea")
        expect(card(page).get_by_role("button")).to_have_count(0)
    assert (Approval.objects.get().state, Run.objects.get().state) == ("approved", "pending")


def test_c26_the_asker_edits_before_approving(both: Callable[..., tuple[Page, Page]], approval: Approval) -> None:
    hers, adas = both()

    card(hers).get_by_role("link", name="Edit").click()
    card(hers).get_by_role("textbox", name="Message").fill("The garden room, please.")
    expect(card(hers)).to_contain_text("your 24 characters")
    card(hers).get_by_role("button", name="Approve and send").click()

    expect(card(adas)).to_contain_text("Edited and approved by Bea")
    expect(card(adas)).to_contain_text("The garden room, please.")
    assert Run.objects.get().start["answer"]["content"] == waits.letter(body="The garden room, please.")


def test_the_asker_rejects_with_a_reason(both: Callable[..., tuple[Page, Page]], approval: Approval) -> None:
    """The return key in the reason rejects: it never approves."""
    hers, adas = both()

    card(hers).get_by_text("Reject", exact=True).click()
    card(hers).get_by_label("Why not?").fill("Too stiff.")
    card(hers).get_by_label("Why not?").press("Enter")

    expect(card(adas)).to_contain_text("Rejected by Bea")
    expect(card(adas)).to_contain_text("Too stiff.")
    assert (Approval.objects.get().state, Run.objects.get().outcome) == ("rejected", "cancelled")


def test_w23_a_double_click_decides_once(both: Callable[..., tuple[Page, Page]], approval: Approval) -> None:
    hers, _ = both()

    card(hers).get_by_role("button", name="Approve and send").dblclick()

    expect(card(hers)).to_contain_text("Approved by Bea")
    assert RoomEvent.objects.filter(kind="message.edited").count() == 1


def test_w23_a_card_that_expired_under_ones_eyes_says_so(both: Callable[..., tuple[Page, Page]], approval: Approval) -> None:
    hers, adas = both()
    Approval.objects.update(expires_at=in_seconds(-1))

    card(hers).get_by_role("button", name="Approve and send").click()
    expect(card(hers).get_by_role("alert")).to_have_text("The time to decide on this is over, so it was not done.")

    waiting.expire()
    for page in (hers, adas):
        expect(card(page)).to_contain_text("Nobody decided in time, so it was not done.")
        expect(card(page).get_by_role("button")).to_have_count(0)


def test_w23_bytes_that_changed_behind_the_card_are_not_approved(both: Callable[..., tuple[Page, Page]], approval: Approval) -> None:
    hers, _ = both()
    Approval.objects.update(content=waits.letter(to="mallory"))

    card(hers).get_by_role("button", name="Approve and send").click()

    expect(card(hers).get_by_role("alert")).to_contain_text("This is not what you were shown.")
    assert Approval.objects.get().state == "pending"


def test_w21_what_hides_in_a_text_is_shown(browse: OpenPage, room: Room, run: Run, bea: User) -> None:
    wait_for(run, waits.approval(waits.letter(body="Pay 10\u202e € 001\u200b<b>now</b>")))
    page = live(browse(bea, f"/rooms/{room.pk}/"))

    expect(card(page, "May I send this to Luke?")).to_contain_text("Pay 10U+202E € 001U+200B<b>now</b>")


def test_a_stranger_meets_a_404(browse: OpenPage, approval: Approval, cyd: User) -> None:
    page = browse(cyd, f"/approvals/{approval.pk}/")

    expect(page.get_by_text("404")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)


def test_without_script_the_card_has_a_page_of_its_own(browse: OpenPage, approval: Approval, bea: User) -> None:
    page = browse(bea, f"/approvals/{approval.pk}/?edit", java_script_enabled=False)

    page.get_by_role("textbox", name="Message").fill("Two nights, please.")
    page.get_by_role("button", name="Approve and send").click()

    expect(card(page)).to_contain_text("Edited and approved by Bea")
    assert Run.objects.get().start["answer"]["content"] == waits.letter(body="Two nights, please.")


def test_w23_the_page_of_a_card_says_why_it_does_not_decide(browse: OpenPage, approval: Approval, bea: User, room: Room) -> None:
    page = browse(bea, f"/approvals/{approval.pk}/")
    Approval.objects.update(expires_at=in_seconds(-1))

    card(page).get_by_role("button", name="Approve and send").click()
    expect(card(page).get_by_role("alert")).to_have_text("The time to decide on this is over, so it was not done.")

    Approval.objects.update(expires_at=in_seconds(60))
    page.goto(f"/approvals/{approval.pk}/")
    card(page).get_by_role("button", name="Approve and send").click()
    expect(page).to_have_url(re.compile(f"/rooms/{room.pk}/"))
    expect(card(page)).to_contain_text("Approved by Bea")


def test_a_choice_is_one_click(both: Callable[..., tuple[Page, Page]], run: Run) -> None:
    wait_for(run, waits.question(text="Which day suits you?", question="choice", choices=["Friday", "Saturday"]))
    hers, adas = both()
    expect(card(adas, "Which day suits you?")).to_contain_text("only Bea can answer")
    expect(card(adas, "Which day suits you?").get_by_role("button", name="Saturday")).to_have_count(0)

    card(hers, "Which day suits you?").get_by_role("button", name="Saturday").click()

    expect(card(adas, "Which day suits you?")).to_contain_text("Bea answered")
    assert Run.objects.get().start["answer"]["value"] == "Saturday"


def test_a_run_that_asks_is_stopped_from_its_card(both: Callable[..., tuple[Page, Page]], run: Run) -> None:
    wait_for(run, waits.question(text="Which day suits you?"))
    hers, adas = both()

    card(hers, "Which day suits you?").get_by_role("button", name="Stop").click()

    expect(card(adas, "Which day suits you?")).to_contain_text("nobody needs to answer any more")
    assert Run.objects.get().reason == "stopped"


def test_a_number_that_is_none_is_said_beside_the_question(both: Callable[..., tuple[Page, Page]], run: Run) -> None:
    wait_for(run, waits.question(text="How many nights?", question="number"))
    hers, adas = both()
    asked = card(hers, "How many nights?")

    asked.get_by_role("textbox", name="How many nights?").fill("many")
    asked.get_by_role("button", name="Answer").click()
    expect(asked.get_by_role("alert")).to_have_text("The answer is a number, such as 3 or 2.5.")
    asked.get_by_role("textbox", name="How many nights?").fill("2")
    asked.get_by_role("button", name="Answer").click()

    expect(card(adas, "How many nights?")).to_contain_text("Bea answered")
    assert Run.objects.get().start["answer"]["value"] == 2


def test_a_file_is_an_answer(both: Callable[..., tuple[Page, Page]], run: Run, tmp_path: Path) -> None:
    (tmp_path / "tickets.txt").write_text("two adults, one child")
    wait_for(run, waits.question(text="May I see the tickets?", question="file"))
    hers, adas = both()

    card(hers, "May I see the tickets?").locator("input[type=file]").set_input_files(tmp_path / "tickets.txt")
    card(hers, "May I see the tickets?").get_by_role("button", name="Answer").click()

    expect(card(adas, "May I see the tickets?")).to_contain_text("tickets.txt")
    expect(adas.get_by_role("log", name="Messages").get_by_role("link", name="tickets.txt")).to_be_visible()


WIDER = """card => [...card.querySelectorAll("button, input")]
  .filter(one => one.getBoundingClientRect().right > card.getBoundingClientRect().right).length"""
READABLE = """input => {
  const { color, backgroundColor } = getComputedStyle(input, "::file-selector-button")
  const light = words => words.match(/[0-9.]+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0)
  return Math.abs(light(color) - light(backgroundColor)) > 300
}"""


@pytest.mark.parametrize("kind", ["choice", "file"])
def test_on_a_phone_in_the_dark_a_question_stays_within_its_card(browse: OpenPage, room: Room, run: Run, bea: User, kind: str) -> None:
    choices = ["tea", "a large glass of freshly pressed orange juice with a lot of ice"] if kind == "choice" else []
    wait_for(run, waits.question(text="What may I bring?", question=kind, choices=choices))
    phone = ViewportSize(width=390, height=844)
    asked = card(live(browse(bea, f"/rooms/{room.pk}/", viewport=phone, has_touch=True, color_scheme="dark")), "What may I bring?")

    expect(asked.get_by_role("button").first).to_be_visible()
    assert asked.evaluate(WIDER) == 0
    if kind == "file":
        assert asked.locator("input[type=file]").evaluate(READABLE)


def test_c34_work_that_is_handed_over_is_seen_by_everybody(both: Callable[..., tuple[Page, Page]], run: Run, ada: User) -> None:
    make_bot(ada, "japanese-bot", "Japanese tutor")
    wait_for(run, waits.delegation("japanese-bot", "Is this polite: 庭の部屋"))
    hers, adas = both()
    for page in (hers, adas):
        nested = card(page, "Trip planner asks Japanese tutor")
        expect(nested).to_contain_text("Is this polite: 庭の部屋")
        expect(nested).to_contain_text("at work")
        expect(nested).to_contain_text("for Bea, with their rights")
        expect(nested.get_by_role("link", name="Open run")).to_be_visible()

    (child,) = Run.objects.claim(1)
    child.reply(1, "1.0", "**Yes**, it is.", {})
    child.finish(1, "replied")

    for page in (hers, adas):
        nested = card(page, "Trip planner asks Japanese tutor")
        expect(nested.locator("strong")).to_have_text("Yes")
        expect(nested).to_contain_text("done")
        expect(nested.get_by_role("button", name="Stop")).to_have_count(0)
    assert Run.objects.get(pk=run.pk).start["answer"]["replies"] == ["**Yes**, it is."]


def test_handed_over_work_is_stopped_from_its_card(both: Callable[..., tuple[Page, Page]], run: Run, ada: User) -> None:
    make_bot(ada, "japanese-bot", "Japanese tutor")
    wait_for(run, waits.delegation("japanese-bot", "Is this polite?"))
    hers, adas = both()

    card(hers, "Trip planner asks Japanese tutor").get_by_role("button", name="Stop").click()

    expect(card(adas, "Trip planner asks Japanese tutor")).to_contain_text("stopped")


def place(page: Page, name: str) -> Locator:
    """The room in the list of rooms."""
    return page.get_by_role("navigation", name="Rooms").get_by_role("link", name=name)


def test_the_list_of_rooms_says_where_one_is_waited_for(browse: OpenPage, room: Room, run: Run, ada: User, bea: User) -> None:
    """In every tab of who may decide, wherever they are; not in those of others."""
    pages = here, elsewhere, adas = [live(browse(*who)) for who in ((bea, f"/rooms/{room.pk}/"), (bea, "/welcome/"), (ada, "/welcome/"))]
    for page in pages:
        expect(place(page, "Kyoto in May")).not_to_contain_text("waits for you")

    wait_for(run, waits.question(text="Which day suits you?"))
    publisher.flush()

    for page in (here, elsewhere):
        expect(place(page, "Kyoto in May")).to_contain_text("waits for you")
    expect(place(adas, "Kyoto in May")).to_contain_text("Which day suits you?")
    expect(place(adas, "Kyoto in May")).not_to_contain_text("waits for you")
    elsewhere.reload()
    expect(place(live(elsewhere), "Kyoto in May")).to_contain_text("waits for you")

    card(here, "Which day suits you?").get_by_role("textbox").fill("Friday")
    card(here, "Which day suits you?").get_by_role("button", name="Answer").click()

    for page in (here, elsewhere):
        expect(place(page, "Kyoto in May")).not_to_contain_text("waits for you")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_fault_in_cards(browse: OpenPage, faults_of: Callable[[Page], list[str]], room: Room, run: Run, approval: Approval,
                                     bea: User, theme: str) -> None:  # fmt: skip
    room.post(bea, "@trip-planner and when?")
    (other,) = Run.objects.claim(1)
    wait_for(other, waits.question())
    page = live(browse(bea, f"/rooms/{room.pk}/", color_scheme=theme))

    assert faults_of(page) == []
    card(page).get_by_text("Reject", exact=True).click()
    card(page).get_by_role("link", name="Edit").click()
    assert faults_of(page) == []
    assert Message.objects.filter(kind="card").count() == 2
