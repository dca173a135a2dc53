"""b1 #7: what waits for one client is bounded; who does not read is closed with 4008, and nobody else waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from chat.broadcasts import as_hint, room_group
from chat.consumers import socket as socket_module
from chat.consumers.outbox import MOST_CHARACTERS, MOST_FRAMES, Outbox
from chat.consumers.pace import BURST, FRAMES_PER_SECOND, Pace
from chat.consumers.routing import websocket
from chat.consumers.work import in_thread as in_database
from chat.models import Room
from chat.publisher import publisher
from tests.chat.socket_client import until


class Wire:
    """The far end of a socket that can stop reading."""

    def __init__(self, takes_the_close: bool = True) -> None:
        self.takes_the_close = takes_the_close
        self.reads = asyncio.Event()
        self.sent: list[dict[str, Any]] = []
        self.incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def send(self, message: dict[str, Any]) -> None:
        if len(self.sent) > 1 and not (message["type"] == "websocket.close" and self.takes_the_close):
            await self.reads.wait()
        self.sent.append(message)


async def test_it_sends_in_order_and_forgets_what_it_has_sent() -> None:
    wire = Wire()
    wire.reads.set()
    outbox = Outbox(wire.send)
    for number in range(1000):
        assert outbox.put(str(number))
        if number % 100 == 99:
            await until(lambda number=number: len(wire.sent) == number + 1)  # type: ignore[misc]
    assert [message["text"] for message in wire.sent] == [str(number) for number in range(1000)]


@pytest.mark.parametrize(("text", "fit"), [("x", MOST_FRAMES), ("x" * 100_000, MOST_CHARACTERS // 100_000 + 1)])
async def test_b1_7_it_says_no_when_too_much_waits(text: str, fit: int) -> None:
    wire = Wire()
    wire.sent = [{}, {}]
    outbox = Outbox(wire.send)
    assert outbox.put(text)
    await asyncio.sleep(0)  # the writer takes the first one, and waits with it for the client
    taken = 0
    while outbox.put(text):
        taken += 1
    assert taken == fit
    await outbox.stop()
    assert outbox._writer is not None
    assert outbox._writer.done()


async def test_one_frame_may_be_bigger_than_what_may_wait() -> None:
    wire = Wire()
    assert Outbox(wire.send).put("x" * (MOST_CHARACTERS * 3))


async def test_a_client_that_has_gone_ends_the_writer() -> None:
    async def gone(message: dict[str, Any]) -> None:
        raise ConnectionResetError

    outbox = Outbox(gone)
    assert outbox.put("a")
    await until(lambda: outbox._writer is not None and outbox._writer.done())
    assert outbox.put("b")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("takes_the_close", [True, False])
async def test_b1_7_a_socket_that_does_not_read_is_closed_with_4008(
    takes_the_close: bool, room: Room, ada: User, token_of: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some servers take a close while a frame waits, uvicorn does not; the socket ends either way."""
    monkeypatch.setattr(socket_module, "PATIENCE", 0.2)
    token, wire = await in_database(token_of, ada), Wire(takes_the_close)
    headers = [(b"host", b"testserver"), (b"authorization", f"Bearer {token}".encode())]
    scope = {"type": "websocket", "path": "/ws", "query_string": b"", "headers": headers}
    await wire.incoming.put({"type": "websocket.connect"})
    served = asyncio.ensure_future(websocket(scope, wire.incoming.get, wire.send))
    await until(lambda: len(wire.sent) == 2)

    for _ in range(MOST_FRAMES + 2):
        publisher.send(room_group(room.pk), as_hint({"type": "room", "room": str(room.pk), "change": "renamed", "name": "x"}))
    await asyncio.wait_for(served, 5)
    assert ({"type": "websocket.close", "code": 4008} in wire.sent) == takes_the_close
    assert len(wire.sent) == 2 + takes_the_close


def test_a_flood_is_what_goes_on_above_fifty_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    pace = Pace()
    assert [pace.allows_one_more() for _ in range(BURST + 1)] == [True] * BURST + [False]

    now += 10
    for _ in range(1000):
        now += 1 / FRAMES_PER_SECOND
        assert pace.allows_one_more()
