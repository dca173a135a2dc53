"""W25: whatever is sent, the answer is one JSON shape, and never 500."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from django.db import OperationalError

from chat.models import Room
from tests.api.conftest import Program


def code(answer: tuple[int, Any]) -> tuple[int, str]:
    status, body = answer
    assert set(body) == {"error"}
    assert set(body["error"]) <= {"code", "message", "fields"}
    assert body["error"]["message"].endswith(".")
    return status, body["error"]["code"]


def test_an_error_looks_as_the_contract_says(as_bea: Program) -> None:
    from tests.api.test_messages import example

    _, answer = as_bea("GET", "rooms/nonsense")
    assert answer == example("errors")


def test_an_address_that_is_none(as_bea: Program) -> None:
    for path in ("nothing", "rooms/1/2/3/4", ""):
        assert code(as_bea("GET", path)) == (404, "not_found")


def test_a_method_that_an_address_does_not_take(as_bea: Program, room: Room) -> None:
    assert code(as_bea("PUT", "rooms")) == (405, "method_not_allowed")
    assert set(as_bea.last.headers["Allow"].split(", ")) == {"GET", "POST"}
    for method in ("POST", "TRACE", "OPTIONS"):
        assert code(as_bea(method, "users")) == (405, "method_not_allowed")


@pytest.mark.parametrize(
    "body",
    [
        "", "{", "nonsense", "\x00", "[]", "7", "null", '"text"', "[" * 10_000, "{" * 10_000, '{"a":' * 5000 + "1" + "}" * 5000,
        '{"body": NaN}', '{"body": Infinity}', '{"body": 7}', '{"body": null}', '{"body": ["x"]}', '{"body": {"a": 1}}', '{"body": true}',
        '{"body": "\\u0000"}', '{"body": "\\ud83d"}', '{"body": "x", "client_id": "\\ud83d"}', '{"body": "x", "client_id": 7}',
        '{"body": "x", "reply_to": 7}', '{"body": ' + "9" * 100_000 + "}", '{"body": "x", "client_id": "' + "c" * 101 + '"}',
        '{"text": "x"}', '{"body": "   "}', '{"body": "' + "x" * 20_001 + '"}', b'{"body": "\xff\xfe"}',
        '{"body": "x", "more": ' + "[" * 70 + "]" * 70 + "}",
        '{"body": "x", "n": 99999999999999999999}', '{"body": "x", "n": 1e999}', '{"body": "x", "k\\u0000": 1}',
    ],
)  # fmt: skip
def test_w25_a_body_that_is_no_message(as_bea: Program, room: Room, body: str | bytes) -> None:
    started = time.monotonic()
    status, _ = code(as_bea("POST", f"rooms/{room.pk}/messages", body))
    assert status == 400
    assert time.monotonic() - started < 1
    assert not room.messages.exists()


def test_w25_the_last_of_two_equal_keys_counts(as_bea: Program, room: Room) -> None:
    assert as_bea("POST", f"rooms/{room.pk}/messages", '{"body": "one", "body": "two"}')[1]["body"] == "two"


def test_w25_a_body_of_ten_megabytes_is_not_read(as_bea: Program, room: Room) -> None:
    assert code(as_bea("POST", f"rooms/{room.pk}/messages", json.dumps({"body": "x" * 10_000_000}))) == (413, "too_big")


@pytest.mark.parametrize("room_id", ["%00", "%ff", "..%2f", "%F0%9F%98%80", "'--", "a" * 2000])
def test_w25_an_id_that_is_none(as_bea: Program, room_id: str) -> None:
    for path in (f"rooms/{room_id}", f"rooms/{room_id}/messages", f"messages/{room_id}", f"rooms/{room_id}/members"):
        assert code(as_bea("GET", path)) == (404, "not_found")


@pytest.mark.parametrize(
    "query", ["search=%00", "search=%ED%A0%80", "search=%ff", "page=0", "page=-1", "page=999999999999999999", "search=" + "x" * 5000]
)
def test_w25_a_search_takes_anything(as_bea: Program, query: str) -> None:
    assert as_bea("GET", f"users?{query}")[0] == 200


@pytest.mark.parametrize("query", ["page=x", "page=1.5", "page=" + "9" * 5000, "page="])
def test_w25_a_page_that_is_no_number(as_bea: Program, query: str) -> None:
    assert code(as_bea("GET", f"users?{query}")) == (400, "invalid")


def test_f8_a_database_that_is_away_is_503_and_says_when_to_come_back(as_bea: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr("chat.sidebar.rooms_for", away)
    assert code(as_bea("GET", "rooms")) == (503, "unavailable")
    assert as_bea.last.headers["Retry-After"] == "2"


def test_i7_a_fault_of_ours_says_nothing_of_the_inside(as_bea: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("the secret is 42")

    monkeypatch.setattr("chat.sidebar.rooms_for", fail)
    assert code(as_bea("GET", "rooms")) == (500, "internal")
    assert b"42" not in as_bea.last.content
