"""From a bare checkout to answering pages, and back to nothing: the stages of ``./setup`` and ``./go``."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import sys
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

import configuration
import install
from configuration import HOME, ROOT, Configuration
from stages import StageError, run, stage
from supervision import Supervisor, wait

INSIDE = "PARLEY_INSIDE"


def enter(level: str, *, front_end: bool = False) -> None:
    """Install what this level needs, then go on in ``.venv``: this very command once more, able to import it."""
    if os.environ.pop(INSIDE, None) == level:
        return
    if front_end and install.system_has_node():
        with ThreadPoolExecutor() as pool:  # npm and uv do not get in each other's way
            building = pool.submit(install.front_end)
            install.packages(level)
            building.result()
    else:
        install.packages(level)
        if front_end:
            install.front_end()
    reenter(level)


def reenter(level: str) -> NoReturn:
    os.execve(install.PYTHON, [str(install.PYTHON), *sys.argv], dict(os.environ) | {INSIDE: level})


def say_overrides(config: Configuration) -> None:
    if config.overridden:
        print(f"          from your shell, not from .env: {', '.join(config.overridden)}")


def collect_static(config: Configuration) -> None:
    with stage("static files") as note:
        built = install.digest(sorted(path for path in (ROOT / "app" / "static").rglob("*") if path.is_file()))
        marker = HOME / "collected"
        if marker.exists() and marker.read_text() == built:
            note.text = "unchanged"
            return
        run([sys.executable, "app/manage.py", "collectstatic", "--noinput", "--clear"], cwd=ROOT, env=config.values)
        marker.write_text(built)


def migrate(config: Configuration) -> None:
    with stage("database"):
        run([sys.executable, "deploy/database.py"], cwd=ROOT, env=config.values)


def start(config: Configuration) -> None:
    """Everything, until pages answer. What does not come up is taken down again."""
    supervisor = Supervisor(config)
    check_ports(config)
    try:
        with stage("PostgreSQL and Redis"):
            supervisor.start()
        migrate(config)
        with stage("processes"):
            supervisor.start_processes()
            wait(lambda: answers(f"http://127.0.0.1:{config.values['APP_PORT']}/readyz"), "pages answer", 60)
            wait(lambda: answers(f"http://127.0.0.1:{config.values['BOT_PORT']}/healthz"), "the bot server answers", 60)
    except BaseException as error:
        complaints = supervisor.complaints() if isinstance(error, StageError) else ""
        supervisor.stop()
        if complaints:
            raise StageError(f"{complaints}\n{error}") from error
        raise
    (HOME / "url").write_text(config.url)


def stay(config: Configuration) -> None:
    """In the foreground until Ctrl-C, SIGTERM, a closed terminal, or ``./go stop`` from elsewhere."""
    supervisor = Supervisor(config)
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.default_int_handler)
    try:
        wait(lambda: not supervisor.running(), "it was stopped", float("inf"), interval=0.5)
    except KeyboardInterrupt:
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)  # once is enough: the stop must not be stopped half-way
        print()
        with stage("stop"):
            supervisor.stop()


@contextlib.contextmanager
def servers(config: Configuration) -> Iterator[None]:
    """PostgreSQL and Redis for as long as this takes; those that run already stay."""
    supervisor = Supervisor(config)
    if supervisor.running():
        yield
        return
    try:
        supervisor.start()
        yield
    finally:
        supervisor.stop()


@contextlib.contextmanager
def lock() -> Iterator[None]:
    """Two commands that start things at the same moment would start them twice."""
    HOME.mkdir(exist_ok=True)
    with (HOME / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StageError("Another ./go or ./setup is at work here. Wait until it is done.") from error
        yield


def check_ports(config: Configuration) -> None:
    for name in ("APP_PORT", "BOT_PORT"):
        port = int(config.values[name])
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                remedy = f"Set {name} in .env to a free one, or run: {name}={port + 10} ./go"
                raise StageError(f"Port {port} is in use by another program. {remedy}") from error


def answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:  # also a status of 400 and more
        return False


def running_url(config: Configuration) -> str:
    """Where it was started, which a changed .env does not move."""
    started = HOME / "url"
    return started.read_text() if started.exists() else config.url


def login(config: Configuration) -> str:
    return f"Sign in as {config.values['DJANGO_SUPERUSER_USERNAME']}; the password is DJANGO_SUPERUSER_PASSWORD in .env"


def load() -> Configuration:
    config = configuration.load()
    say_overrides(config)
    return config
