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
    redis = Redis(place, "only-for-tests", free_port())
    # A run that is ended from outside must not leave its servers behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(129))
    try:
        postgres.start()
        redis.start()
        yield environment(home) | {
            "POSTGRES_HOST": str(postgres.host),
            "POSTGRES_PORT": str(postgres.port),
            "POSTGRES_USER": postgres.user,
            "POSTGRES_PASSWORD": postgres.password,
            "POSTGRES_DB": postgres.database,
            "REDIS_HOST": "127.0.0.1",
            "REDIS_PORT": str(redis.port),
            "REDIS_PASSWORD": redis.password,
        }
    finally:
        postgres.stop()
        redis.stop()
        shutil.rmtree(home, ignore_errors=True)


def pytest(env: dict[str, str], arguments: list[str]) -> int:
    return subprocess.call([sys.executable, "-m", "pytest", "-p", "skips", "-p", "order", *arguments], env=env, cwd=ROOT)


def main(arguments: list[str]) -> int:
    with servers() as env:
        if arguments[:1] == ["--shell"]:
            return subprocess.call(arguments[1:], env=env)
        return pytest(env, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
