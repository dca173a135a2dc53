"""W5, W17: what takes long, and who does it often, takes the database and the threads of the pages from nobody else. With a real server."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from PIL import Image

from accounts.models import User
from chat.models import Room
from tests.chat.socket_client import until
from tests.chat.test_real_server import Server, home  # noqa: F401 (a fixture)

pytestmark = pytest.mark.django_db(transaction=True)
CONNECTIONS = 2


@pytest.fixture
async def narrow(
    home: Path,  # noqa: F811
    db: None,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Server]:
    """A server with few connections to its database."""
    monkeypatch.setenv("POSTGRES_POOL", str(CONNECTIONS))
    monkeypatch.setenv("MEDIA_ROOT", str(home / "media"))
    with Server(home) as server:
        await until(server.answers, within=30)
        limits = httpx.Limits(max_connections=100)
        address = f"http://127.0.0.1:{server.port}/api/v1/"
        async with httpx.AsyncClient(trust_env=False, limits=limits, base_url=address, timeout=60) as server.http:
            yield server


@pytest.fixture
def headers(bea: User, ada: User, token_of: Callable[..., str]) -> dict[str, dict[str, str]]:
    return {user.username: {"Authorization": f"Bearer {token_of(user)}"} for user in (bea, ada)}


def tough_picture() -> bytes:
    """It moves, and is within all limits: the darkroom has seconds of work with it."""
    frames = [Image.linear_gradient("L").resize((560, 560)).rotate(at) for at in range(100)]
    out = io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], duration=50, method=0, quality=10)
    return out.getvalue()


async def put(server: Server, room: Room, headers: dict[str, str], content: bytes) -> httpx.Response:
    return await server.http.post(f"rooms/{room.pk}/attachments", files={"file": ("x.webp", content)}, headers=headers)


async def test_many_who_read_files_at_once_keep_no_connection_to_the_database(
    narrow: Server, room: Room, headers: dict[str, dict[str, str]]
) -> None:
    made = await put(narrow, room, headers["bea"], b"x" * 300_000)
    address = f"attachments/{made.json()['id']}/content"
    answers = await asyncio.gather(*(narrow.http.get(address, headers=headers["bea"]) for _ in range(24)))
    assert [answer.status_code for answer in answers] == [200] * 24


async def test_w17_pictures_that_take_long_keep_nobody_from_the_database_and_one_person_has_two_at_a_time(
    narrow: Server, room: Room, headers: dict[str, dict[str, str]]
) -> None:
    content = tough_picture()
    uploads = [asyncio.create_task(put(narrow, room, headers["bea"], content)) for _ in range(6)]
    done, _ = await asyncio.wait(uploads, return_when=asyncio.FIRST_COMPLETED)
    refused = next(iter(done)).result()
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_fast")
    began = time.monotonic()
    assert (await narrow.http.get(f"rooms/{room.pk}/messages", headers=headers["ada"])).status_code == 200
    assert time.monotonic() - began < 2.0
    assert sorted(answer.status_code for answer in await asyncio.gather(*uploads)) == [201, 201, 429, 429, 429, 429]
