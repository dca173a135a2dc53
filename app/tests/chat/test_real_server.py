"""The same over a real server: uvicorn, a Redis that is flushed, killed and started again, and clients that do not read."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from django.db import connection
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from accounts.models import User
from chat.consumers.work import in_thread as in_database
from chat.models import Room
from embedded import Place, Redis, free_port
from tests.chat.socket_client import until

pytestmark = pytest.mark.django_db(transaction=True)
APP = Path(__file__).parents[2]


class Server:
    """An app process with a Redis of its own, and the tests' database."""

    http: httpx.AsyncClient

    def __init__(self, home: Path) -> None:
        self.port = free_port()
        self.redis = Redis(Place(home / "data", home / "run", home / "log"), "only-for-tests", free_port())
        self.log = home / "app.log"

    def __enter__(self) -> Server:
        self.redis.start()
        here = os.environ | {
            "REDIS_PORT": str(self.redis.port),
            "REDIS_PASSWORD": self.redis.password,
            "POSTGRES_DB": connection.settings_dict["NAME"],
            "SOCKET_BEAT": "1",
            "POSTS_PER_SECOND": "1000",
        }
        command = [sys.executable, "-m", "uvicorn", "config.asgi:application", "--port", str(self.port), "--ws", "websockets-sansio"]
        command += ["--ws-max-size", "262144", "--no-access-log", "--timeout-graceful-shutdown", "2", "--log-level", "warning"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, env=here, cwd=APP, stdout=log, stderr=log)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(10)
        self.redis.stop()

    def answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"http://127.0.0.1:{self.port}/healthz").status_code == 200
        return False

    def connect(self, token: str = "", **options: Any) -> connect:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return connect(f"ws://127.0.0.1:{self.port}/ws", additional_headers=headers, max_size=None, **options)

    async def post(self, token: str, room: Room, body: str) -> httpx.Response:
        address = f"http://127.0.0.1:{self.port}/api/v1/rooms/{room.pk}/messages"
        return await self.http.post(address, json={"body": body}, headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="parley-real-", dir="/tmp") as folder:
        yield Path(folder)


@pytest.fixture
async def server(home: Path, db: None) -> AsyncIterator[Server]:
    with Server(home) as server:
        await until(server.answers, within=30)
        async with httpx.AsyncClient(trust_env=False) as server.http:
            yield server


@pytest.fixture
def tokens(room: Room, bea: User, ada: User, cyd: User, token_of: Callable[..., str]) -> dict[str, str]:
    return {user.username: token_of(user) for user in (bea, ada, cyd)}


async def hear(wire: ClientConnection, kind: str, **fields: Any) -> dict[str, Any]:
    async with asyncio.timeout(10):
        while True:
            frame: dict[str, Any] = json.loads(await wire.recv())
            if frame["type"] == kind and all(frame.get(key) == value for key, value in fields.items()):
                return frame


async def say(wire: ClientConnection, **frame: Any) -> None:
    await wire.send(json.dumps(frame))


async def close_code(wire: ClientConnection) -> int | None:
    """Read until the other side closes."""
    async with asyncio.timeout(10):
        with contextlib.suppress(ConnectionClosed):
            while True:
                await wire.recv()
    return wire.close_code


async def test_member_in_stranger_out_revoked_out_malformed_out(
    server: Server, room: Room, bea: User, ada: User, tokens: dict[str, str]
) -> None:
    async with server.connect(tokens["bea"]) as member, server.connect(tokens["cyd"]) as stranger:
        assert (await hear(member, "hello"))["rooms"] == {str(room.pk): 0}
        assert (await hear(stranger, "hello"))["rooms"] == {}

        assert (await server.post(tokens["ada"], room, "hello")).status_code == 201
        assert (await hear(member, "event"))["message"]["body"] == "hello"
        await say(stranger, type="open", room=str(room.pk), after=0)
        assert json.loads(await stranger.recv())["code"] == "not_found"

        await member.send("x" * 70_000)
        assert await close_code(member) == 1009

    async with server.connect(tokens["ada"]) as removed:
        await hear(removed, "hello")
        headers = {"Authorization": f"Bearer {tokens['bea']}"}
        address = f"http://127.0.0.1:{server.port}/api/v1/rooms/{room.pk}/members/ada"
        assert (await server.http.delete(address, headers=headers)).status_code == 204
        async with asyncio.timeout(2):
            assert (await hear(removed, "room"))["change"] == "left"


