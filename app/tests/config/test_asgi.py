"""What stands in front of Django: static files and the limit on bodies."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.db import connection
from django.test import override_settings
from django.utils.functional import empty

from config.pages import Pages
from config.static import StaticFiles

Answer = tuple[int, dict[str, str], bytes]


async def ask(app: Any, path: str, method: str = "GET", headers: dict[str, str] | None = None, body: list[bytes] | None = None) -> Answer:
    """One request to an ASGI application."""
    sent = [(b"host", b"127.0.0.1"), *((name.encode(), value.encode()) for name, value in (headers or {}).items())]
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": sent,
    }
    chunks = list(body or [b""])
    answer: list[Any] = []

    async def receive() -> Any:
        if chunks:
            chunk = chunks.pop(0)
            return {"type": "http.request", "body": chunk, "more_body": bool(chunks)}
        return await never()

    async def send(message: Any) -> None:
        answer.append(message)

    await app(scope | {"scheme": "http", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 3000)}, receive, send)
    headers_back = {name.decode().lower(): value.decode() for name, value in answer[0]["headers"]}
    return answer[0]["status"], headers_back, b"".join(message.get("body", b"") for message in answer[1:])


def forget_storage() -> None:
    """Read the manifest anew."""
    vars(staticfiles_storage)["_wrapped"] = empty


async def never() -> Any:
    await asyncio.Event().wait()


@pytest.fixture
def front(settings: Any, tmp_path: Path) -> StaticFiles:
    """Nothing collected: files come from the apps, as while developing."""
    settings.STATIC_ROOT = tmp_path / "none"
    forget_storage()
    return StaticFiles(Pages())


@pytest.fixture(scope="module")
def gathered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What collectstatic makes; once, since it takes its time."""
    root = tmp_path_factory.mktemp("static")
    with override_settings(STATIC_ROOT=root):
        forget_storage()
        call_command("collectstatic", interactive=False, verbosity=0)
    yield root
    forget_storage()


@pytest.fixture
def collected(settings: Any, gathered: Path) -> StaticFiles:
    """After collectstatic, as in production."""
    settings.STATIC_ROOT = gathered
    forget_storage()
    return StaticFiles(Pages())


@pytest.fixture(autouse=True)
def fresh_storage() -> Any:
    yield
    forget_storage()


async def test_files_are_served_before_anything_is_built(front: StaticFiles) -> None:
    status, headers, body = await ask(front, "/static/admin/css/base.css")
    assert status == 200 and headers["content-type"].startswith("text/css") and body
    assert headers["x-content-type-options"] == "nosniff"
    assert "immutable" not in headers.get("cache-control", "")


async def test_a_name_without_a_file_stays_as_it_is(front: StaticFiles) -> None:
    assert staticfiles_storage.url("dist/not-built-yet.js") == "/static/dist/not-built-yet.js"


async def test_collected_files_have_hashed_names_that_are_kept_for_ever(collected: StaticFiles) -> None:
    url = staticfiles_storage.url("admin/css/base.css")
    assert url != "/static/admin/css/base.css"
    status, headers, body = await ask(collected, url)
    assert status == 200 and "immutable" in headers["cache-control"]
    status, packed, small = await ask(collected, url, headers={"accept-encoding": "gzip"})
    assert packed["content-encoding"] == "gzip" and len(small) < len(body)
    status, _, _ = await ask(collected, url, headers={"if-modified-since": headers["last-modified"]})
    assert status == 304
    status, _, none = await ask(collected, url, method="HEAD")
    assert (status, none) == (200, b"")


@pytest.mark.parametrize(
    "path", ["/static/../config/settings.py", "/static/%2e%2e/config/settings.py", "/static//etc/passwd", "/static/x/../../manage.py"]
)
@pytest.mark.parametrize("kind", ["front", "collected"])
async def test_w6_no_path_leads_out_of_the_static_files(request: pytest.FixtureRequest, kind: str, path: str) -> None:
    status, _, body = await ask(request.getfixturevalue(kind), path)
    assert status in {400, 404}
    assert b"DJANGO_SECRET_KEY" not in body


async def test_pages_are_answered_by_django(front: StaticFiles) -> None:
    status, headers, body = await ask(front, "/healthz")
    assert (status, body) == (200, b'{"status": "ok"}') and "x-request-id" in headers


@pytest.mark.django_db(transaction=True)
async def test_b11_a_hundred_requests_at_once_hold_no_more_connections_than_the_pool_has(front: StaticFiles) -> None:
    """Persistent connections leak under ASGI: 100 requests left 40 behind."""
    answers = await asyncio.gather(*(ask(front, "/readyz") for _ in range(100)))
    assert [status for status, _, _ in answers] == [200] * 100
    held = await sync_to_async(backends)("SELECT pid")
    assert len(held) <= settings_of_pool()["max_size"] + 1


@pytest.mark.django_db(transaction=True)
async def test_b12_after_a_restart_of_postgresql_not_one_request_fails(front: StaticFiles) -> None:
    """Every connection in the pool is dead, as after a restart of the server; the health check replaces it unseen."""
    await asyncio.gather(*(ask(front, "/readyz") for _ in range(20)))
    ended = await sync_to_async(backends)("SELECT pg_terminate_backend(pid)")
    assert ended
    answers = await asyncio.gather(*(ask(front, "/readyz") for _ in range(60)))
    assert [status for status, _, _ in answers] == [200] * 60


def settings_of_pool() -> dict[str, Any]:
    pool: dict[str, Any] = connection.settings_dict["OPTIONS"]["pool"]
    return pool


def backends(select: str) -> list[Any]:
    """Something about every other connection to the database of the tests."""
    with connection.cursor() as cursor:
        cursor.execute(f"{select} FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
        found = list(cursor.fetchall())
    connection.close()  # this thread's own, which nobody else would end
    return found


async def test_a_body_that_says_it_is_too_large_is_refused_unread(front: StaticFiles, settings: Any) -> None:
    status, _, body = await ask(front, "/api/v1/rooms", "POST", {"content-length": str(settings.LARGEST_BODY + 1)})
    assert status == 413 and b"too_large" in body


async def test_f10_a_body_that_grows_too_large_is_cut_off(front: StaticFiles, settings: Any) -> None:
    settings.LARGEST_BODY = 1000
    status, _, body = await ask(front, "/api/v1/rooms", "POST", {"transfer-encoding": "chunked"}, [b"x" * 400] * 4)
    assert status == 413 and b"too_large" in body
