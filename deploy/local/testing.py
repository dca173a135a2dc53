"""Run pytest, or with --shell any command, against a private PostgreSQL and Redis made for this one run."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from embedded import Place, Postgres, Redis, free_port

ROOT = Path(__file__).resolve().parents[2]
INHERITED = ("PATH", "HOME", "LANG", "CI", "TMPDIR", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE")
# Tests run side by side in so many processes: twice the cores, since most of them wait for other processes rather than work.
LANES = 4
# Speed over durability: this cluster lives for one test run.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


def environment(home: Path) -> dict[str, str]:
    """The environment of both programs under test. The keys in it are made up and open nothing."""
    paths = [ROOT / "app", ROOT / "bot_server", ROOT / "deploy" / "local"]
    return {name: os.environ[name] for name in INHERITED if name in os.environ} | {
        "PARLEY_TEST": "1",
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DJANGO_SECRET_KEY": "only-for-tests-" + "x" * 40,
        "DJANGO_ALLOWED_HOSTS": "127.0.0.1,localhost,testserver",
        "BOT_KEY": "only-for-tests",
        "BOT_CONFIG": str(ROOT / "bot_config"),
        "MEDIA_ROOT": str(home / "media"),
        "EMAIL_FILES": str(home / "mail"),
        "STATIC_ROOT": str(home / "static"),
    }


@contextlib.contextmanager
def servers() -> Iterator[dict[str, str]]:
    """A PostgreSQL and a Redis that nobody else uses; yields the environment that finds them."""
    home = Path(tempfile.mkdtemp(prefix="parley-test-", dir="/tmp"))  # short: a socket's path holds 108 bytes
    home.chmod(0o711)
    place = Place(home / "data", home / "run", home / "log")
    postgres = Postgres(place, "parley", "only-for-tests", "parley", settings=FAST)
    # One Redis a lane: some tests flush theirs. PostgreSQL is one; pytest-django gives each lane a database of its own.
    redises = [
        Redis(Place(home / f"data-{lane}", home / f"run-{lane}", home / "log"), "only-for-tests", free_port()) for lane in range(LANES)
    ]
    # A run that is ended from outside must not leave its servers behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(129))
    try:
        postgres.start()
        for redis in redises:
            redis.start()
        yield environment(home) | {
            "POSTGRES_HOST": str(postgres.host),
            "POSTGRES_PORT": str(postgres.port),
            "POSTGRES_USER": postgres.user,
            "POSTGRES_PASSWORD": postgres.password,
            "POSTGRES_DB": postgres.database,
            "REDIS_HOST": "127.0.0.1",
            "REDIS_PORT": str(redises[0].port),
            "REDIS_PORTS": ",".join(str(redis.port) for redis in redises),
            "REDIS_PASSWORD": "only-for-tests",
        }
    finally:
        postgres.stop()
        for redis in redises:
            redis.stop()
        shutil.rmtree(home, ignore_errors=True)


def pytest(env: dict[str, str], arguments: list[str]) -> int:
    """Everything, a file at a time in each lane; or, in one process, what the arguments name."""
    named = any(not argument.startswith("-") for argument in arguments)
    lanes = [] if named else ["-n", str(LANES), "--dist", "loadfile", "--no-loadscope-reorder"]
    command = [sys.executable, "-m", "pytest", "-p", "lanes", "-p", "skips", "-p", "order", *lanes, *arguments]
    return subprocess.call(command, env=env, cwd=ROOT)


def main(arguments: list[str]) -> int:
    with servers() as env:
        if arguments[:1] == ["--shell"]:
            return subprocess.call(arguments[1:], env=env)
        return pytest(env, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
