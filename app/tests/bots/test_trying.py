"""The trial room on the chat's side: who tries what, what is counted, and what a bot that asks looks like. The manager is a stand-in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client

from accounts.models import User
from bots import budgets
from bots.models import Approval, Bot, Spending
from tests.bots import waits
from tests.bots.desk import ECHO, EXAMPLE, Desk

TRIAL = "/bots/echo/edit/trial/"
SAID = json.dumps([{"by": "you", "text": "hi"}])
ANSWER = {"state": "packed.signed", "value": "yes"}


def lines(user: User, path: str = TRIAL, **fields: str) -> list[Any]:
    async def ask() -> list[Any]:
        client = AsyncClient()
        await client.aforce_login(user)
        answer = await client.post(path, {"yaml": ECHO, **fields})
        assert answer.status_code == 200, answer.content
        return [json.loads(line) for line in b"".join([chunk async for chunk in answer.streaming_content]).splitlines()]  # type: ignore[attr-defined]

    return async_to_sync(ask)()


def outcome(**more: Any) -> bytes:
    last: dict[str, Any] = {"outcome": "replied", "explanation": "", "replies": ["hello"], "steps": [], "usage": {}, "used": [], "sent": []}
    return json.dumps(last | more).encode() + b"\n"


def asks(kind: str) -> dict[str, Any]:
    told = json.loads(EXAMPLE.read_text())["pause"]
    found: dict[str, Any] = told["line"]["asks"] if kind == "question" else told[kind]
    return found


class TestTrying:
    @pytest.mark.django_db(transaction=True)
    def test_the_text_is_tried_as_who_asks_and_counts_for_the_day(self, echo_there: Bot, ada: User, desk: Desk) -> None:
        usage = {"module": "OpenAIChat", "model": "small", "tokens_in": 10, "tokens_out": 5}
        desk.answers["/trials"] = b'{"text": "hel"}\n{}\n' + outcome(used=[usage])
        found = lines(ada, messages=SAID)
        assert found == [{"text": "hel"}, {}, json.loads(outcome(used=[usage]))]
        sent = desk.asked[-1][2]
        assert (sent["name"], sent["messages"], sent["asker"]["username"]) == ("echo", [{"by": "you", "text": "hi"}], "ada")
        assert Spending.objects.get().tokens == 15

    @pytest.mark.django_db(transaction=True)
    def test_w22_what_a_long_answer_used_counts_as_well(self, echo_there: Bot, ada: User, desk: Desk) -> None:
        usage = {"module": "OpenAIChat", "model": "small", "tokens_in": 10, "tokens_out": 5}
        grows = b"".join(json.dumps({"text": "x" * length}).encode() + b"\n" for length in range(0, 200_000, 5_000))
        desk.answers["/trials"] = grows + outcome(replies=["x" * 200_000], used=[usage]).rstrip()
        assert len(lines(ada, messages=SAID)[-1]["replies"][0]) == 200_000
        assert Spending.objects.get().tokens == 15

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("said", [{"messages": SAID}, ANSWER], ids=["begun", "gone on"])
    def test_a_bot_whose_budget_is_spent_is_not_tried(
        self, echo_there: Bot, ada: User, ada_client: Client, desk: Desk, said: dict[str, str]
    ) -> None:
        Bot.objects.update(budget={"tokens_per_day": 10})
        budgets.book_trial(echo_there, ada, [{"usage": {"model": "small", "tokens_in": 10, "tokens_out": 5}}])
        answer = ada_client.post(TRIAL, {"yaml": ECHO, **said})
        assert answer.status_code == 400
        assert "tokens for today" in answer.json()["error"]["message"]
        assert "/trials" not in desk.paths()

    @pytest.mark.django_db(transaction=True)
    def test_what_the_manager_refuses_is_the_last_line(self, echo_there: Bot, ada: User, desk: Desk) -> None:
        desk.answers["/trials"] = (503, {"error": {"code": "busy", "message": "Others are trying their bots."}})
        (last,) = lines(ada, messages=SAID)
        assert (last["outcome"], last["explanation"], last["refused"]) == ("failed", "Others are trying their bots.", True)

    def test_i10_nonsense_is_said_to_be_so(self, echo_there: Bot, ada_client: Client) -> None:
        for said in ("", "[]", "{}", "[1]", "null", '[{"by": "bot", "text": "x"}]', '[{"by": "me", "text": "x"}]', "[" * 5000):
            assert ada_client.post(TRIAL, {"yaml": ECHO, "messages": said}).status_code == 400, said
        assert ada_client.post(TRIAL, {"yaml": ECHO, "state": "s", "value": "x" * 20_001}).status_code == 400


class TestAsking:
    @pytest.mark.django_db(transaction=True)
    def test_an_answer_goes_to_the_manager_as_who_answers(self, echo_there: Bot, ada: User, desk: Desk) -> None:
        desk.answers["/trials"] = outcome()
        assert lines(ada, **ANSWER, **{"parts.1": "other\r\nwords"})[-1]["replies"] == ["hello"]
        sent = desk.asked[-1][2]
        assert sent["answer"] == {"state": "packed.signed", "value": "yes", "parts": {"1": "other\r\nwords"}}
        assert (sent["asker"]["username"], "messages" in sent) == ("ada", False)

    @pytest.mark.django_db(transaction=True)
    def test_w21_a_forged_answer_is_refused_in_words(self, echo_there: Bot, ada: User, desk: Desk) -> None:
        refused = json.loads(EXAMPLE.read_text())["pause"]["refused"]
        desk.answers["/trials"] = (409, refused)
        (last,) = lines(ada, **ANSWER)
        assert (last["refused"], last["explanation"]) == (True, refused["error"]["message"])

    def test_a_stranger_answers_nothing(self, echo_there: Bot, cyd_client: Client, desk: Desk) -> None:
        assert cyd_client.post(TRIAL, {"yaml": ECHO, "state": "s", "value": "x" * 30_000}).status_code == 404
        assert desk.asked == []

    @pytest.mark.django_db(transaction=True)
    def test_a_question_becomes_a_card(self, echo_there: Bot, ada: User, desk: Desk) -> None:
        shown = {kind: self.card(ada, desk, asks("question") | {"question": kind}) for kind in ("text", "number", "file")}
        for html in shown.values():
            assert "What shall I say?" in html
            assert 'name="state" value="eJyrVkosLckv.41c8"' in html
            assert "here you answer, in a room whoever asks" in html
        assert "write what the file says" in shown["file"]
        choices = self.card(ada, desk, asks("question") | {"question": "choice", "choices": ["<tea>", "milk"], "by": ["bea", "luke"]})
        assert 'value="&lt;tea&gt;"' in choices
        assert "here you answer, in a room bea or luke" in choices

    @pytest.mark.django_db(transaction=True)
    def test_w21_an_approval_shows_exactly_what_is_approved(self, echo_there: Bot, ada: User, desk: Desk) -> None:
        html = self.card(ada, desk, asks("approval") | {"content": waits.letter(body="See\u202e you <b>")})
        for words in ("See", "U+202E", "you &lt;b&gt;", '<b dir="auto">luke</b>', "nothing is sent", 'name="parts.1"', "Edit"):
            assert words in html
        assert "is really done" in self.card(ada, desk, asks("approval") | {"effect": True})
        assert Approval.objects.count() == 0

    @pytest.mark.django_db(transaction=True)
    def test_what_cannot_be_shown_whole_is_put_to_nobody_in_a_trial_either(self, echo_there: Bot, ada: User, desk: Desk) -> None:
        desk.answers["/trials"] = outcome(outcome="waiting", asks=asks("approval") | {"content": '{"a": 1}'})
        (last,) = lines(ada, messages=SAID)
        assert (last["outcome"], "card" in last) == ("failed", False)

    @pytest.mark.django_db(transaction=True)
    def test_handed_over_work_is_shown_with_a_place_for_the_answer(self, echo_there: Bot, ada: User, desk: Desk) -> None:
        html = self.card(ada, desk, asks("delegation"))
        for words in ("Echo asks japanese-bot", "Where do we stay?", 'aria-label="What japanese-bot answers"'):
            assert words in html

    def card(self, user: User, desk: Desk, asked: dict[str, Any]) -> str:
        desk.answers["/trials"] = outcome(outcome="waiting", asks=asked)
        (last,) = lines(user, messages=SAID)
        assert "asks" not in last
        return str(last["card"])
