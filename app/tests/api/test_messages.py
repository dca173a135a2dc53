"""/api/v1/rooms/{id}/messages and /api/v1/messages, by the contract in docs/api/examples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from accounts.models import User
from chat.models import Message, Room
from chat.rendering import event_frame
from tests.api.conftest import Program

EXAMPLES = Path(__file__).parents[3] / "docs/api/examples"


def example(name: str) -> Any:
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def shape(value: Any) -> Any:
    """The keys of an object, at every level; of free objects (metadata, data) only that they are objects."""
    if isinstance(value, dict):
        return {key: {} if key in {"metadata", "data"} else shape(entry) for key, entry in value.items()}
    return "str" if isinstance(value, str) else type(value).__name__


def test_i3_a_message_looks_as_the_contract_says(as_bea: Program, as_ada: Program, room: Room) -> None:
    status, posted = as_bea("POST", f"rooms/{room.pk}/messages", {"body": "Let's go for a walk", "client_id": "c-1"})
    assert status == 201
    assert posted.pop("client_id") == "c-1"
    assert shape(posted) == shape(example("message"))
    assert posted["created_at"].endswith("Z")
    assert as_ada("GET", f"messages/{posted['id']}") == (200, posted)


def test_i3_an_event_looks_as_the_contract_says(room: Room, bea: User) -> None:
    room.post(bea, "Let's go for a walk")
    described = next(frame for frame in example("socket")["server"] if frame["type"] == "event")
    assert shape(event_frame(room.events.get())) == shape(described)


def test_p2_the_same_client_id_gives_200_and_the_same_message(as_bea: Program, room: Room) -> None:
    body = {"body": "once", "client_id": "c-1"}
    first, again = as_bea("POST", f"rooms/{room.pk}/messages", body), as_bea("POST", f"rooms/{room.pk}/messages", body)
    assert (first[0], again[0]) == (201, 200)
    assert first[1] == again[1]
    status, answer = as_bea("POST", f"rooms/{room.pk}/messages", body | {"body": "another"})
    assert (status, answer["error"]["code"]) == (409, "client_id_reused")
    assert Message.objects.count() == 1


def test_they_are_read_in_pages_by_position(as_bea: Program, room: Room, bea: User) -> None:
    for number in range(1, 6):
        room.post(bea, str(number))

    def bodies(query: str) -> str:
        return "".join(each["body"] for each in as_bea("GET", f"rooms/{room.pk}/messages?{query}")[1]["messages"])

    assert (bodies("limit=2"), bodies("before=4&limit=2"), bodies("after=2&limit=2"), bodies("")) == ("45", "23", "34", "12345")


def test_their_author_edits_and_takes_back(as_bea: Program, as_ada: Program, room: Room, bea: User) -> None:
    message = room.post(bea, "Helo").message
    assert as_ada("PATCH", f"messages/{message.pk}", {"body": "mine"})[0] == 403
    status, edited = as_bea("PATCH", f"messages/{message.pk}", {"body": "Hello"})
    assert (status, edited["body"], edited["edited_at"] is not None) == (200, "Hello", True)
    assert as_ada("DELETE", f"messages/{message.pk}")[0] == 403
    assert as_bea("DELETE", f"messages/{message.pk}") == (204, None)
    assert as_ada("GET", f"messages/{message.pk}")[1]["body"] == ""


def test_an_answer_names_what_it_answers(as_bea: Program, room: Room, ada: User) -> None:
    question = room.post(ada, "Shall we?").message
    status, answer = as_bea("POST", f"rooms/{room.pk}/messages", {"body": "Yes", "reply_to": str(question.pk)})
    assert (status, answer["reply_to"]) == (201, str(question.pk))


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "before=-1", "after=1e3", f"before={10**30}", "before=" + "9" * 5000])
def test_w25_a_page_that_is_none_is_refused(as_bea: Program, room: Room, query: str) -> None:
    status, answer = as_bea("GET", f"rooms/{room.pk}/messages?{query}")
    assert (status, answer["error"]["code"]) == (400, "invalid")
    assert list(answer["error"]["fields"]) == [query.partition("=")[0]]


def test_w12_what_is_not_the_authors_to_say_is_ignored(as_bea: Program, room: Room, bea: User, ada: User) -> None:
    forged = {
        "id": "00000000-0000-7000-8000-000000000000", "author": ada.pk, "author_id": ada.pk, "room": "x", "position": 99, "seq": 99,
        "html": "<script>", "kind": "failure", "created_at": "1999-01-01T00:00:00Z", "edited_at": "1999-01-01T00:00:00Z",
        "is_bot": True, "metadata": {"run": "x", "pycontext": "x"}, "attempt": 7,
    }  # fmt: skip
    status, _ = as_bea("POST", f"rooms/{room.pk}/messages", {"body": "hi", **forged})
    assert status == 201
    message = Message.objects.get()
    assert (message.author, message.room, message.position, message.kind, message.metadata) == (bea, room, 1, "text", {})
    assert (message.html, message.edited_at, message.created_at.year > 2000) == ('<p dir="auto">hi</p>\n', None, True)
    assert str(message.pk) != forged["id"]

    as_bea("PATCH", f"rooms/{room.pk}", {"name": "n", "seq": 50, "kind": "direct", "created_by": ada.pk, "removed_at": "2026-01-01"})
    kept = Room.objects.get(pk=room.pk)
    assert (kept.kind, kept.created_by, kept.removed_at, kept.seq) == ("group", bea, None, 2)


def test_w17_too_many_posts_are_told_when_to_come_back(as_bea: Program, room: Room, settings: Settings) -> None:
    settings.POSTS_PER_SECOND = 1
    statuses = [as_bea("POST", f"rooms/{room.pk}/messages", {"body": "flood"})[0] for _ in range(4)]
    assert 201 in statuses
    assert statuses[-1] == 429
    assert as_bea.last.headers["Retry-After"] == "1"