async def test_w9_a_handshake_without_leave_is_answered_with_403(server: Server, tokens: dict[str, str]) -> None:
    for options in ({}, {"token": "nonsense"}, {"token": tokens["bea"], "origin": None, "user_agent_header": None} | {"token": ""}):
        with pytest.raises(InvalidStatus) as refused:
            await server.connect(**options)
        assert refused.value.response.status_code == 403


async def test_p5_what_a_flushed_and_a_killed_redis_lose_is_noticed_and_fetched(server: Server, room: Room, tokens: dict[str, str]) -> None:
    """I1: posting works with Redis down; the socket stays open, hears the seq, and asks for what it lacks."""
    async with server.connect(tokens["bea"]) as wire:
        await hear(wire, "hello")
        await say(wire, type="open", room=str(room.pk), after=0)
        await hear(wire, "opened")

        import redis

        with redis.Redis.from_url(server.redis.url) as client:
            client.flushall()
        await server.post(tokens["ada"], room, "after the flush")
        assert (await hear(wire, "event"))["message"]["body"] == "after the flush"

        server.redis.kill()
        for number in range(3):
            assert (await server.post(tokens["ada"], room, f"without redis {number}")).status_code == 201
        assert await hear(wire, "seq", rooms={str(room.pk): 4})
        await say(wire, type="open", room=str(room.pk), after=1)
        missed = await hear(wire, "opened")
        assert [each["message"]["body"] for each in missed["events"]] == [f"without redis {number}" for number in range(3)]

        server.redis.start()
        heard = asyncio.ensure_future(hear(wire, "event"))
        while not heard.done():  # until the server's subscription stands again, hints are lost; each of these is one
            assert (await server.post(tokens["ada"], room, "redis is back")).status_code == 201
            await asyncio.wait([heard], timeout=0.2)
        assert (await heard)["message"]["body"] == "redis is back"


async def test_b1_7_a_client_that_does_not_read_is_closed_and_costs_little(server: Server, room: Room, tokens: dict[str, str]) -> None:
    memory = psutil.Process(server.process.pid)
    async with server.connect(tokens["bea"]) as quick:
        await hear(quick, "hello")
        before = memory.memory_info().rss
        slow = [handshake(server.port, tokens["ada"]) for _ in range(5)]
        try:
            for number in range(80):
                response = await server.post(tokens["ada"] if number % 2 else tokens["bea"], room, f"{number} " + "x" * 19_000)
                assert response.status_code == 201
                await hear(quick, "event", seq=number + 1)
            assert memory.memory_info().rss - before < 60_000_000
            for client in slow:
                await until(lambda client=client: told_to_go(client))  # type: ignore[misc]
        finally:
            for client in slow:
                client.close()


def handshake(port: int, token: str) -> socket.socket:
    """A client with a small buffer that never reads."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    lines = ["GET /ws HTTP/1.1", "Host: 127.0.0.1", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
    lines += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", f"Authorization: Bearer {token}", "", ""]
    client.sendall("\r\n".join(lines).encode())
    return client


def told_to_go(client: socket.socket) -> bool:
    """Read what is there; whether the last of it is a close frame with the code 4008."""
    client.settimeout(0.05)
    read = b""
    with contextlib.suppress(TimeoutError):
        while chunk := client.recv(65_536):
            read = (read + chunk)[-100_000:]
    return b"\x88\x02" + (4008).to_bytes(2, "big") in read


async def test_nothing_of_a_closed_socket_stays_in_the_server(server: Server, room: Room, bea: User, tokens: dict[str, str]) -> None:
    """After connections come and go, Redis holds no subscription of the server's any more."""
    import redis

    for _ in range(3):
        wires = [await server.connect(tokens["bea"]) for _ in range(10)]
        for wire in wires:
            await say(wire, type="open", room=str(room.pk), after=0)
            await hear(wire, "opened")
        for wire in wires:
            await wire.close()
    with redis.Redis.from_url(server.redis.url) as client:
        await until(lambda: client.pubsub_channels() == [], within=10)
    assert await in_database(room.messages.count) == 0
