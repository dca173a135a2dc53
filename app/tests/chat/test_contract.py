"""I3: what sockets say and take is what docs/api/examples/socket.json shows."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from chat import drafts
from chat.consumers.pulse import Pulse
from chat.consumers.work import in_thread as in_database
from chat.models import Room
from tests.chat.socket_client import Client

EXAMPLES = json.loads((Path(__file__).parents[3] / "docs/api/examples/socket.json").read_text())


def shape(value: Any, path: str = "") -> Any:
    """The keys at every level, and the kinds of the values. What is keyed by id, or free, counts as one thing."""
    if isinstance(value, dict):
        if path in {"rooms", "metadata", "data"}:
            return "by id" if path == "rooms" else "free"
        return {key: shape(entry, key) for key, entry in value.items()}
    return "list" if isinstance(value, list) else type(value).__name__


@pytest.mark.django_db(transaction=True)
async def test_i3_a_socket_says_what_the_examples_show(room: Room, bea: User, ada: User, token_of: Callable[..., str]) -> None:
    token, here = await in_database(token_of, bea), str(room.pk)
    heard = {}
    wishes = {frame["type"]: frame | ({"room": here} if "room" in frame else {}) for frame in EXAMPLES["client"]}
    async with Client(token=token) as socket:
        heard["hello"] = socket.hello
        heard["opened"] = await socket.ask("opened", **wishes["open"] | {"after": 0})
        heard["ack"] = await socket.ask("ack", **wishes["post"])
        heard["event"] = await socket.next("event")
        heard["read"] = await socket.ask("read", **wishes["read"])
        frame = drafts.Frame(
            run=str(uuid.uuid4()), attempt=1, author=heard["hello"]["user"], offset=0, text="歩き", step="Chat", activity="thinking"
        )
        await in_database(drafts.put, here, [frame])
        heard["draft"] = await socket.next("draft")
        await in_database(drafts.end, here, frame.run, 1)
        heard["draft.end"] = await socket.next("draft.end")
        await Pulse.here().check()
        heard["seq"] = await socket.next("seq")
        await in_database(room.rename, bea, "Osaka")
        heard["room"] = await socket.next("room")
        await socket.send(**wishes["close"])
        heard["pong"] = await socket.ask("pong", **wishes["ping"])
        heard["error"] = await socket.ask("error", **wishes["post"] | {"room": "nowhere"})
    for described in EXAMPLES["server"]:
        said = heard.pop(described["type"])
        said.get("message", {}) and isinstance(said["message"], dict) and said["message"].pop("client_id", None)
        assert shape(said) == shape(described), described["type"]
    assert heard == {}


@pytest.mark.django_db(transaction=True)
async def test_a_draft_is_shown_to_whoever_opens_the_room_later(room: Room, bea: User, token_of: Callable[..., str]) -> None:
    frame = drafts.Frame(run=str(uuid.uuid4()), attempt=2, author={"id": 9}, offset=0, text="歩き", step="Chat", activity="thinking")
    await in_database(drafts.put, room.pk, [frame])
    async with Client(token=await in_database(token_of, bea)) as socket:
        opened = await socket.ask("opened", type="open", room=str(room.pk), after=0)
    (draft,) = opened["drafts"]
    described = next(each for each in EXAMPLES["server"] if each["type"] == "draft")
    assert set(draft) == set(described)
    assert (draft["text"], draft["offset"], draft["attempt"]) == ("歩き", 0, 2)
