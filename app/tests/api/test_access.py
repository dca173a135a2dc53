"""Who gets what from the API. The matrix is made from the URL map, so that a new address without a row fails the test."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import ApiToken, User
from api.urls import api
from chat.errors import TooFast
from chat.models import Room
from chat.throttle import Posts
from tests.api.conftest import Program

NEVER = "01990000-0000-7000-8000-000000000000"
METHODS = ("get", "post", "put", "patch", "delete")
BODIES: dict[tuple[str, str], Any] = {
    ("patch", "rooms/{room_id}"): {"name": "x"},
    ("post", "rooms/{room_id}/members"): {"username": "bea"},
    ("put", "rooms/{room_id}/read"): {"position": 0},
    ("post", "rooms/{room_id}/messages"): {"body": "hi"},
    ("patch", "messages/{message_id}"): {"body": "hi"},
    ("post", "messages/{message_id}/resubmission"): {"body": "hi"},
    ("post", "messages/{message_id}/corrections"): {"before": "hi", "body": "hello"},
    ("put", "messages/{message_id}/feedback"): {"value": 1},
}


def addresses() -> list[tuple[str, str]]:
    """Every operation of chat that names something by id. Those of runs and bots have a matrix of their own."""
    paths = api.get_openapi_schema(path_prefix="")["paths"]
    return [
        (method, path.lstrip("/"))
        for path, operations in paths.items()
        for method in METHODS
        if method in operations and "{" in path and operations[method]["tags"][0] in {"users", "rooms", "messages"}
    ]


def test_the_matrix_covers_the_addresses_that_take_a_body() -> None:
    schema = api.get_openapi_schema(path_prefix="")["paths"]
    takers = {(method, path) for method, path in addresses() if "requestBody" in schema[f"/{path}"][method]}
    assert takers == set(BODIES)


@pytest.fixture
def ids(room: Room, bea: User) -> dict[str, str]:
    return {"room_id": str(room.pk), "message_id": str(room.post(bea, "private").message.pk), "username": "bea"}


def fill(path: str, ids: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: ids[found[1]], path)


@pytest.mark.parametrize(("method", "path"), addresses())
def test_w11_a_stranger_gets_what_never_existed(method: str, path: str, as_cyd: Program, ids: dict[str, str]) -> None:
    body = BODIES.get((method, path))
    there = as_cyd(method.upper(), fill(path, ids), body)
    nowhere = as_cyd(method.upper(), fill(path, ids | {"room_id": NEVER, "message_id": NEVER}), body)
    nonsense = as_cyd(method.upper(), fill(path, ids | {"room_id": "nonsense", "message_id": "nonsense"}), body)
    assert there == nowhere == nonsense
    assert (there[0], there[1]["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(("method", "path"), addresses())
def test_w11_an_ex_member_gets_what_never_existed(
    method: str, path: str, as_ada: Program, ids: dict[str, str], room: Room, ada: User
) -> None:
    room.remove(ada, by=ada)
    body = BODIES.get((method, path))
    assert as_ada(method.upper(), fill(path, ids), body) == as_ada(
        method.upper(), fill(path, ids | {"room_id": NEVER, "message_id": NEVER}), body
    )
    assert as_ada.last.status_code == 404


@pytest.mark.parametrize(("method", "path"), addresses())
def test_w11_who_is_signed_out_gets_401_there_or_not(method: str, path: str, ids: dict[str, str]) -> None:
    nobody = Program()
    body = BODIES.get((method, path))
    there = nobody(method.upper(), fill(path, ids), body)
    assert there == nobody(method.upper(), fill(path, ids | {"room_id": NEVER, "message_id": NEVER}), body)
    assert (there[0], there[1]["error"]["code"]) == (401, "signed_out")
    assert nobody.last.headers["WWW-Authenticate"] == "Bearer"


class TestTokens:
    def test_w13_every_scheme_and_spelling_is_the_same_door(self, bea: User, token_of: Callable[..., str]) -> None:
        token = token_of(bea)
        for scheme in ("Bearer", "bearer", "Token", "TOKEN"):
            assert Program()("GET", "users/me", authorization=f"{scheme} {token}")[0] == 200
        for header in (
            f"Basic {token}",
            token,
            "Bearer",
            "Bearer ",
            f"Bearer {token}x",
            f"Bearer {token[:-1]}",
            "Bearer é",
            f"Bearer {token} x",
        ):
            assert Program()("GET", "users/me", authorization=header)[0] == 401

    def test_w13_it_is_not_taken_from_the_address_or_other_headers(self, bea: User, token_of: Callable[..., str]) -> None:
        token = token_of(bea)
        assert Program()("GET", f"users/me?token={token}&access_token={token}")[0] == 401
        assert Program()("GET", "users/me", **{"x-api-key": token})[0] == 401

    def test_w13_a_revoked_one_opens_nothing(self, as_bea: Program, bea: User) -> None:
        ApiToken.objects.update(revoked_at="2026-11-20T00:00Z")
        assert as_bea("GET", "users/me")[0] == 401

    def test_w13_a_bad_token_is_not_made_good_by_a_session(self, bea_client: Client) -> None:
        assert Program(client=bea_client)("GET", "users/me", authorization="Bearer nonsense")[0] == 401

    def test_w13_a_token_for_bots_reads_no_chat(self, bea: User, token_of: Callable[..., str], ids: dict[str, str]) -> None:
        for_bots = Program(token_of(bea, "bots"))
        for method, path in addresses():
            status, answer = for_bots(method.upper(), fill(path, ids), BODIES.get((method, path)))
            assert (status, answer["error"]["code"]) == (403, "out_of_scope")


class TestSessions:
    def test_a_session_reads(self, bea_client: Client) -> None:
        assert Program(client=bea_client)("GET", "users/me")[1]["username"] == "bea"

    def test_w10_it_writes_only_with_its_csrf_token(self, bea: User, room: Room) -> None:
        browser = Client(enforce_csrf_checks=True)
        browser.force_login(bea)
        program = Program(client=browser)
        status, answer = program("POST", f"rooms/{room.pk}/messages", {"body": "forged"})
        assert (status, answer["error"]["code"]) == (403, "csrf")
        assert not room.messages.exists()

        token = "a" * 32
        browser.cookies["parley_csrf"] = token
        assert program("POST", f"rooms/{room.pk}/messages", {"body": "mine"}, **{"x-csrftoken": token})[0] == 201


class TestDocs:
    def test_w26_they_are_for_the_signed_in(self, client: Client) -> None:
        for page in ("docs", "openapi.json"):
            answer = client.get(f"/api/v1/{page}")
            assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, "/account/login/")

    def test_they_show_every_address_and_need_nothing_from_elsewhere(self, bea_client: Client) -> None:
        page = bea_client.get("/api/v1/docs")
        html = page.content.decode()
        schema = bea_client.get("/api/v1/openapi.json").json()
        assert page.status_code == 200
        for path in schema["paths"]:
            assert path in html
        assert "https://" not in re.sub(r"<code[^>]*>.*?</code>", "", html, flags=re.DOTALL)
        assert not re.search(r"<script(?![^>]*\ssrc=)(?![^>]*nonce=)[^>]*>|\sstyle=|\son\w+=", html)


CHANGES = [(method, path) for method, path in addresses() if method != "get" and not path.endswith("/read")] + [("post", "rooms")]


@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_w17_nothing_is_changed_faster_than_the_throttle_lets(
    as_bea: Program, room: Room, ids: dict[str, str], method: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_fast(throttle: Posts, user: User) -> None:
        raise TooFast(3)

    monkeypatch.setattr(Posts, "admit", too_fast)
    body = BODIES.get((method, path), {"members": ["ada"], "name": "another"} if path == "rooms" else None)
    assert as_bea(method.upper(), fill(path, ids), body)[0] == 429
    assert room.events.count() == 1 and Room.objects.count() == 1
