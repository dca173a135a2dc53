"""Files by the API: put in, sent, read, taken out; and who may not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from accounts.models import User
from chat.models import Attachment, Room
from chat.uploading import MOST_UNSENT
from tests.api.conftest import Program
from tests.chat import files

NEVER = "01990000-0000-7000-8000-000000000000"


@pytest.fixture(autouse=True)
def media(settings: LazySettings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


Put = Callable[..., tuple[int, Any]]


@pytest.fixture
def put(room: Room, token_of: Callable[..., str]) -> Put:
    def send(by: User, name: str = "plan.txt", content: bytes = b"the plan", to: object = None, field: str = "file") -> tuple[int, Any]:
        client = Client(headers={"authorization": f"Bearer {token_of(by)}"})
        answer = client.post(f"/api/v1/rooms/{to or room.pk}/attachments", {field: files.named(name, content)})
        return answer.status_code, answer.json()

    return send


def test_a_file_goes_in_is_sent_and_is_read(put: Put, room: Room, bea: User, as_bea: Program, as_ada: Program) -> None:
    status, plan = put(bea)
    assert status == 201
    assert plan == {
        "id": plan["id"], "name": "plan.txt", "kind": "file", "content_type": "text/plain", "size": 8, "width": None, "height": None,
        "url": f"/attachments/{plan['id']}/plan.txt", "preview": None,
    }  # fmt: skip
    status, message = as_bea("POST", f"rooms/{room.pk}/messages", {"attachments": [plan["id"]]})
    assert (status, message["body"], message["attachments"]) == (201, "", [plan])
    assert as_ada("GET", f"rooms/{room.pk}/messages")[1]["messages"][0]["attachments"] == [plan]
    assert as_ada("GET", f"attachments/{plan['id']}") == (200, plan)
    answer = Client(headers=as_ada.headers).get(f"/api/v1/attachments/{plan['id']}/content")
    assert (answer.content, answer["Content-Type"]) == (b"the plan", "application/octet-stream")


def test_a_picture_says_how_large_it_is(put: Put, bea: User) -> None:
    status, photo = put(bea, "a.gif", files.picture("GIF", (30, 20)))
    assert (status, photo["kind"], photo["width"], photo["height"]) == (201, "image", 30, 20)
    assert photo["preview"] == f"/attachments/{photo['id']}/preview/"


def test_i10_what_cannot_be_taken_is_an_answer(put: Put, bea: User, as_bea: Program, room: Room) -> None:
    assert put(bea, "bomb.png", files.huge_png(6000, 6000))[1]["error"]["code"] == "bad_input"
    assert put(bea, "void.txt", b"")[0] == 400
    assert put(bea, field="upload")[0] == 400
    assert as_bea("POST", f"rooms/{room.pk}/attachments", {"file": "text"})[0] == 400
    assert as_bea("POST", f"rooms/{room.pk}/messages", {"body": "x", "attachments": ["nonsense"]})[0] == 404
    assert as_bea("POST", f"rooms/{room.pk}/messages", {"body": "x", "attachments": [NEVER] * 101})[0] == 400
    assert not Attachment.objects.exists()


def test_w6_a_hostile_name_arrives_clean(put: Put, bea: User) -> None:
    assert put(bea, "../../../etc/passwd")[1]["name"] == "passwd"
    assert put(bea, "invoice\u202egnp.exe")[1]["name"] == "invoicegnp.exe"
    assert len(put(bea, "n" * 300 + ".txt")[1]["name"]) == 120


def test_what_is_not_sent_can_be_taken_out_by_whoever_put_it_in(put: Put, bea: User, as_bea: Program, as_ada: Program) -> None:
    plan = put(bea)[1]["id"]
    assert as_ada("DELETE", f"attachments/{plan}")[0] == 404
    assert as_bea("DELETE", f"attachments/{plan}") == (204, None)
    assert as_bea("DELETE", f"attachments/{plan}")[0] == 404


def test_what_is_sent_goes_with_its_message(put: Put, room: Room, bea: User, as_bea: Program, as_ada: Program) -> None:
    plan = put(bea)[1]["id"]
    message = as_bea("POST", f"rooms/{room.pk}/messages", {"body": "look", "attachments": [plan]})[1]
    for anybody in (as_bea, as_ada):
        assert anybody("DELETE", f"attachments/{plan}")[1]["error"]["code"] == "not_allowed"
    assert as_bea("DELETE", f"messages/{message['id']}")[0] == 204
    assert as_bea("GET", f"attachments/{plan}")[0] == 404


def test_w11_a_stranger_gets_what_never_existed(put: Put, room: Room, bea: User, cyd: User, as_bea: Program, as_cyd: Program) -> None:
    assert put(cyd) == put(cyd, to=NEVER) == put(cyd, to="nonsense")
    assert put(cyd)[0] == 404
    plan = put(bea)[1]["id"]
    as_bea("POST", f"rooms/{room.pk}/messages", {"body": "look", "attachments": [plan]})
    for method, path in (("GET", "attachments/{}"), ("GET", "attachments/{}/content"), ("DELETE", "attachments/{}")):
        there = as_cyd(method, path.format(plan))
        assert there == as_cyd(method, path.format(NEVER)) == as_cyd(method, path.format("nonsense"))
        assert there[0] == 404
        assert Program()(method, path.format(plan))[0] == 401


def test_w10_a_session_needs_the_csrf_token(bea: User, room: Room) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(bea)
    answer = client.post(f"/api/v1/rooms/{room.pk}/attachments", {"file": files.named("x.txt", b"x")})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "csrf")


def test_w17_uploads_are_counted_like_posts(put: Put, bea: User, settings: LazySettings) -> None:
    settings.POSTS_PER_SECOND = 1
    assert 429 in [put(bea)[0] for _ in range(4)]


def test_nobody_keeps_more_than_so_many_that_are_not_sent(put: Put, bea: User, room: Room, settings: LazySettings) -> None:
    settings.POSTS_PER_SECOND = 1000
    Attachment.objects.bulk_create(
        Attachment(room=room, uploader=bea, kind="file", name="x", content_type="x/x", size=1, content=f"attachments/{number}")
        for number in range(MOST_UNSENT)
    )
    assert "that are not sent" in put(bea)[1]["error"]["message"]
