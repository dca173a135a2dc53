"""A run reads the files of its conversation through one function."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from chat_api import ChatApi
from errors import AnswerRefused, AnswerTooBig, StaleAttempt


@contextmanager
def app_that(answers: Callable[[httpx.Request], httpx.Response]) -> Iterator[ChatApi]:
    api = ChatApi("http://app", "parley_test_token", transport=httpx.MockTransport(answers))
    yield api
    api.close()


def test_it_gets_name_type_and_bytes() -> None:
    asked: list[httpx.URL] = []

    def answers(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        headers = {"X-Attachment-Name": "%E6%97%A5%E6%9C%AC.txt", "X-Attachment-Type": "text/plain"}
        return httpx.Response(200, headers=headers, content=b"\x00\xff not JSON")

    with app_that(answers) as api:
        assert api.attachment("r1", 2, "a1") == ("日本.txt", "text/plain", b"\x00\xff not JSON")
    assert str(asked[0]) == "http://app/api/v1/runs/r1/attachments/a1?attempt=2"


def test_an_id_that_a_model_made_up_reaches_no_other_address() -> None:
    """W21: what a step asks for may come from anywhere."""
    asked: list[bytes] = []

    def answers(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path)
        return httpx.Response(404, json={"error": {"code": "not_found", "message": "There is no such file."}})

    with app_that(answers) as api, pytest.raises(AnswerRefused):
        api.attachment("r1", 1, "../../../rooms?x=1&attempt=9#")
    assert asked == [b"/api/v1/runs/r1/attachments/..%2F..%2F..%2Frooms%3Fx%3D1%26attempt%3D9%23?attempt=1"]


def test_a_stale_attempt_reads_nothing() -> None:
    stale = {"error": {"code": "stale_attempt", "message": "Stop."}}
    with app_that(lambda _: httpx.Response(409, json=stale)) as api, pytest.raises(StaleAttempt):
        api.attachment("r1", 1, "a1")


def test_an_app_that_is_away_is_asked_again() -> None:
    answers = iter([httpx.Response(503, json={}), httpx.Response(200, content=b"here")])
    with app_that(lambda _: next(answers)) as api:
        assert api.attachment("r1", 1, "a1")[2] == b"here"


def test_it_takes_more_than_other_answers_may_have_and_not_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    with app_that(lambda _: httpx.Response(200, content=b"x" * 5_000_000)) as api:
        assert len(api.attachment("r1", 1, "a1")[2]) == 5_000_000
        monkeypatch.setattr("chat_api.FILE_BYTES", 1000)
        with pytest.raises(AnswerTooBig):
            api.attachment("r1", 1, "a1")
