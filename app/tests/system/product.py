"""The whole product, really running, for tests that kill parts of it.

    with Product() as product:
        browser.goto(product.url)
        product.kill("worker")

It has a PostgreSQL and a Redis of its own, so a test may kill those too; every process is started by the line of the
Procfile; nothing here sleeps for a fixed time: everything waits for a condition, and a missed one shows the log.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
import redis
import yaml

import process
from embedded import Place, Postgres, Redis, free_port

ROOT = process.ROOT
TEST_BOTS = Path(__file__).parent / "bots"
UNTRUSTED = "freeloader"  # it asks for services, and is not in the operator's list
PROCESSES = ("app", "relay", "bots", "worker")
PASSWORD = "a lamp in the window"
# A crash of PostgreSQL must lose nothing, so its commits are real; only the disk's own cache is trusted.
CRASH_SAFE = ("fsync=off", "full_page_writes=off")
CAST = """
import json
from accounts.models import ApiToken, User
for name in ("bea", "cyd"):
    User.objects.create_user(username=name, email=name + "@example.org", password={password!r}, name=name.title())
User.objects.filter(username="ada").update(name="Ada")
print(json.dumps({{user.username: ApiToken.objects.make(user, "tests", ["chat"])[1] for user in User.objects.filter(is_bot=False)}}))
"""
NAME = re.compile(r"^name: *(\S+)", re.MULTILINE)


class Product:
    """Processes by their names in the Procfile, and ``model``: the scripted server that plays OpenAI.

    Ada is the superuser, Bea and Cyd are members; all have the password ``PASSWORD`` and an API token in ``tokens``.
    """

    def __init__(self, **settings: str) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="parley-product-", dir="/tmp"))
        self.home.chmod(0o711)
        place = Place(self.home / "data", self.home / "run", self.home / "log")
        self.postgres = Postgres(place, "parley", "only-for-tests", "parley", settings=CRASH_SAFE)
        self.redis = Redis(place, "only-for-tests", free_port())
        self.config = self.home / "bot_config"
        self.token = f"parley_{'ab' * 4}_{'cd' * 24}"
        ports = {name: free_port() for name in ("app", "bots", "model")}
        self.url = f"http://127.0.0.1:{ports['app']}"
        self.bot_url = f"http://127.0.0.1:{ports['bots']}"
        self.model_url = f"http://127.0.0.1:{ports['model']}"
        self.environment = self._environment(ports) | settings
        self.tokens: dict[str, str] = {}
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        try:
            self._set_up()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    # Processes

    def start(self, *names: str) -> None:
        """Start processes and wait until each does its work. Without names: those that are not running."""
        chosen = [name for name in names or ("model", *PROCESSES) if not self.running(name)]
        for name in chosen:
            self._spawn(name)
        for name in chosen:
            self.until(lambda name=name: self._ready(name), f"{name} is ready", 40, of=name)  # type: ignore[misc]

    def kill(self, *names: str) -> None:
        """SIGKILL, at once, to the process and everything below it: each started as the leader of a group of its own."""
        for name in names:
            started = self._running.pop(name)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(started.pid, signal.SIGKILL)
            started.wait(10)

    def terminate(self, name: str) -> int:
        """SIGTERM, as a supervisor stops it, and how it ended. It has 20 s."""
        started = self._running.pop(name)
        started.terminate()
        try:
            return started.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            started.wait(10)
            raise AssertionError(f"{name} did not end within 20 s of SIGTERM.\n{self._tail(name)}") from None

    def restart(self, *names: str) -> None:
        for name in names:
            self.terminate(name)
        self.start(*names)

    def mend(self) -> None:
        """Start whatever a test has left dead."""
        for server in (self.postgres, self.redis):
            if server.process is None or server.process.poll() is not None:
                server.start()
        self.start()

    def running(self, name: str) -> bool:
        return name in self._running and self._running[name].poll() is None

    def pid(self, name: str) -> int:
        return self._running[name].pid

    def stop(self) -> None:
        """End everything and leave nothing behind."""
        self.kill(*self._running)
        self.redis.kill()
        self.postgres.kill()
        shutil.rmtree(self.home, ignore_errors=True)

    # Servers

    def flush_redis(self) -> None:
        with self.redis_client() as client:
            client.flushall()

    def kill_redis(self) -> None:
        self.redis.kill()

    def start_redis(self) -> None:
        self.redis.start()

    def restart_postgres(self) -> None:
        """As after a crash: connections are cut, nothing is written back first."""
        self.postgres.kill()
        self.postgres.start()

    @contextlib.contextmanager
    def redis_client(self, database: int = 0) -> Iterator[redis.Redis]:
        with contextlib.closing(redis.Redis.from_url(f"{self.redis.url}/{database}", decode_responses=True)) as client:
            yield client

    def sql(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows, straight from the database."""
        dsn = f"host={self.postgres.host} port={self.postgres.port} user={self.postgres.user} password={self.postgres.password}"
        with psycopg.connect(f"{dsn} dbname={self.postgres.database}", autocommit=True) as connection:
            cursor = connection.execute(query.encode(), values)
            return cursor.fetchall() if cursor.description else []

    # Looking

    def log(self, name: str) -> str:
        path = self._log_path(name)
        return path.read_text(errors="replace") if path.exists() else ""

    def get(self, path: str, base: str = "") -> tuple[int, str]:
        """Status and body of a page of the app (or of another base address); status 0: nobody answers."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"{base or self.url}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode(errors="replace")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode(errors="replace")
        except OSError:
            return 0, ""

    def model_requests(self) -> Any:
        """What the scripted model server counted."""
        return json.loads(self.get("/requests", self.model_url)[1])

    def until(self, condition: Callable[[], Any], what: str, seconds: float = 20, of: str | None = None) -> Any:
        """The condition's value as soon as it is true. A missed one fails, with the end of the logs."""
        deadline = time.monotonic() + seconds
        while not (value := condition()):
            if of and not self.running(of):
                raise AssertionError(f"{of} ended with {self._running[of].returncode} before: {what}.\n{self._tail(of)}")
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"Not within {seconds} s: {what}.\n" + "\n".join(self._tail(name) for name in ([of] if of else self._running))
                )
            time.sleep(0.02)
        return value

    def wait_for_bots(self, *names: str, seconds: float = 40) -> None:
        """Until these bots stand in the chat; without names: one for each bot file."""
        wanted = set(names) or {yaml.safe_load(path.read_text())["name"] for path in self.config.glob("*.yaml")}

        def missing() -> set[str]:
            return wanted - {name for (name,) in self.sql("select u.username from bots_bot b join accounts_user u on u.id = b.user_id")}

        self.until(lambda: not missing(), f"these bots are registered: {', '.join(sorted(wanted))}", seconds)

    def manage(self, *arguments: str) -> str:
        """Run manage.py in the product's environment."""
        return self._run([sys.executable, "app/manage.py", *arguments])

    # Inside

    def _set_up(self) -> None:
        shutil.copytree(ROOT / "bot_config", self.config, ignore=shutil.ignore_patterns("tests", "__pycache__"))
        shutil.copytree(TEST_BOTS, self.config, dirs_exist_ok=True)
        self.postgres.start()
        self.redis.start()
        self._run([sys.executable, "deploy/database.py"])
        self.tokens = json.loads(self.manage("shell", "-v", "0", "-c", CAST.format(password=PASSWORD)).splitlines()[-1])
        self.start()
        self.wait_for_bots()

    def _spawn(self, name: str) -> None:
        if name == "model":
            command: Sequence[str] = [sys.executable, "-m", "testing.model_server", "--port", self.model_url.rpartition(":")[2]]
        else:
            command = [sys.executable, str(Path(process.__file__)), name]
        with self._log_path(name).open("ab") as out:
            self._running[name] = subprocess.Popen(command, env=self.environment, cwd=ROOT / "bot_server", stdin=subprocess.DEVNULL,
                                                   stdout=out, stderr=out, start_new_session=True)  # fmt: skip

    def _ready(self, name: str) -> bool:
        if name == "app":
            return self.get("/readyz")[0] == 200
        if name == "bots":
            return self.get("/healthz", self.bot_url)[0] == 200
        if name == "model":
            return self.get("/", self.model_url)[0] != 0
        if name == "worker":  # it waits for work: a blocking read on the broker's database
            with self.redis_client(1) as client:
                return any(each["db"] == "1" and each["cmd"] == "brpop" for each in client.client_list())
        return bool(self.sql("select 1 from pg_stat_activity where query ilike 'listen %%'"))

    def _environment(self, ports: dict[str, int]) -> dict[str, str]:
        test_bots = sorted({path.stem for path in TEST_BOTS.glob("*.yaml")} - {UNTRUSTED})
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "CI", "TMPDIR") if name in os.environ}
        return inherited | {
            "PARLEY_TEST": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "APP_PORT": str(ports["app"]),
            "BOT_PORT": str(ports["bots"]),
            "CHAT_API": self.url,
            "BOT_API": self.bot_url,
            "DJANGO_SECRET_KEY": "only-for-tests-" + "x" * 40,
            "DJANGO_ALLOWED_HOSTS": "127.0.0.1,localhost",
            "DJANGO_SUPERUSER_USERNAME": "ada",
            "DJANGO_SUPERUSER_EMAIL": "ada@example.org",
            "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
            "DJANGO_SUPERUSER_TOKEN": self.token,
            "POSTGRES_HOST": str(self.postgres.host),
            "POSTGRES_PORT": str(self.postgres.port),
            "POSTGRES_USER": self.postgres.user,
            "POSTGRES_PASSWORD": self.postgres.password,
            "POSTGRES_DB": self.postgres.database,
            "REDIS_HOST": "127.0.0.1",
            "REDIS_PORT": str(self.redis.port),
            "REDIS_PASSWORD": self.redis.password,
            "STATIC_ROOT": str(self.home / "static"),
            "MEDIA_ROOT": str(self.home / "media"),
            "EMAIL_FILES": str(self.home / "mail"),
            "BOT_KEY": "only-for-tests-" + "y" * 40,
            "BOT_CONFIG": str(self.config),
            "OPENAI_API_KEY": "only-for-tests",
            "OPENAI_BASE_URL": f"{self.model_url}/v1",
            "ALLOW_SERVICES": ",".join([*test_bots, "japanese-bot", "kids-diary-bot", "critic-bot", "builder"]),
            "WORKER_CONCURRENCY": "8",
        }

    def _run(self, command: list[str]) -> str:
        done = subprocess.run(command, check=False, env=self.environment, cwd=ROOT, capture_output=True, text=True, timeout=120)
        if done.returncode:
            raise AssertionError(f"{' '.join(command[1:3])} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def _log_path(self, name: str) -> Path:
        return self.home / "log" / f"{name}.log"

    def _tail(self, name: str) -> str:
        return f"--- the end of {name}'s log\n" + "\n".join(self.log(name).splitlines()[-40:])
