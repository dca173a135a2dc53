"""Real processes: a Redis of the test's own, a Celery worker, the bot manager; and beside them a chat app that speaks the contract."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from celery import Celery
from kombu import Queue

from embedded import Place, Redis, free_port
from pipeline.contract import bot_secret, sign
from testing import chat_server, model_server
from testing.chat_server import ChatServer, Room, example

BOT_SERVER = Path(__file__).parents[2]
BOT_KEY = "key-only-for-tests"
CANARY = "canary-key-" + "5f3a9c"


@dataclass
class Rig:
    """One bot server under test."""

    home: Path
    redis: Redis
    chat: ChatServer
    models: model_server.ModelServer
    folder: Path
    port: int = field(default_factory=free_port)
    more: dict[str, str] = field(default_factory=dict)
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def room(self) -> Room:
        return self.chat.room

    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return kept | {
            "PYTHONPATH": str(BOT_SERVER),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PARLEY_TEST": "1",
            "CHAT_API": self.chat.url,
            "BOT_API": f"http://127.0.0.1:{self.port}",
            "BOT_CONFIG": str(self.folder),
            "BOT_KEY": BOT_KEY,
            "DJANGO_SUPERUSER_TOKEN": "parley_test_token",
            "REDIS_PORT": str(self.redis.port),
            "REDIS_PASSWORD": self.redis.password,
            "OPENAI_API_KEY": CANARY,
            "OPENAI_BASE_URL": self.models.url,
            "ALLOW_SERVICES": "paid",
            "WORKER_CONCURRENCY": "4",
            **self.more,
        }

    def start(self, *command: str, log: str) -> subprocess.Popen[bytes]:
        with (self.home / log).open("ab") as out:
            process = subprocess.Popen(command, cwd=BOT_SERVER, env=self.environment(), stdout=out, stderr=out, start_new_session=True)
        self.started.append(process)
        return process

    def worker(self) -> subprocess.Popen[bytes]:
        """As the Procfile starts it."""
        options = ("-Q", "bots", "-P", "threads", "-c", "4", "--loglevel", "INFO", "--without-gossip", "--without-mingle")
        ready = self.log("worker.log").count(b" ready.")
        process = self.start(sys.executable, "-m", "celery", "-A", "pipeline.jobs:celery", "worker", *options, log="worker.log")
        wait_for(lambda: self.log("worker.log").count(b" ready.") > ready, "the worker to be ready")
        return process

    def manager(self) -> subprocess.Popen[bytes]:
        """As the Procfile starts it."""
        command = (sys.executable, "-m", "uvicorn", "manager.server:app", "--host", "127.0.0.1", "--port", str(self.port))
        process = self.start(*command, "--log-level", "warning", log="bots.log")
        wait_for(lambda: self.get("/healthz") == 200, "the manager to answer")
        return process

    def get(self, path: str) -> int:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}{path}", trust_env=False, timeout=5).status_code
        except httpx.HTTPError:
            return 0

    def log(self, name: str) -> bytes:
        path = self.home / name
        return path.read_bytes() if path.exists() else b""

    def write(self, name: str, text: str) -> Path:
        """A bot file or step, put in place in one movement, as editors do."""
        path = self.folder / name
        draft = self.home / f"{name}.draft"
        draft.write_text(text)
        draft.replace(path)
        return path

    def delivery(self, bot: str, said: str, *, run: str = "", attempt: int = 1, version: int = 1, **more: Any) -> dict[str, Any]:
        delivery: dict[str, Any] = example("delivery")
        delivery["messages"][-1] |= {"body": said, "attachments": []}
        delivery |= {"run": run or uuid.uuid4().hex, "attempt": attempt, "bot": {"name": bot, "version": version}}
        return delivery | more

    def enqueue(self, delivery: dict[str, Any], *, age: float = 0, present: int = 0) -> str:
        """Straight into the queue, as the manager does, `age` seconds ago. The run's present attempt is this one, or `present`."""
        self.room.attempts[delivery["run"]] = present or delivery["attempt"]
        broker = Celery(broker=f"{self.redis.url}/1")
        broker.conf.update(
            task_queues=[Queue("bots", exchange="", routing_key="bots")],
            task_default_queue="bots",
            broker_transport_options={"global_keyprefix": "parley:"},
        )
        with broker:
            broker.send_task("parley.answer", (delivery, time.time() - age))
        return str(delivery["run"])

    def post(self, name: str, body: bytes, *, age: int = 0, secret: str = "", headers: dict[str, str] | None = None) -> httpx.Response:
        """A signed delivery to the manager."""
        moment = int(time.time()) - age
        signature = sign(secret or bot_secret(BOT_KEY, name), moment, body)
        signed = {"X-Parley-Timestamp": str(moment), "X-Parley-Signature": signature, "Content-Type": "application/json"}
        url = f"http://127.0.0.1:{self.port}/bots/{name}"
        return httpx.post(url, content=body, headers=signed if headers is None else headers, trust_env=False, timeout=15)

    def stop(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()


@pytest.fixture
def rig(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    home = tmp_path_factory.mktemp("rig")
    redis = Redis(Place(home / "data", home / "run", home / "log"), "redis-only-for-tests", free_port())
    redis.start()
    with chat_server.running() as chat, model_server.running() as models:
        made = Rig(home, redis, chat, models, tmp_path)
        try:
            yield made
        finally:
            made.stop()
            redis.stop()


def wait_for(condition: Callable[[], Any], what: str, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.02)


def threads_of(process: subprocess.Popen[bytes]) -> int:
    return int(psutil.Process(process.pid).num_threads())
