"""The page of a run in browsers (C25, C26, C28): Bea, who asked, goes on with it; Ada sees it live; Cyd, who is a stranger, gets 404."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Download, Page, ViewportSize, expect

from accounts.models import User
from bots.models import Bot, BotVersion, Correction, Run, RunStep
from chat import drafts
from chat.models import Message, Room
from chat.rendering import as_author
from tests.bots.traced import STEPS, fail, first_payload, fresh, step
from tests.system.conftest import OpenPage
from tests.system.test_two_browsers import live

pytestmark = pytest.mark.system


@pytest.fixture
def planner(ada: User) -> Bot:
    user = User.objects.create_bot("trip-planner", name="Trip planner")
    bot = Bot.objects.create(user=user, owner=ada, endpoint="http://127.0.0.1:9/", secret="s" * 64, persona={"title": "Trip planner"},
                             steps=STEPS)  # fmt: skip
    bot.live = BotVersion.objects.create(bot=bot, number=1, yaml="name: trip-planner\nsteps: [Chat, Reply]\n", created_by=ada)
    bot.save()
    return bot


@pytest.fixture
def room(ada: User, bea: User, planner: Bot) -> Room:
    return Room.group(ada, "Kyoto in May", [bea, planner.user])


@pytest.fixture
def at_work(room: Room, bea: User) -> Run:
    room.post(bea, "@trip-planner a garden room, two nights, one child")
    (run,) = Run.objects.claim(1)
    run.record_steps(1, [])
    return fresh(run)


@pytest.fixture
def failed(at_work: Run) -> Run:
    return fail(at_work)


def row(page: Page, name: str) -> Any:
    return page.get_by_role("list", name="Steps").get_by_role("listitem").filter(has=page.locator("b", has_text=name))


def led_to(page: Page, how: str, origin: Run) -> Run:
    """The run that a form has made, once its page is there."""
    page.wait_for_url(lambda url: str(origin.pk) not in url)
    run = fresh(Run.objects.get(how=how))
    assert page.url.endswith(f"/runs/{run.pk}/")
    return run


def test_c25_the_failed_step_is_open_and_the_others_open_on_a_click(browse: OpenPage, failed: Run, ada: User) -> None:
    """C25: with prompt, model, tokens, code, logs, input and output."""
    page = live(browse(ada, f"/runs/{failed.pk}/"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Trip planner did not answer")
    expect(row(page, "Chat").get_by_text("The model answered 429").last).to_be_visible()
    expect(row(page, "Plan").get_by_text("two nights")).to_have_count(0)

    row(page, "Plan").locator("summary").first.click()

    expect(row(page, "Plan").get_by_text("two nights").first).to_be_visible()
    expect(row(page, "Plan").get_by_text("gpt-6-luna")).to_be_visible()
    row(page, "Draft").locator("summary").first.focus()
    page.keyboard.press("Enter")
    expect(row(page, "Draft").get_by_text("What this step changed")).to_be_visible()


def test_c25_the_page_follows_a_run_that_goes_on(browse: OpenPage, at_work: Run, planner: Bot, ada: User) -> None:
    """C25: what is at work, then what failed, without loading the page; and what the reader opened stays open."""
    at_work.record_steps(1, [step(0, "Draft", before=first_payload(at_work), changed={"draft": {"body": "hm"}})])
    page = live(browse(ada, f"/runs/{at_work.pk}/"))
    page.evaluate("window.here = true")
    row(page, "Draft").locator("summary").first.click()
    expect(row(page, "Draft").get_by_text("What this step changed")).to_be_visible()

    drafts.put(at_work.room_id, [drafts.Frame(str(at_work.pk), 1, as_author(planner.user), 0, "Hel", "Chat", "thinking with gpt-6-luna")])
    expect(page.get_by_text("Chat: thinking with gpt-6-luna")).to_be_visible()
    expect(row(page, "Chat")).to_contain_text("at work")
    fail(at_work)

    expect(page.get_by_role("heading", level=1)).to_have_text("Trip planner did not answer")
    expect(row(page, "Chat")).to_contain_text("failed")
    expect(row(page, "Draft").get_by_text("What this step changed")).to_be_visible()
    expect(page.get_by_text("thinking with gpt-6-luna")).to_be_hidden()
    assert page.evaluate("window.here"), "The page was loaded anew."


HEARD = "({ detail }) => (document.documentElement.dataset.heard = detail.type)"


def test_c25_what_a_stopped_run_did_is_shown_when_its_bot_tells_of_it(browse: OpenPage, at_work: Run, ada: User, bea: User) -> None:
    """C25, C26: it can be retried from there only then."""
    at_work.cancel(bea)
    page = browse(bea)
    page.add_init_script(f"document.addEventListener('parley:frame', {HEARD})")
    page.goto(f"/runs/{at_work.pk}/")
    expect(page.locator("html[data-heard=opened]")).to_have_count(1)
    expect(page.get_by_role("heading", level=1)).to_have_text("Trip planner was stopped")
    expect(row(page, "Draft")).to_contain_text("not begun")

    at_work.finish(1, "cancelled", steps=[step(0, "Draft", before=first_payload(at_work), after={"draft": {"body": "hm"}})])

    expect(row(page, "Draft")).to_contain_text("done")


def test_c28_bea_retries_from_the_step_that_failed_and_a_double_click_does_it_once(browse: OpenPage, failed: Run, bea: User) -> None:
    """C28, C35."""
    page = live(browse(bea, f"/runs/{failed.pk}/"))
    page.get_by_role("button", name="Retry from Chat").dblclick()

    led_to(page, "retried", failed)
    expect(page.get_by_role("heading", level=1)).to_have_text("Trip planner has yet to begin")
    expect(row(page, "Plan")).to_contain_text("kept from the run before")
    (run,) = Run.objects.claim(1)
    run.record_steps(1, [])
    run.reply(1, "3.0", "A ryokan with a garden.", {})
    run.finish(1, "replied", steps=[step(2, "Chat", after={"x": 1}), step(3, "Reply")])
    expect(page.get_by_role("heading", level=1)).to_have_text("Trip planner answered")
    expect(page.get_by_role("region", name="In the room")).to_contain_text("A ryokan with a garden.")
    page.get_by_role("link", name="an earlier run").click()
    expect(page.get_by_text("Retried as a later run: replied")).to_be_visible()
    assert Run.objects.filter(how="retried").count() == 1


def test_c26_a_payload_that_is_none_comes_back_with_the_place_and_then_goes_on(browse: OpenPage, failed: Run, bea: User) -> None:
    """C26, I10."""
    page = live(browse(bea, f"/runs/{failed.pk}/"))
    page.get_by_role("link", name="Edit payload and go on").click()
    text = page.get_by_role("textbox", name="Payload, as JSON")
    expect(text).to_have_value(json.dumps(json.loads(text.input_value()), ensure_ascii=False, indent=2))
    good = text.input_value()

    text.fill('{"plan": \n  one night}')
    page.get_by_role("button", name="Go on from Chat").click()
    expect(page.get_by_role("alert")).to_contain_text("Line 2, column 3: this is not JSON.")
    expect(text).to_have_value('{"plan": \n  one night}')

    text.fill(good.replace("two nights", "one night"))
    page.get_by_role("button", name="Go on from Chat").click()
    made = led_to(page, "taken_over", failed)
    expect(page.get_by_text("Bea made the payload that it begins with.")).to_be_visible()
    assert made.start["payload"]["plan"] == "one night\nin May"


def test_c26_bea_supplies_the_output_or_skips(browse: OpenPage, failed: Run, bea: User) -> None:
    """C26."""
    page = live(browse(bea, f"/runs/{failed.pk}/"))
    page.get_by_role("link", name="Skip Chat").click()
    page.get_by_role("button", name="Skip Chat").click()
    led_to(page, "taken_over", failed).cancel(bea)
    expect(row(page, "Chat")).to_contain_text("Bea skipped this step.")

    page.goto(f"/runs/{failed.pk}/")
    page.get_by_role("link", name="Supply the output").click()
    page.get_by_role("textbox", name="Payload, as JSON").fill('{"draft": {"body": "by hand"}}')
    page.get_by_role("button", name="Go on after Chat").click()
    expect(row(page, "Chat")).to_contain_text("Bea supplied the output of this step.")
    assert Run.objects.filter(how="taken_over", start__step=3).count() == 2


def test_c26_bea_answers_in_the_bots_place_and_ada_reads_who_wrote_it(browse: OpenPage, failed: Run, ada: User, bea: User) -> None:
    """C26: in two browsers."""
    hers, his = live(browse(bea, f"/runs/{failed.pk}/")), live(browse(ada, f"/rooms/{failed.room_id}/"))
    hers.get_by_role("link", name="Answer yourself").click()
    hers.get_by_role("textbox", name="Answer").fill("Stay in **Kyoto**.")
    hers.get_by_role("button", name="Post the answer").dblclick()

    expect(hers.get_by_role("heading", level=1)).to_have_text("Bea answered for Trip planner")
    expect(hers.get_by_role("region", name="In the room")).to_contain_text("written by Bea")
    expect(his.get_by_role("log", name="Messages").get_by_text("Stay in Kyoto.")).to_be_visible()
    assert Message.objects.filter(body="Stay in **Kyoto**.").count() == 1


def test_c28_what_a_person_corrected_is_replayed_only_when_they_insist_and_shown_as_a_difference(
    browse: OpenPage, at_work: Run, ada: User, bea: User
) -> None:
    """C28."""
    message = at_work.reply(1, "3.0", "Stay in Osaka in May.", {}).message
    at_work.finish(
        1, "replied", steps=[step(0, "Draft", before=first_payload(at_work)), step(1, "Plan"), step(2, "Chat"), step(3, "Reply")]
    )
    Correction.objects.create(message=message, bot=at_work.bot, run=at_work, by=ada, before=message.body, after="Stay in Kyoto in May.",
                              distance=5, share=0.2)  # fmt: skip
    page = live(browse(bea, f"/runs/{at_work.pk}/"))
    page.get_by_role("button", name="Replay", exact=True).click()
    expect(page.get_by_text("Ada has corrected this answer")).to_be_visible()
    assert not Run.objects.filter(how="replayed").exists()
    page.get_by_role("button", name="Replay anyway").click()
    led_to(page, "replayed", at_work)
    (run,) = Run.objects.claim(1)
    run.record_steps(1, [])
    run.reply(1, "3.0", "Stay in Nara in May.", {})
    run.finish(1, "replied", steps=[step(3, "Reply")])

    difference = page.get_by_role("region", name="Against the correction by Ada")
    expect(difference.locator("del")).to_have_text("Kyoto")
    expect(difference.locator("ins")).to_have_text("Nara")


def test_a_run_is_exported_as_a_file(browse: OpenPage, failed: Run, ada: User) -> None:
    page = live(browse(ada, f"/runs/{failed.pk}/"))
    with page.expect_download() as coming:
        page.get_by_role("link", name="Export JSON").click()
    file: Download = coming.value

    assert file.suggested_filename == f"run-trip-planner-{failed.pk}.json"
    assert json.loads(file.path().read_text())["run"]["id"] == str(failed.pk)


def test_i8_cyd_the_stranger_finds_nothing(browse: OpenPage, failed: Run, cyd: User) -> None:
    """I8, C25: page, step, file and form."""
    page = browse(cyd)
    for path in ("", "steps/1/", "export/", "takeover/?way=answer", "strip/"):
        answer = page.request.get(f"/runs/{failed.pk}/{path}")
        assert answer.status == 404, path
    page.goto(f"/runs/{failed.pk}/")
    expect(page.get_by_text("404")).to_be_visible()


def test_ada_who_did_not_ask_but_owns_the_bot_may_go_on_and_a_plain_member_may_not(
    browse: OpenPage, failed: Run, room: Room, ada: User, cyd: User
) -> None:
    room.add(cyd, ada)
    hers, his = browse(ada, f"/runs/{failed.pk}/"), browse(cyd, f"/runs/{failed.pk}/")

    expect(hers.get_by_role("button", name="Retry from Chat")).to_be_visible()
    expect(his.get_by_role("link", name="Export JSON")).to_be_visible()
    expect(his.get_by_role("button", name="Retry from Chat")).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1360, 390])
def test_the_page_has_no_faults_that_a_machine_finds(
    browse: OpenPage, faults_of: Callable[[Page], list[str]], failed: Run, bea: User, theme: Any, width: int
) -> None:
    RunStep.objects.filter(run=failed, index=1).update(cost=Decimal("0.0041"))
    options: dict[str, Any] = {"viewport": {"width": width, "height": 860}, "color_scheme": theme}
    page = live(browse(bea, f"/runs/{failed.pk}/", **options))
    row(page, "Plan").locator("summary").first.click()
    expect(row(page, "Plan").get_by_text("gpt-6-luna")).to_be_visible()

    assert faults_of(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.goto(f"/runs/{failed.pk}/takeover/?way=payload")
    assert faults_of(page) == []


def test_on_a_phone_the_lines_of_a_folded_value_stand_close(browse: OpenPage, at_work: Run, bea: User) -> None:
    at_work.finish(1, "replied", steps=[step(0, "Chat", before={"long": "a value of many words " * 100})])
    phone = ViewportSize(width=390, height=844)
    page = live(browse(bea, f"/runs/{at_work.pk}/?step=0", viewport=phone, has_touch=True, is_mobile=True))
    folded = page.locator(".value > summary").first
    expect(folded).to_be_visible()

    style = folded.evaluate("fold => [parseFloat(getComputedStyle(fold).lineHeight), fold.getBoundingClientRect().height]")
    assert style[0] < 30 and style[1] >= 40


def test_fifty_steps_with_big_payloads_open_at_once(browse: OpenPage, at_work: Run, bea: User) -> None:
    big = {"text": "word " * 40_000}
    rows = (step(index, f"Chat {index}", before={"n": 0}, changed=big, after=big | {"n": index}) for index in range(50))
    RunStep.objects.bulk_create(RunStep(run=at_work, attempt=1, **each) for each in rows)
    at_work.finish(1, "replied")
    page = live(browse(bea, f"/runs/{at_work.pk}/"))

    expect(page.get_by_role("list", name="Steps").get_by_role("listitem")).to_have_count(50)
    row(page, "Chat 49").locator("summary").first.click()
    expect(row(page, "Chat 49").get_by_text("200,000 characters").first).to_be_visible()
