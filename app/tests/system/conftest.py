"""Two rigs: browsers at an app of its own on the test database, and the whole product with people who speak its API."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from accounts.models import User
from embedded import free_port
from tests.system.person import Person
from tests.system.product import Product

ROOT = Path(__file__).resolve().parents[3]
BUILT = ROOT / "app" / "static" / "dist" / "application.js"
AXE = ROOT / "app" / "node_modules" / "axe-core" / "axe.min.js"
# The shell draws as Chromium does, with no windows around it: half the work.
CHROMIUM = next(filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"))), "chromium")
QUIET = (
    "Autofocus processing was blocked",
    "net::ERR_INTERNET_DISCONNECTED",
    "WebSocket connection to",
    "status of 4",
    "ERR_FAILED",
    "ERR_CONNECTION_REFUSED",
)


class Site:
    """The app in a process of its own."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = os.environ | {"POSTGRES_DB": str(connection.settings_dict["NAME"])}
        command = [sys.executable, "-m", "uvicorn", "config.asgi:application", "--host", "127.0.0.1", "--port", str(self.port)]
        command += ["--ws", "websockets-sansio", "--ws-max-size", "262144", "--timeout-graceful-shutdown", "1", "--log-level", "warning"]
        self._server = subprocess.Popen(command, env=environment, cwd=ROOT / "app")
        until(self._answers, "the app answers", 20)

    def stop(self) -> None:
        if self._server:
            self._server.kill()
            self._server.wait(10)
            self._server = None

    def _answers(self) -> bool:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with contextlib.suppress(urllib.error.URLError, OSError), opener.open(f"{self.url}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
        return False


def until(condition: Callable[[], Any], what: str, seconds: float = 10) -> Any:
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"Not within {seconds} s: {what}."
        time.sleep(0.02)
    return value


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    assert BUILT.exists(), "Build the front end first: npm run build in app/."
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright runs an event loop in this thread, and Django then takes every query for one inside it.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        expect.set_options(timeout=15_000)  # a busy machine is slow, and a met condition ends the wait
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def running_site(django_db_setup: None, django_db_blocker: Any) -> Iterator[Site]:
    site = Site()
    with django_db_blocker.unblock():
        site.start()
    yield site
    site.stop()


@pytest.fixture
def site(transactional_db: None, running_site: Site) -> Iterator[Site]:
    if running_site._server is None:
        running_site.start()
    yield running_site
    until(Quiet(), "the app has come to rest")


class Quiet:
    """No query of the app runs, and none came while one looked ten times: what empties the tables now meets nobody."""

    def __init__(self) -> None:
        self.looks = 0

    def __call__(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'"
            )
            self.looks = 0 if cursor.fetchone()[0] else self.looks + 1
        return self.looks >= 10


OpenPage = Callable[..., Page]


@pytest.fixture
def browse(browser: Browser, site: Site) -> Iterator[OpenPage]:
    """Opens a browser of its own for somebody, signed in: `browse(ada, "/")`. What goes wrong in its console fails the test."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(words in message.text for words in QUIET):
            wrong.append(message.text)

    def open_page(user: User | None = None, path: str = "/", **options: Any) -> Page:
        context = browser.new_context(base_url=site.url, viewport=options.pop("viewport", {"width": 1360, "height": 860}), **options)
        context.set_default_timeout(15_000)
        contexts.append(context)
        if user:
            client = Client()
            client.force_login(user)
            cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": site.url}])
        page = context.new_page()
        page.on("console", hear)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not wrong, wrong


@pytest.fixture
def faults_of() -> Callable[[Page], list[str]]:
    """What axe finds on a page. It is evaluated by the browser's debugger, so the content security policy stays in force."""

    def look(page: Page) -> list[str]:
        page.evaluate(AXE.read_text())
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [f"{fault['id']}: {node['html'][:160]} {node['failureSummary']}" for fault in found["violations"] for node in fault["nodes"]]

    return look


# Secrets that no text holds by chance.
CANARIES = {
    "OPENAI_API_KEY": "sk-canary-7f3a9c51e2",
    "BOT_KEY": "canary-of-the-bot-key-4d1e88",
    "DJANGO_SUPERUSER_TOKEN": f"parley_{'5eed' * 3}_{'c0ffee' * 6}",
}


@pytest.fixture(scope="session")
def running_product() -> Iterator[Product]:
    with Product(POSTS_PER_SECOND="1000", **CANARIES) as product:
        yield product


@pytest.fixture
def product(running_product: Product) -> Iterator[Product]:
    """The whole product. A test may kill any part of it, and leaves it whole."""
    yield running_product
    running_product.mend()


@pytest.fixture
def ada_there(product: Product) -> Iterator[Person]:
    """Ada at the product, by its API."""
    with person(product, "ada") as ada:
        yield ada


@pytest.fixture
def bea_there(product: Product) -> Iterator[Person]:
    with person(product, "bea") as bea:
        yield bea


@contextlib.contextmanager
def person(product: Product, username: str) -> Iterator[Person]:
    found = Person(product, username)
    with contextlib.closing(found.http):
        yield found
