"""C30: how long it takes until people can read something of an answer: kept with the run, shown on its page and in the gap."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from bots import drafting, gap
from bots.models import Bot, Run
from chat.models import Room
from tests.bots.program import Api
from tests.bots.test_strip import words_of


def frame(run: Run, text: str, **more: Any) -> dict[str, Any]:
    return {"run": str(run.pk), "attempt": run.attempt, "offset": 0, "text": text, "step": "Chat", "activity": "thinking", **more}


def heard(run: Run) -> Any:
    return Run.objects.get(pk=run.pk).first_word_at


def test_the_first_text_of_a_draft_is_noted_once(at_work: Run, bots_api: Api) -> None:
    for text in ("", " \n"):
        assert bots_api.post("drafts", {"frames": [frame(at_work, text)]}).json() == {"stale": [], "resend": []}
    assert heard(at_work) is None, "Nobody can read what it is doing only."

    bots_api.post("drafts", {"frames": [frame(at_work, "Let"), frame(at_work, "'s", offset=3)]})
    first = heard(at_work)
    bots_api.post("drafts", {"frames": [frame(at_work, " go", offset=5)]})
    bots_api.post(f"runs/{at_work.pk}/replies", {"attempt": 1, "key": "3.0", "body": "Let's go"})
    bots_api.post(f"runs/{at_work.pk}/outcome", {"attempt": 1, "outcome": "replied"})

    run = Run.objects.get()
    assert run.started_at is not None and run.ended_at is not None
    assert run.started_at <= first < run.ended_at
    assert run.first_word_at == first


def test_a_frame_is_one_statement_also_when_it_is_the_first_with_text(
    at_work: Run, ada: User, django_assert_num_queries: Callable[..., Any]
) -> None:
    for text in ("", "Let's go", "Let's go for a walk"):
        taken = _Frame(at_work.pk, at_work.attempt, text)
        with django_assert_num_queries(1):
            drafting.take(ada, [taken])
    assert heard(at_work) is not None


class _Frame:
    offset, step, activity = 0, "Chat", ""

    def __init__(self, run: uuid.UUID, attempt: int, text: str) -> None:
        self.run, self.attempt, self.text = run, attempt, text


def test_a_run_that_starts_with_text_has_its_first_word_with_its_first_sign_of_life(asked: Run, bots_api: Api) -> None:
    (run,) = Run.objects.claim(1)
    bots_api.post("drafts", {"frames": [frame(run, "Let's go")]})

    run.refresh_from_db()
    assert (run.tries, run.first_word_at) == (1, run.started_at)


def test_a_reply_without_a_draft_is_the_first_word_though_the_run_goes_on(at_work: Run, bots_api: Api) -> None:
    for key, body in (("3.0", "One moment"), ("4.0", "Here it is")):
        bots_api.post(f"runs/{at_work.pk}/replies", {"attempt": 1, "key": key, "body": body})
    first = heard(at_work)
    bots_api.post(f"runs/{at_work.pk}/outcome", {"attempt": 1, "outcome": "replied"})

    said = at_work.room.messages.get(body="One moment")
    assert abs(first - said.created_at) < timedelta(seconds=1)
    assert first == heard(at_work) < Run.objects.get().ended_at


def test_a_reply_that_ends_the_run_is_its_first_word(at_work: Run, bots_api: Api) -> None:
    last: dict[str, Any] = {"steps": [], "usage": {}}
    bots_api.post(f"runs/{at_work.pk}/replies", {"attempt": 1, "key": "3.0", "body": "Let's go", "last": last})

    run = Run.objects.get()
    assert (run.outcome, run.first_word_at) == ("replied", run.ended_at)


@pytest.mark.parametrize("outcome", ["silent", "failed", "cancelled"])
def test_a_run_that_said_nothing_has_no_first_word(at_work: Run, bots_api: Api, outcome: str) -> None:
    bots_api.post(f"runs/{at_work.pk}/outcome", {"attempt": 1, "outcome": outcome, "permanent": True})
    assert heard(at_work) is None


def test_no_other_owner_and_no_stale_attempt_says_the_first_word(
    at_work: Run, bots_api: Api, bea: User, token_of: Callable[..., str]
) -> None:
    others = Api(token_of(bea, "bots"))
    for api, told in ((others, frame(at_work, "Forged")), (bots_api, frame(at_work, "Late", attempt=7))):
        assert api.post("drafts", {"frames": [told]}).json()["stale"] == [str(at_work.pk)]
    assert heard(at_work) is None


def test_a_runs_page_shows_how_long_the_first_word_took(at_work: Run, bea_client: Client) -> None:
    at_work.finish(1, "replied")
    run = Run.objects.get()
    Run.objects.update(first_word_at=run.created_at + timedelta(milliseconds=340), ended_at=run.created_at + timedelta(seconds=2))

    assert "first word 340 ms" in words_of(bea_client.get(f"/runs/{run.pk}/").content)


def test_who_answers_in_a_bots_place_is_no_bot_that_was_fast(at_work: Run, direct: Room, bea_client: Client) -> None:
    at_work.finish(1, "failed", permanent=True)
    bea_client.post(f"/runs/{at_work.pk}/takeover/", {"way": "answer", "text": "my words"})

    by_hand = Run.objects.get(how="taken_over")
    assert by_hand.outcome == "replied"
    assert "first word" not in words_of(bea_client.get(f"/runs/{by_hand.pk}/").content)


def test_c30_the_gap_has_the_median_time_to_the_first_word(asked: Run, bot: Bot, bea_client: Client) -> None:
    """Of answers that went through in one piece, and of which it is known."""
    Run.objects.update(state="done", outcome="replied", ended_at=asked.created_at + timedelta(seconds=9))
    fields: dict[str, Any] = {
        "bot": bot,
        "room": asked.room,
        "asker": asked.asker,
        "version": bot.live,
        "trigger": [],
        "trigger_position": 1,
    }
    at, more = asked.created_at, [(0.2, "replied", None), (0.4, "replied", None), (3.0, "replied", None), (30.0, "failed", None)]
    for seconds, outcome, start in [*more, (300.0, "replied", {"step": 1, "payload": {}})]:
        Run.objects.create(
            chain=uuid.uuid4(), state="done", outcome=outcome, start=start, created_at=at, ended_at=at + timedelta(seconds=301),
            first_word_at=at + timedelta(seconds=seconds), **fields,
        )  # fmt: skip

    found = gap.of(bot)

    assert found.whole.first_word == pytest.approx(0.4)
    assert [measure.first_word for _, measure in found.versions] == [pytest.approx(0.4)]
    page = bea_client.get("/bots/echo/").content.decode()
    assert "first word, median 400 ms" in words_of(page)
    assert 'data-column="first"' in page and 'data-value="0.4"' in page and 'data-columns="median slowest first"' in page
