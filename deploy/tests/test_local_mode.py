"""./setup and ./go, the real scripts, in a checkout of their own. What they install is lent by this one."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from tracked import ROOT, files

import environment
import install
from embedded import free_port

pytestmark = pytest.mark.timeout(180)


class Checkout:
    """A copy of this repository's files, with ports of its own in its shell."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.ports = {"APP_PORT": str(free_port()), "BOT_PORT": str(free_port())}
        self.url = f"http://localhost:{self.ports['APP_PORT']}"

    def run(self, *command: str, code: int | None = 0, **shell: str) -> str:
        done = subprocess.run(command, check=False, cwd=self.root, env=self.shell | shell, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=120)  # fmt: skip
        assert code is None or done.returncode == code, f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}\n{self.logs()}"
        return done.stdout

    @property
    def shell(self) -> dict[str, str]:
        return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ} | self.ports

    def processes(self) -> list[psutil.Process]:
        """Everything that runs from here: its command line or its folder says so."""
        own = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                words = [*process.cmdline(), process.cwd()]
                if process.pid != os.getpid() and any(str(self.root) in word for word in words):
                    own.append(process)
        return own

    def pid(self, name: str) -> int:
        return int((self.root / ".parley" / "run" / f"{name}.pid").read_text().split()[0])

    def logs(self) -> str:
        logs = sorted((self.root / ".parley" / "log").glob("*.log"))
        return "\n".join(f"--- {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-15:]) for log in logs)

    def until(self, condition: Callable[[], Any], what: str, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"Not within {seconds} s: {what}.\n{self.logs()}"
            time.sleep(0.05)

    def answers(self) -> bool:
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{self.url}/account/login/", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


@pytest.fixture(scope="module")
def checkout() -> Iterator[Checkout]:
    root = Path(tempfile.mkdtemp(prefix="parley-go-", dir="/tmp")) / "parley"
    root.parent.chmod(0o755)
    for path in files():
        target = root / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    _lend_packages(root)
    checkout = Checkout(root)
    try:
        yield checkout
    finally:
        checkout.run("./go", "stop", code=None)
        for process in checkout.processes():
            process.kill()
        shutil.rmtree(root.parent)


def _lend_packages(root: Path) -> None:
    """``.venv``, ``node_modules`` and the built front end of this checkout, with the marks that say they are up to date."""
    install.packages("dev")
    install.front_end()
    (root / ".venv").symlink_to(ROOT / ".venv")
    (root / "app" / "node_modules").symlink_to(ROOT / "app" / "node_modules")
    shutil.copytree(install.DIST, root / "app" / "static" / "dist")
    (root / ".parley").mkdir()
    shutil.copy2(install.HOME / "front-end", root / ".parley" / "front-end")


@pytest.fixture
def running(checkout: Checkout) -> Checkout:
    checkout.run("./go", "--detach")
    return checkout


def test_setup_writes_settings_that_only_the_owner_reads_and_keeps_them(checkout: Checkout) -> None:
    said = checkout.run("./setup", "--yes")
    env = checkout.root / ".env"
    assert env.stat().st_mode & 0o777 == 0o600
    assert checkout.url in said
    assert "Sign in as admin" in said
    assert environment.read(env)["DJANGO_SUPERUSER_PASSWORD"] not in said
    before = env.read_text()
    checkout.run("./setup", "--yes")
    assert env.read_text() == before
    assert checkout.processes() == []


def test_go_brings_up_pages_and_a_second_go_says_so(running: Checkout) -> None:
    assert running.answers()
    said = running.run("./go", "--detach")
    assert f"Parley is running at {running.url}" in said
    status = running.run("./go", "status")
    for name in ("app", "relay", "bots", "worker", "pg", "redis"):
        assert name in status
    assert f"{running.url} answers" in status


def test_settings_from_the_shell_are_named(running: Checkout) -> None:
    assert "from your shell, not from .env: APP_PORT, BOT_PORT" in running.run("./go", "--detach")


def test_a_killed_process_comes_back(running: Checkout) -> None:
    before = {name: running.pid(name) for name in ("app", "worker", "redis", "pg")}
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    for name, pid in before.items():
        running.until(lambda name=name, pid=pid: running.pid(name) != pid, f"{name} was started again")  # type: ignore[misc]
    running.until(running.answers, "pages answer again")


def test_a_killed_supervisor_leaves_nothing_behind(running: Checkout) -> None:
    os.kill(int((running.root / ".parley" / "run" / "supervisord.id").read_text()), signal.SIGKILL)
    running.until(lambda: running.processes() == [], "everything ended with it")
    assert "not running" in running.run("./go", "status", code=3)
    running.run("./go", "--detach")
    assert running.answers()


def test_stop_leaves_no_process_behind(running: Checkout) -> None:
    assert running.processes() != []
    running.run("./go", "stop")
    assert running.processes() == []
    assert "it was not running" in running.run("./go", "stop")


def test_ctrl_c_stops_everything(checkout: Checkout) -> None:
    with subprocess.Popen(["./go"], cwd=checkout.root, env=checkout.shell, stdout=subprocess.PIPE, text=True, start_new_session=True) as go:
        assert go.stdout
        for line in go.stdout:
            if "Ctrl-C stops it" in line:
                break
        assert checkout.answers()
        os.killpg(go.pid, signal.SIGINT)  # as a terminal does it: to everybody in front
        go.wait(60)
    assert checkout.processes() == []


@pytest.mark.parametrize("name", ["APP_PORT", "BOT_PORT"])
def test_a_port_in_use_is_an_error_that_names_the_variable(checkout: Checkout, name: str) -> None:
    checkout.run("./go", "stop")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        said = checkout.run("./go", "--detach", code=1, **{name: port})
    assert f"Port {port} is in use by another program. Set {name} in .env" in said
    assert checkout.processes() == []


def test_manage_reaches_the_database_also_while_nothing_runs(checkout: Checkout) -> None:
    checkout.run("./go", "stop")
    said = checkout.run(
        "./go", "manage", "shell", "-v", "0", "-c", "from accounts.models import User; print(User.objects.get(is_superuser=True).username)"
    )
    assert said.splitlines()[-1] == "admin"
    assert checkout.processes() == []


def test_an_unknown_command_lists_the_known_ones(checkout: Checkout) -> None:
    said = checkout.run("./go", "sotp", code=2)
    assert "There is no ./go sotp" in said
    assert "./go stop" in said
    assert "./go check" in checkout.run("./go", "help")


def test_logs_of_an_unknown_process_list_the_known_ones(running: Checkout) -> None:
    assert "There is no log of aap. There is: app, bots," in running.run("./go", "logs", "aap", code=1)
