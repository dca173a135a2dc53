"""What a step reads and proposes goes to the app in the name of its run, and a no is the step's failure in the app's words."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from chat_api import ChatApi
from errors import StaleAttempt, StepError
from pipeline.workshop import AppWorkshop
from steps import NoWorkshop

ASKED: list[httpx.Request] = []


def workshop(status: int, body: Any) -> AppWorkshop:
    ASKED.clear()

    def answer(request: httpx.Request) -> httpx.Response:
        ASKED.append(request)
        return httpx.Response(status, json=body)

    return AppWorkshop(ChatApi("http://app", "token", transport=httpx.MockTransport(answer)), "run-1", 2, lambda: False)


def test_w24_every_question_names_the_run_so_that_the_app_knows_who_asked() -> None:
    assert workshop(200, {"runs": [{"id": "x"}], "more": False}).runs("echo", "failed", 5) == [{"id": "x"}]
    assert str(ASKED[0].url) == "http://app/api/v1/bots/echo/runs?outcome=failed&limit=5"
    assert ASKED[0].headers["X-Parley-Run"] == "run-1/2"
    assert workshop(200, {"may_make_bots": False, "reason": "Ask."}).rights()["reason"] == "Ask."
    assert (str(ASKED[0].url), ASKED[0].headers["X-Parley-Run"]) == ("http://app/api/v1/workshop", "run-1/2")
    assert workshop(200, {"cases": []}).run_cases("echo", "name: echo") == []
    assert workshop(200, {"name": "echo", "yaml": "x", "version": 1}).file("echo")["version"] == 1
    assert workshop(201, {"id": "p"}).propose("echo", "name: echo", "why", 1) == {"id": "p"}
    assert json.loads(ASKED[0].content) == {"yaml": "name: echo", "why": "why", "base": 1}


def test_a_name_is_a_name_and_no_path() -> None:
    workshop(200, {"runs": []}).runs("../rooms?x=")
    assert ASKED[0].url.raw_path.decode().startswith("/api/v1/bots/..%2Frooms%3Fx%3D/runs")


def test_a_no_is_the_steps_failure_in_the_apps_words() -> None:
    refused = workshop(422, {"error": {"code": "held_back", "message": "Line 3: there is no step Chatt."}})
    with pytest.raises(StepError, match=r"^Line 3: there is no step Chatt\.$") as error:
        refused.propose("echo", "x", "y")
    assert error.value.permanent
    with pytest.raises(StaleAttempt):
        workshop(409, {"error": {"code": "stale_attempt", "message": "over"}}).file("echo")


def test_where_there_is_no_chat_a_step_says_so() -> None:
    nothing = NoWorkshop()
    asks = (
        nothing.rights,
        lambda: nothing.runs("a"),
        lambda: nothing.file("a"),
        lambda: nothing.propose("a", "b", "c"),
        lambda: nothing.run_cases("a"),
    )
    for ask in asks:
        with pytest.raises(StepError, match="in a room only"):
            ask()
