"""P4: a client that comes back with what it had, and hears the events after it, has what a fresh one gets. P5: it notices gaps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from chat.consumers import resume
from chat.consumers.pulse import Pulse
from chat.consumers.work import in_thread as in_database
from chat.errors import NotFound
from chat.models import Room, RoomEvent, event
from chat.rendering import event_frame, message_json
from tests.chat.socket_client import Client

State = dict[str, Any]
Action = Callable[[Room, dict[str, User]], object]


def fresh(room: Room) -> State:
    """What somebody sees who comes to the room now."""
    room = Room.objects.get(pk=room.pk)
    return {
        "name": room.name,
        "removed": room.removed_at is not None,
        "members": sorted(room.members.values_list("username", flat=True)),
        "messages": [message_json(message) for message in room.page(limit=100)],
        "runs": {each.data["run"]: each.data["outcome"] for each in room.events.filter(kind=event.RUN_ENDED)},
    }


def apply(state: State, frame: dict[str, Any]) -> None:
    """What a client does with an event: the reference for clients in any language."""
    data, message = frame["data"], frame["message"]
    match frame["kind"]:
        case event.MESSAGE_POSTED | event.MESSAGE_EDITED | event.MESSAGE_DELETED if message["hidden"]:
            pass  # it stands in another branch, or beside the one that is shown
        case event.MESSAGE_POSTED | event.MESSAGE_EDITED | event.MESSAGE_DELETED:
            kept = [each for each in state["messages"] if each["id"] != message["id"]]
            state["messages"] = sorted([*kept, message], key=lambda each: each["position"])
        case event.MEMBER_JOINED:
            state["members"] = sorted({*state["members"], data["user"]["username"]})
        case event.MEMBER_LEFT:
            state["members"] = sorted({*state["members"]} - {data["user"]["username"]})
        case event.ROOM_RENAMED:
            state["name"] = data["name"]
        case event.ROOM_REMOVED:
            state["removed"] = True
        case event.RUN_ENDED:
            state["runs"][data["run"]] = data["outcome"]
        case event.BRANCH_CHOSEN if data["reload"]:  # other messages come or go: ask for them
            state["messages"] = fresh(Room.objects.get(pk=frame["room"]))["messages"]
        case event.BRANCH_CHOSEN if not message["hidden"]:
            kept = [each for each in state["messages"] if each["position"] != message["position"]]
            state["messages"] = sorted([*kept, message], key=lambda each: each["position"])


def first_message(room: Room) -> Any:
    return room.messages.filter(hidden=False).select_related("room", "author").order_by("position")[0]


ACTIONS: dict[str, Action] = {
    event.MESSAGE_POSTED: lambda room, cast: room.post(cast["ada"], "Good *evening*", client_id="c-9"),
    event.MESSAGE_EDITED: lambda room, cast: first_message(room).edit(cast["bea"], "Good morning"),
    event.MESSAGE_DELETED: lambda room, cast: first_message(room).retract(cast["bea"]),
    event.MEMBER_JOINED: lambda room, cast: room.add(cast["cyd"], cast["ada"]),
    event.MEMBER_LEFT: lambda room, cast: room.remove(cast["ada"], cast["bea"]),
    event.ROOM_RENAMED: lambda room, cast: room.rename(cast["bea"], "Osaka in June"),
    event.ROOM_REMOVED: lambda room, cast: room.dissolve(cast["bea"]),
    event.BRANCH_CHOSEN: lambda room, cast: room.post_alternative(first_message(room), cast["bea"], "Hello there", client_id="c-10"),
    event.RUN_ENDED: lambda room, cast: room.record(
        event.RUN_ENDED, data={"run": "r-1", "outcome": "replied", "reason": "", "bot": "echo"}
    ),
}


def test_p4_every_kind_of_event_has_an_action_here() -> None:
    assert set(ACTIONS) == set(event.KINDS)


@pytest.mark.parametrize("kind", event.KINDS)
def test_p4_stale_state_and_the_events_since_make_the_fresh_state(kind: str, room: Room, bea: User, ada: User, cyd: User) -> None:
    room.post(bea, "Hello")
    room.post(ada, "Hi")
    state, seq = fresh(room), Room.objects.get(pk=room.pk).seq

    ACTIONS[kind](Room.objects.get(pk=room.pk), {"ada": ada, "bea": bea, "cyd": cyd})

    since = [event_frame(each) for each in RoomEvent.objects.filter(room=room).after(seq)]
    assert [(frame["seq"], frame["kind"]) for frame in since] == [(seq + 1, kind)]
    for frame in since:
        apply(state, frame)
    assert state == fresh(room)


def test_p4_all_of_them_one_after_the_other(room: Room, bea: User, ada: User, cyd: User) -> None:
    state = fresh(room)
    room.post(bea, "Hello")
    last = [event.MEMBER_LEFT, event.ROOM_REMOVED]
    for kind in [kind for kind in ACTIONS if kind not in last] + last[:1]:
        ACTIONS[kind](Room.objects.get(pk=room.pk), {"ada": ada, "bea": bea, "cyd": cyd})

    opened = resume.opened(bea, str(room.pk), 0)
    for frame in opened["events"]:
        apply(state, frame)
    assert state == fresh(room)
    assert opened["seq"] == Room.objects.get(pk=room.pk).seq == len(opened["events"])


def test_p4_a_removed_room_cannot_be_opened_again(room: Room, bea: User) -> None:
    room.dissolve(bea)
    with pytest.raises(NotFound):
        resume.opened(bea, str(room.pk), 0)


def test_p4_who_missed_nothing_gets_nothing(room: Room, bea: User) -> None:
    room.post(bea, "Hello")
    opened = resume.opened(bea, str(room.pk), 1)
    assert (opened["seq"], opened["recovered"], opened["events"]) == (1, True, [])


def test_p4_five_hundred_missed_events_are_replayed_and_more_are_not(room: Room, bea: User) -> None:
    for number in range(501):
        room.post(bea, str(number))

    assert len(resume.opened(bea, str(room.pk), 1)["events"]) == 500
    too_many = resume.opened(bea, str(room.pk), 0)
    assert (too_many["recovered"], too_many["events"], too_many["seq"]) == (False, [], 501)


def test_p4_more_text_than_a_frame_should_hold_is_not_replayed(room: Room, bea: User) -> None:
    for _ in range(21):
        room.post(bea, "x" * 20_000)
    assert not resume.opened(bea, str(room.pk), 0)["recovered"]


def test_p4_who_knows_more_than_the_database_must_load_the_room(room: Room, bea: User) -> None:
    opened = resume.opened(bea, str(room.pk), 7)
    assert (opened["recovered"], opened["seq"]) == (False, 0)


@pytest.mark.django_db(transaction=True)
async def test_p4_a_socket_that_opens_in_the_middle_of_a_flow_misses_nothing_and_hears_nothing_twice(
    room: Room, bea: User, ada: User, token_of: Callable[..., str]
) -> None:
    token = await in_database(token_of, ada)

    async def write() -> None:
        for number in range(60):
            await in_database(room.post, bea, str(number))

    async with Client(token=token) as socket:
        await in_database(room.post, bea, "before")
        writing = asyncio.ensure_future(write())
        opened = await socket.ask("opened", type="open", room=str(room.pk), after=0)
        seqs = [each["seq"] for each in opened["events"]]
        assert opened["seq"] == (seqs[-1] if seqs else 0)
        while len(seqs) < 61:
            seqs.append((await socket.next("event"))["seq"])
        await writing
    assert seqs == list(range(1, 62))


@pytest.mark.django_db(transaction=True)
async def test_p5_the_seqs_of_open_rooms_are_told_in_every_beat(
    room: Room, direct: Room, bea: User, token_of: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Redis lost is noticed: the event itself never comes, its seq does."""
    token = await in_database(token_of, bea)
    monkeypatch.setattr("chat.publisher.publisher.send", lambda group, message: None)
    async with Client(token=token) as socket:
        await socket.ask("opened", type="open", room=str(room.pk), after=0)
        await in_database(room.post, bea, "lost on the way")
        await Pulse.here().check()
        assert (await socket.receive()) == {"type": "seq", "rooms": {str(room.pk): 1}}

        opened = await socket.ask("opened", type="open", room=str(room.pk), after=0)
        assert [each["message"]["body"] for each in opened["events"]] == ["lost on the way"]


