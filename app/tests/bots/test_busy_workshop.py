"""W17, W22: asking the bot server takes long. It keeps neither the database nor all threads of the pages, and no budget is passed by it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore, Event

import pytest
from django.db import connection
from django.test import Client

from accounts.models import User
from bots import bench, budgets, workshop
from bots.models import Bot
from lib import outbound
from tests.bots.desk import ECHO, EXAMPLE, Desk


@pytest.mark.django_db(transaction=True)
def test_w17_the_database_is_not_kept_while_the_bot_server_works(desk: Desk) -> None:
    connection.ensure_connection()
    workshop.check(ECHO, "echo")
    assert connection.connection is None


@pytest.mark.django_db
def test_w17_so_many_wait_for_the_bot_server_and_no_more(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, go_on = Event(), Event()
    ask = outbound.ask

    def slow(*given: object, **named: object) -> object:
        asked.set()
        assert go_on.wait(20)
        return ask(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(workshop, "ask", slow)
    monkeypatch.setattr(workshop, "AT_ONCE", BoundedSemaphore(1))
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(workshop.templates)
        assert asked.wait(20)
        with pytest.raises(workshop.WorkshopAway, match="Many ask the bot server"):
            workshop.templates()
        go_on.set()
        assert first.result(20)
    assert workshop.templates()


@pytest.mark.django_db
def test_w17_one_author_does_not_run_cases_all_the_time(
    echo_there: Bot, ada_client: Client, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "WHILE", 10**9)  # no minute ends meanwhile
    answers = [ada_client.post("/bots/echo/edit/cases/", {"yaml": ECHO}) for _ in range(21)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [400]
    assert "20 times in this minute" in answers[-1].json()["error"]["message"]


@pytest.mark.django_db
def test_w22_a_version_whose_budget_is_spent_is_not_tried_with_cases(echo_there: Bot, ada: User, ada_client: Client, desk: Desk) -> None:

    Bot.objects.update(budget={"tokens_per_day": 10})
    budgets.book_trial(echo_there, ada, [{"usage": {"model": "small", "tokens_in": 10, "tokens_out": 5}}])
    answer = ada_client.post("/bots/echo/versions/1/cases/", follow=True)
    assert "used up" in answer.content.decode()
    assert "/cases" not in desk.paths()


@pytest.mark.django_db
def test_w22_a_save_says_that_a_budget_is_spent_and_its_cases_use_nothing(
    echo_there: Bot, ada: User, ada_client: Client, desk: Desk
) -> None:
    """Whether the cases of a text could cost anything, the bot server knows."""
    told = json.loads(EXAMPLE.read_text())["save"]
    Bot.objects.update(budget={"tokens_per_day": 10})
    ada_client.post("/bots/echo/edit/save/", {"yaml": ECHO, "base": 1})
    assert desk.asked[-1][2]["spent"] == ""

    budgets.book_trial(echo_there, ada, [{"usage": {"model": "small", "tokens_in": 10, "tokens_out": 5}}])
    desk.answers["/files/echo"] = (403, told["spent"])
    answer = ada_client.post("/bots/echo/edit/save/", {"yaml": ECHO, "base": 1})

    assert "I have used up my 10 tokens for today." in desk.asked[-1][2]["spent"]
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, told["spent"]["error"]["message"])
