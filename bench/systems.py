"""The two that are measured, each with servers of its own: Parley as it is, and the bare stack. Both ask the same model server."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from embedded import Place, Postgres, Redis, free_port
from tests.system.product import ROOT, Product

BOT = "parrot"
GAP = "0.025"  # between drafts, as in bot_server/pipeline/drafts.py: lag is compared at the same gap
PEOPLE = """
import json
from accounts.models import ApiToken, User
from chat.models import Room
bot = User.objects.get(username={bot!r})
people = [User.objects.create_user(username=f"guest-{{n}}", email=f"guest-{{n}}@example.org", password="x") for n in range({people})]
with_bot = [str(Room.direct(user, bot).pk) for user in people]
pairs = [str(Room.direct(*people[n:n + 2]).pk) for n in range(0, {people} - 1, 2)]
print(json.dumps([[ApiToken.objects.make(user, "bench", ["chat"])[1] for user in people], with_bot, pairs]))
"""


@dataclass
class Places:
    """Where a system's people are: a header for each, a room with a bot for each, and a room for each two of them."""

    headers: list[dict[str, str]]
    with_bot: list[str]
    pairs: list[str]


class System(Protocol):
    name: str
    socket: str
    places: Places

    def programs(self) -> list[int]:
        """The processes of its own."""
        ...

    def everything(self) -> list[int]:
        """These, PostgreSQL and Redis."""
        ...

    def first_page(self) -> float:
        """Milliseconds from starting the web process anew to the first page."""
        ...


class Parley:
    name = "parley"

    def __init__(self, product: Product, people: int) -> None:
        self._product = product
        self.socket = product.url.replace("http", "ws") + "/ws"
        found = product.manage("shell", "-v", "0", "-c", PEOPLE.format(people=people, bot=BOT)).splitlines()[-1]
        tokens, with_bot, pairs = json.loads(found)
        self.places = Places([{"Authorization": f"Bearer {token}"} for token in tokens], with_bot, pairs)

    def programs(self) -> list[int]:
        return [self._product.pid(name) for name in ("app", "relay", "bots", "worker")]

    def everything(self) -> list[int]:
        return [*self.programs(), *_pids(self._product.postgres, self._product.redis)]

    def first_page(self) -> float:
        self._product.terminate("app")
        began = time.monotonic()
        self._product.start("app")
        status, _ = self._product.get("/account/login/")
        assert status == 200, f"the sign-in page answered {status}"
        return (time.monotonic() - began) * 1000


class Bare:
    """The bare stack, started and stopped like the product."""

    name = "bare"

    def __init__(self, model: str, people: int) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="parley-bare-", dir="/tmp"))
        self.home.chmod(0o711)
        place = Place(self.home / "data", self.home / "run", self.home / "log")
        self.postgres = Postgres(place, "bare", "only-for-the-bench", "bare")
        self.redis = Redis(place, "only-for-the-bench", free_port())
        self._ports = {"web": free_port(), "bots": free_port()}
        self._url = f"http://127.0.0.1:{self._ports['web']}"
        self.socket = self._url.replace("http", "ws") + "/ws"
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._environment = os.environ | {
            "POSTGRES_HOST": str(self.postgres.host), "POSTGRES_PORT": str(self.postgres.port), "POSTGRES_USER": "bare",
            "POSTGRES_PASSWORD": self.postgres.password, "POSTGRES_DB": "bare", "REDIS_URL": self.redis.url,
            "CHAT_API": self._url, "BOT_API": f"http://127.0.0.1:{self._ports['bots']}", "MODEL_API": model, "BENCH_GAP": GAP,
            "PYTHONPATH": str(ROOT), "DJANGO_SETTINGS_MODULE": "bench.bare.settings",
        }  # fmt: skip
        self.places = Places([{}] * people, [f"bot.{n}" for n in range(people)], [f"pair.{n}" for n in range(people // 2)])

    def start(self) -> None:
        self.postgres.start()
        self.redis.start()
        subprocess.run(self._python("django", "migrate", "--run-syncdb", "-v", "0"), check=True, env=self._environment, cwd=ROOT)
        self._spawn("web", *self._uvicorn("bench.bare.web:application", "web"), "--ws", "websockets-sansio")
        self._spawn("bots", *self._uvicorn("bench.bare.bots:app", "bots"))
        self._spawn("worker", *self._python("celery", "-A", "bench.bare.jobs:celery", "worker", "-Q", "bots", "-P", "threads", "-c", "32",
                                            "--loglevel", "WARNING", "--without-gossip", "--without-mingle"))  # fmt: skip
        _until_answered(self._url)
        _until_answered(f"http://127.0.0.1:{self._ports['bots']}/openapi.json")

    def stop(self) -> None:
        for process in self._running.values():
            process.kill()
            process.wait(10)
        self.redis.kill()
        self.postgres.kill()
        shutil.rmtree(self.home, ignore_errors=True)

    def programs(self) -> list[int]:
        return [process.pid for process in self._running.values()]

    def everything(self) -> list[int]:
        return [*self.programs(), *_pids(self.postgres, self.redis)]

    def first_page(self) -> float:
        web = self._running.pop("web")
        web.terminate()
        web.wait(10)
        began = time.monotonic()
        self._spawn("web", *self._uvicorn("bench.bare.web:application", "web"), "--ws", "websockets-sansio")
        _until_answered(self._url)
        return (time.monotonic() - began) * 1000

    def _spawn(self, name: str, *command: str) -> None:
        with (self.home / f"{name}.log").open("ab") as out:
            self._running[name] = subprocess.Popen(
                command, env=self._environment, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )

    def _python(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", *arguments]

    def _uvicorn(self, application: str, name: str) -> list[str]:
        options = ("--loop", "uvloop", "--no-access-log", "--log-level", "warning")
        return self._python("uvicorn", application, "--host", "127.0.0.1", "--port", str(self._ports[name]), *options)


@contextlib.contextmanager
def both(people: int) -> Iterator[list[System]]:
    """Parley and the bare stack, running. PostgreSQL is as it comes: with real commits."""
    port = free_port()
    model = subprocess.Popen(
        [sys.executable, "-m", "bench.model", "--port", str(port)], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    url = f"http://127.0.0.1:{port}"
    bare = Bare(url, people)
    product = Product(OPENAI_BASE_URL=f"{url}/v1", WORKER_CONCURRENCY="32", POSTS_PER_SECOND="1000")
    product.postgres.settings = ()
    try:
        bare.start()
        with product:
            yield [Parley(product, people), bare]
    finally:
        bare.stop()
        model.kill()
        model.wait(10)


def _pids(*servers: Any) -> list[int]:
    return [server.process.pid for server in servers]


def _until_answered(url: str) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + 30
    while True:
        try:
            with opener.open(url, timeout=5) as answer:
                answer.read()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