@pytest.mark.django_db(transaction=True)
async def test_p5_the_beat_is_told_without_an_open_room_too(room: Room, bea: User, token_of: Callable[..., str]) -> None:
    """Whoever cannot trust its own timers answers it, and is not taken for gone."""
    async with Client(token=await in_database(token_of, bea)) as socket:
        await Pulse.here().check()
        assert (await socket.receive()) == {"type": "seq", "rooms": {}}


@pytest.mark.django_db(transaction=True)
async def test_p5_a_beat_that_fails_is_not_the_last(
    bea: User, token_of: Callable[..., str], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SOCKET_BEAT = 0.01
    answers = iter([RuntimeError("nobody thought of this"), {}])

    def seqs_of(room_ids: Any) -> Any:
        answer = next(answers, {})
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr("chat.consumers.resume.seqs_of", seqs_of)
    async with Client(token=await in_database(token_of, bea)) as socket:
        assert (await socket.receive())["type"] == "seq"


@pytest.mark.django_db(transaction=True)
async def test_b2_17_a_lost_hint_of_revocation_is_made_good_by_the_beat(
    room: Room, bea: User, ada: User, token_of: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bea_token, ada_token = await in_database(token_of, bea), await in_database(token_of, ada)
    monkeypatch.setattr("chat.publisher.publisher.send", lambda group, message: None)
    async with Client(token=bea_token) as revoked, Client(token=ada_token) as removed:
        await in_database(bea.tokens.update, revoked_at="2026-11-20T00:00Z")
        await in_database(room.remove, ada, bea)
        await Pulse.here().check()
        assert await revoked.closed_with(within=2) == 4001
        assert (await removed.next("room"))["change"] == "left"
        assert str(room.pk) not in next(iter(Pulse.here()._sockets)).visit.rooms


@pytest.mark.django_db(transaction=True)
async def test_it_closes_a_client_that_has_been_silent_for_a_minute(bea: User, token_of: Callable[..., str]) -> None:
    token = await in_database(token_of, bea)
    async with Client(token=token) as socket:
        next(iter(Pulse.here()._sockets)).heard_at -= 61
        await Pulse.here().check()
        assert await socket.closed_with(within=2) == 4000
