"""The strip under a bot's message, and the card of a failure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from bots.models import Bot, Run
from chat import drafts
from chat.models import Message, Room
from chat.rendering import as_author

MANY = 30


def step(index: int, name: str, ms: int = 1, **more: Any) -> dict[str, Any]:
    return {"index": index, "name": name, "state": "done", "ms": ms, "summary": "", **more}


STEPS = [
    step(0, "Draft", 1, summary="fallback text ready"),
    step(1, "Format", 2, summary="3 messages, newest last"),
    step(2, "Chat", 1862, summary="OpenAIChat · small · 388 in, 24 out", usage={"model": "x", "tokens_in": 388, "tokens_out": 24}),
    step(3, "Reply", 9, summary="posted once"),
]
USED = {"tokens_in": 388, "tokens_out": 24, "estimated": False}


def words_of(page: bytes | str) -> str:
    text = page if isinstance(page, str) else page.decode()
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<(script|template)\b.*?</\1>", "", text)).split())


def answered(run: Run, body: str = "歩きましょう", steps: list[dict[str, Any]] | None = None) -> Message:
    message = run.reply(run.attempt, "3.0", body, {}).message
    run.finish(run.attempt, "replied", steps=STEPS if steps is None else steps, usage=USED)
    return message


def test_c25_a_bots_message_shows_how_its_run_went_and_links_to_it(at_work: Run, direct: Room, bea_client: Client) -> None:
    message = answered(at_work)

    page = bea_client.get(f"/rooms/{direct.pk}/").content.decode()

    assert f'href="/runs/{at_work.pk}/"' in page
    words = words_of(page)
    assert "1.9 s" in words and "412 tokens" in words
    assert "Chat OpenAIChat · small · 388 in, 24 out 1,862 ms" in words
    assert page.count('class="strip__longest"') == 1
    assert f'action="/rooms/{direct.pk}/messages/{message.pk}/regeneration/"' in page


def test_usage_that_the_server_did_not_report_is_marked(at_work: Run, direct: Room, bea_client: Client) -> None:
    at_work.reply(1, "3.0", "hello", {})
    at_work.finish(1, "replied", steps=STEPS, usage={**USED, "estimated": True})

    assert "about 412 tokens" in words_of(bea_client.get(f"/rooms/{direct.pk}/").content)


def test_the_end_of_a_run_renders_its_reply_anew_without_an_event_of_its_own(
    at_work: Run, direct: Room, django_capture_on_commit_callbacks: Any
) -> None:
    message = answered(at_work)

    assert [event.kind for event in direct.events.order_by("seq")] == ["message.posted", "message.posted", "run.ended"]
    assert direct.events.latest("seq").message == message


def test_of_several_replies_each_is_rendered_anew(at_work: Run, direct: Room) -> None:
    first = at_work.reply(1, "2.0", "one moment", {}).message
    last = at_work.reply(1, "3.0", "here it is", {}).message
    at_work.finish(1, "replied", steps=STEPS)

    ended = [(event.kind, event.message) for event in direct.events.order_by("seq")][3:]
    assert ended == [("message.edited", first), ("run.ended", last)]


def test_the_page_of_a_room_asks_two_more_questions_however_many_replies(
    bea: User, bot: Bot, direct: Room, bea_client: Client, say: Callable[..., Message]
) -> None:
    """The run with its steps, and what people made of the messages: one query each."""

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert bea_client.get(f"/rooms/{direct.pk}/").status_code == 200
        return len(seen)

    say(direct, "hello")
    Run.objects.get().cancel(bea)
    bea_client.get(f"/rooms/{direct.pk}/")
    without = queries()
    for number in range(MANY):
        say(direct, f"question {number}")
        (run,) = Run.objects.claim(1)
        answered(run, f"answer {number}")

    assert queries() <= without + 2


def test_messages_of_people_cost_nothing(direct: Room, say: Callable[..., Message], bea: User, cyd: User) -> None:
    from chat import extras

    messages = [Room.direct(bea, cyd).post(bea, f"number {number}").message for number in range(3)]
    with CaptureQueriesContext(connection) as seen:
        extras.of(messages)
    assert not [query for query in seen.captured_queries if "bots_" in query["sql"]]


def test_a_message_that_names_a_run_of_another_room_or_bot_has_no_strip(
    at_work: Run, ada: User, bea: User, bot: Bot, make_bot: Callable[..., Bot], direct: Room, bea_client: Client
) -> None:
    other = make_bot(User.objects.create_bot("parrot", name="Parrot"))
    elsewhere = Room.group(ada, "Elsewhere", [bea, bot.user, other.user])
    elsewhere.post(bot.user, "from another room", metadata={"run": str(at_work.pk)})
    elsewhere.post(bea, "by a person", metadata={"run": str(at_work.pk)})
    direct_of_other = Room.direct(bea, other.user)
    direct_of_other.post(other.user, "of another bot", metadata={"run": str(at_work.pk)})

    for room in (elsewhere, direct_of_other):
        assert "data-strip-id-value" not in bea_client.get(f"/rooms/{room.pk}/").content.decode()


def test_a_run_under_way_shows_what_is_done_what_it_is_at_and_what_comes(at_work: Run, bot: Bot, direct: Room, bea_client: Client) -> None:
    Bot.objects.filter(pk=bot.pk).update(steps=[{"name": name} for name in ("Draft", "Plan", "Chat", "Reply")])
    at_work.record_steps(1, [step(0, "Draft", 1), step(1, "Plan", 420, summary="three parts")])
    drafts.put(direct.pk, [drafts.Frame(str(at_work.pk), 1, as_author(bot.user), 0, "a", "Chat", "thinking")])

    part = bea_client.get(f"/runs/{at_work.pk}/strip/")

    assert re.findall(r"strip__step--(\w+)", part.content.decode()) == ["done", "done", "now", "next"]
    assert words_of(part.content).endswith("done Plan three parts 420 ms at work Chat still to come Reply")
    assert "<html" not in part.content.decode()


def test_i8_the_steps_of_a_run_are_not_there_for_a_stranger(at_work: Run, cyd_client: Client) -> None:
    assert cyd_client.get(f"/runs/{at_work.pk}/strip/").status_code == 404
    assert Client().get(f"/runs/{at_work.pk}/strip/").status_code == 302


def test_w1_what_a_bot_says_of_its_steps_is_text(at_work: Run, bot: Bot, direct: Room, bea_client: Client) -> None:
    hostile = '"><img src=x onerror=alert(1)>'
    Bot.objects.filter(pk=bot.pk).update(attend={"admins": [hostile]}, steps=[{"name": hostile}])
    answered(at_work, steps=[step(0, hostile, 5, summary=hostile), step(1, "Chat", 5, state="failed", error={"message": hostile})])

    for path in (f"/rooms/{direct.pk}/", f"/runs/{at_work.pk}/strip/"):
        page = bea_client.get(path).content.decode()
        assert "<img src=x" not in page and "&lt;img src=x" in page


def test_what_an_earlier_run_did_is_said_to_be_kept_and_not_timed(at_work: Run, direct: Room, bea_client: Client) -> None:
    answered(at_work)
    at_work.steps.filter(index=2).update(carried=True)

    words = words_of(bea_client.get(f"/rooms/{direct.pk}/").content)

    assert "388 in, 24 out · kept from before, not paid for again" in words
    assert "1,862 ms" not in words and "done, 12 ms" in words


@pytest.mark.parametrize(("card", "linked"), [("approval", True), ("question", True), ("delegation", False)])
def test_c25_a_card_links_to_its_run_and_has_no_strip(at_work: Run, direct: Room, bea_client: Client, card: str, linked: bool) -> None:
    direct.post(at_work.bot.user, "May I?", kind="card", metadata={"run": str(at_work.pk), "card": card, "id": str(uuid4())})

    page = bea_client.get(f"/rooms/{direct.pk}/").content.decode()

    assert (f'href="/runs/{at_work.pk}/"' in page) == linked
    assert "data-strip-id-value" not in page


# Failures


def fail(run: Run, given: dict[str, Any] | None = None) -> None:
    error = {"code": "model_rate_limited", "message": "The model answered 429.", "permanent": True}
    steps = [*STEPS[:2], step(2, "Chat", 11_500, state="failed", error=error, before=given)]
    run.finish(1, "failed", reason="model_rate_limited", explanation="The model answered 429.", permanent=True, steps=steps)


def test_i9_a_failure_says_what_failed_what_is_kept_and_where_to_go_on(at_work: Run, direct: Room, bea_client: Client) -> None:
    fail(at_work, {"messages": []})

    page = bea_client.get(f"/rooms/{direct.pk}/").content.decode()
    words = words_of(page)

    assert "Echo could not answer: Chat failed The model answered 429." in words
    assert "The first two steps are kept and will not be paid for again. Ada, who owns this bot, has been told." in words
    assert "Retry from Chat" in words and "Open run" in words
    form = re.search(r'<form method="post" action="/runs/[^"]+/retry/"[^>]*data-for="([^"]+)"[^>]*>(.*?)</form>', page)
    assert form
    assert form[1] == f"{at_work.asker_id},{at_work.bot.owner_id},operators"
    assert '<input type="hidden" name="step" value="2">' in form[2]


def test_i9_of_several_steps_of_one_name_it_is_said_which_failed(at_work: Run, direct: Room, bea_client: Client) -> None:
    failed = step(2, "Chat", state="failed", error={"code": "x", "message": "No.", "permanent": True}, before={"messages": []})
    at_work.finish(1, "failed", reason="x", explanation="No.", permanent=True, steps=[STEPS[0], step(1, "Chat"), failed])

    words = words_of(bea_client.get(f"/rooms/{direct.pk}/").content)

    assert "could not answer: Chat (step 3) failed" in words and "Retry from Chat (step 3)" in words


def test_of_a_bot_that_records_no_payloads_all_is_asked_again(at_work: Run, direct: Room, bea_client: Client) -> None:
    fail(at_work)

    page = words_of(bea_client.get(f"/rooms/{direct.pk}/").content)

    assert "Chat failed" in page and "Retry Answer yourself Open run" in page
    assert "Retry from" not in page and "paid for again" not in page


def test_a_failure_before_any_step_has_a_plain_retry(asked: Run, direct: Room, bea_client: Client) -> None:
    asked.undeliverable()

    page = words_of(bea_client.get(f"/rooms/{direct.pk}/").content)

    assert "Retry Open run" in page and "Retry from" not in page and "kept" not in page


def test_admins_that_the_file_names_are_shown_the_controls(at_work: Run, bot: Bot, direct: Room, bea_client: Client) -> None:
    Bot.objects.filter(pk=bot.pk).update(attend={"admins": ["luke"]})
    answered(at_work)

    page = bea_client.get(f"/rooms/{direct.pk}/").content.decode()

    assert f'data-for="{at_work.asker_id},{bot.owner_id},operators,@luke"' in page


@pytest.mark.parametrize(
    ("cost", "shown"), [("0.0006", "$0.0006"), ("0", "$0.00"), ("1.239", "$1.24"), ("0.00001", "< $0.0001"), (None, "")]
)
def test_costs_are_shown_with_digits_that_say_something(cost: str | None, shown: str) -> None:
    from decimal import Decimal

    from bots.course import dollars

    assert dollars(None if cost is None else Decimal(cost)) == shown
