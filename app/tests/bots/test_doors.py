"""W11, I8: every page of bots and rooms, for somebody signed out, for a program with a token, for a stranger, and for a member without the
right. The table is held against the URL maps: an address without a row fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import URLPattern, URLResolver, reverse

from accounts.models import User
from bots import urls as bot_urls
from bots.models import Approval, Bot, Case, Proposal, Question, Run
from bots.models.queue import in_seconds
from chat import urls as chat_urls
from chat.models import Room
from chat.uploading import upload
from tests.bots import traced, waits
from tests.bots.desk import Desk
from tests.chat import files

EVERY: list[Any] = [*bot_urls.urlpatterns, *chat_urls.urlpatterns]
# For everybody, signed in or not.
PUBLIC = {"theme"}
BODIES: dict[str, dict[str, str]] = {
    "approval": {"decision": "approve", "sha256": waits.sha(waits.letter())},
    "question": {"value": "yes"},
    "bot_proposal_decision": {"decision": "accept", "base": "1"},
    "case_confirmation": {"sha256": "0" * 64},
    "message_edit": {"body": "other words"},
    "message_resubmission": {"body": "other words"},
    "room_read": {"position": "1"},
    "run_takeover": {"way": "answer", "text": "my words"},
}
NEVER = "01990000-0000-7000-8000-000000000000"
SECRET = "a garden room by the canal"


class Door(NamedTuple):
    """One address with one method: what a stranger gets, and what a member gets who is neither asker nor editor nor author."""

    method: str
    name: str
    stranger: int
    member: int


DOORS = [
    # What everybody who is signed in may see; of rooms and runs there is nothing in it (held by the tests of each page).
    *(Door("get", name, 200, 200) for name in ("bot_schema", "bots", "bot", "bot_runs", "bot_versions", "bot_version", "bot_cases")),
    Door("get", "bot_gap", 302, 302),
    Door("get", "bot_proposals", 200, 200),
    Door("get", "bot_picture", 404, 404),
    *(Door("get", name, 200, 200) for name in ("people", "person", "new_room", "welcome")),
    Door("get", "home", 302, 302),
    Door("post", "rooms", 302, 302),
    # Making and changing bots.
    Door("get", "bot_new", 403, 403),
    *(Door("post", f"bot_new{what}", 403, 403) for what in ("", "_save", "_check", "_cases", "_trial")),
    Door("get", "bot_edit", 404, 404),
    *(Door("post", f"bot_edit{what}", 404, 404) for what in ("", "_save", "_check", "_cases", "_trial")),
    Door("get", "bot_proposal", 404, 404),
    Door("post", "bot_proposal_decision", 404, 404),
    Door("post", "bot_proposal_cases", 404, 404),
    Door("post", "bot_restoration", 403, 403),
    Door("post", "version_cases", 403, 403),
    Door("post", "case_confirmation", 404, 403),
    Door("post", "case_saving", 403, 403),
    Door("get", "case_editing", 404, 404),
    Door("post", "case_dropping", 404, 403),
    # Runs: members look, the asker and the bot's admins steer.
    *(Door("get", name, 404, 200) for name in ("run", "run_step", "run_strip", "run_export")),
    Door("get", "run_takeover", 404, 403),
    *(Door("post", name, 404, 403) for name in ("run_cancellation", "run_retry", "run_replay", "run_takeover", "message_regeneration")),
    *(Door("get", name, 404, 200) for name in ("approval", "question", "correction", "feedback")),
    *(Door("post", name, 404, 403) for name in ("approval", "question")),
    *(Door("post", name, 404, 422) for name in ("correction", "feedback")),
    # Rooms.
    *(Door("get", name, 404, 200) for name in ("room", "message", "room_settings", "attachment_preview")),
    Door("get", "attachment", 404, 200),
    Door("post", "messages", 404, 422),
    *(Door("post", name, 404, 403) for name in ("message_edit", "message_deletion", "message_resubmission")),
    *(Door("post", name, 404, 403) for name in ("room_member_removal", "room_removal")),
    *(Door("post", name, 404, 302) for name in ("message_choice", "room_read")),
    Door("post", "room_name", 404, 403),
    Door("post", "room_members", 404, 422),
]


def names_of(patterns: list[Any]) -> Iterator[str]:
    for entry in patterns:
        if isinstance(entry, URLResolver):
            yield from names_of(entry.url_patterns)
        else:
            yield str(entry.name)


@pytest.fixture
def dan(group: Room, ada: User) -> User:
    """In the room, and nothing more."""
    dan = User.objects.create_user("dan", "dan@example.com", "correct horse battery staple", name="Dan")
    group.add(dan, ada)
    return dan


@pytest.fixture
def ids(group: Room, bea: User, ada: User, bot: Bot, dan: User, desk: Desk, settings: LazySettings, tmp_path: Path) -> dict[str, Any]:
    """Bea has asked Echo in the room; there is one of everything that an address can name."""
    settings.MEDIA_ROOT = tmp_path
    Bot.objects.update(endpoint=f"{desk.url}/bots/echo")
    mine = group.post(bea, f"@echo {SECRET}", attachments=[upload(bea, group.pk, files.named("x.png", files.picture()))]).message
    (run,) = Run.objects.claim(1)
    reply = run.reply(run.attempt, "4.0", "It is booked", {}).message
    run = traced.fail(run)
    content = waits.letter()
    about = {"run": run, "step": 4, "expires_at": in_seconds(3600)}
    wish = {"title": "May I?", "content": content, "sha256": waits.sha(content), "deciders": [bea.pk]}
    case = Case.objects.create(
        bot=bot, message=mine, run=run, author=bea, made_by=bea, say=[SECRET], expect={"contains": "x"}, source="feedback"
    )
    return {
        "room_id": group.pk, "message_id": mine.pk, "reply": reply.pk, "run_id": run.pk, "index": 0, "name": "echo", "number": 1,
        "file": "x.png",
        "username": "bea", "attachment_id": mine.attachments.get().pk, "case_id": case.pk,
        "approval_id": Approval.objects.create(**about, **wish).pk,
        "question_id": Question.objects.create(**about, text=SECRET, kind="text", choices=[], answerers=[bea.pk]).pk,
        "proposal_id": Proposal.objects.create(bot=bot, name="echo", yaml="name: echo\n", why=SECRET, by=ada).pk,
    }  # fmt: skip


def address(door: Door, ids: dict[str, Any]) -> str:
    known = ids | ({"message_id": ids["reply"]} if door.name in {"correction", "feedback", "message_regeneration"} else {})
    known |= {"name": "x.png"} if door.name == "attachment" else {}
    every = EVERY
    (entry,) = (found for found in leaves(every) if found.name == door.name)
    return reverse(door.name, kwargs={key: known[key] for key in entry.pattern.converters})


def leaves(patterns: list[Any]) -> Iterator[URLPattern]:
    for entry in patterns:
        if isinstance(entry, URLResolver):
            yield from leaves(entry.url_patterns)
        else:
            yield entry


def test_w11_there_is_a_row_for_every_address() -> None:
    assert {door.name for door in DOORS} | PUBLIC == set(names_of(EVERY))


def named(door: Door) -> str:
    return f"{door.method} {door.name}"


@pytest.mark.parametrize("door", DOORS, ids=named)
def test_w11_each_door_opens_for_those_it_is_for(
    door: Door, ids: dict[str, Any], dan: User, cyd: User, client_of: Callable[[User], Client], bots_api: Any
) -> None:
    path = address(door, ids)
    before, body = rows(), BODIES.get(door.name, {})
    for client in (Client(), bots_api._client):  # nobody, and a bot's program: a token opens no page
        answer = getattr(client, door.method)(path, body)
        assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, "/account/login/")
    stranger = getattr(client_of(cyd), door.method)(path, body)
    member = getattr(client_of(dan), door.method)(path, body)
    assert (stranger.status_code, member.status_code) == (door.stranger, door.member)
    if door.stranger != 404:
        assert SECRET not in stranger.content.decode()
    else:
        nowhere = address(
            door, ids | {key: NEVER for key in ids if key.endswith("_id") and key != "case_id"} | {"reply": NEVER, "case_id": 999_999}
        )
        assert getattr(client_of(cyd), door.method)(nowhere, body).status_code == 404
    assert rows() == before


def rows() -> list[Any]:
    """What any of these could have changed."""
    counted = [model.objects.count() for model in (Run, Case, Proposal, Room)]
    return [*counted, *Approval.objects.values_list("state", "decided_by"), *Question.objects.values_list("state", "answered_by")]
