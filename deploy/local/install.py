"""What the local mode installs: ``.venv`` (by uv), Node where the system has none, the built front end.

Runs under the system's Python, so it uses the standard library alone. Everything is skipped when the files that
decide it are unchanged.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from stages import StageError, run, stage

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".parley"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
APP = ROOT / "app"
DIST = APP / "static" / "dist"
NODE = (20, 19)
# The versions of the lock, like "npm ci", which however refuses a lock that lacks the binaries of other systems.
NPM_INSTALL = ["npm", "install", "--no-save", "--no-audit", "--no-fund", "--loglevel", "error"]


def packages(level: str) -> None:
    """The packages of ``requirements/<level>.txt`` in ``.venv``: "local" to run, "dev" to test as well."""
    wanted = digest((ROOT / "requirements.txt", *sorted((ROOT / "requirements").glob("*.txt"))), sys.version, str(VENV.resolve()))
    marker = VENV / f".parley-{level}"
    if marker.exists() and marker.read_text() == wanted and _works(PYTHON):
        return
    with stage("Python packages"):
        uv = _uv()
        if not _works(PYTHON):
            run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(VENV)], cwd=ROOT)
        _install(uv, f"requirements/{level}.txt")
        for each in {"local": ("local",), "dev": ("local", "dev")}[level]:
            (VENV / f".parley-{each}").write_text(wanted)


def system_has_node() -> bool:
    """Then the front end can be built while the Python packages are still on their way."""
    return _node_version(os.environ) >= NODE and shutil.which("npm") is not None


def front_end(*, with_tests: bool = False) -> dict[str, str]:
    """``app/static/dist``, and the environment in which ``npm`` works."""
    env = _with_node()
    lock = digest((APP / "package-lock.json", APP / "package.json"), env["NODE_VERSION"])
    modules = APP / "node_modules" / ".parley"
    sources = digest(_sources(), lock)
    marker = HOME / "front-end"
    fresh = marker.exists() and marker.read_text() == sources and DIST.exists() and any(DIST.iterdir())
    if not fresh or with_tests:
        with stage("front end: packages") as note:
            if modules.exists() and modules.read_text() == lock:
                note.text = "unchanged"
            else:
                run(NPM_INSTALL, cwd=APP, env=env)
                modules.write_text(lock)
    with stage("front end: build") as note:
        if fresh:
            note.text = "unchanged"
        else:
            shutil.rmtree(DIST, ignore_errors=True)
            run(["npm", "run", "--silent", "build"], cwd=APP, env=env)
            HOME.mkdir(exist_ok=True)
            marker.write_text(sources)
    return env


def digest(files: Iterable[Path], *more: str) -> str:
    total = hashlib.sha256("\0".join(more).encode())
    for file in files:
        total.update(str(file.relative_to(ROOT)).encode())
        total.update(file.read_bytes() if file.exists() else b"")
    return total.hexdigest()


def _sources() -> list[Path]:
    """What the build depends on. Not the templates: unused styles are not cut out, so a page cannot change them."""
    files = (path for path in (APP / "frontend").rglob("*") if path.is_file() and not path.name.endswith(".test.js"))
    return [APP / ".parcelrc", APP / ".sassrc.json", *sorted(files)]


def _works(python: Path) -> bool:
    """Also not after the checkout was moved: every command in an environment names the environment's place."""
    activate = python.with_name("activate")
    if not python.exists() or not activate.exists() or str(VENV.resolve()) not in activate.read_text():
        return False
    code = "import sys; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([python, "-c", code], check=False, capture_output=True).returncode == 0


def _install(uv: str, requirements: str) -> None:
    env = dict(os.environ)
    if mirror := env.get("PIP_INDEX_URL"):  # who has set up pip for a mirror means it
        env.setdefault("UV_DEFAULT_INDEX", mirror)
    run([uv, "pip", "install", "--quiet", "--python", str(PYTHON), "-r", requirements], cwd=ROOT, env=env)


def _uv() -> str:
    """uv of the system, else one of our own below ``.parley``."""
    own = HOME / "uv"
    found = shutil.which("uv") or (str(own / "bin" / "uv") if _runs(own / "bin" / "uv") else None)
    if found:
        return found
    if importlib.util.find_spec("ensurepip") is None:
        _add_ensurepip()
    shutil.rmtree(own, ignore_errors=True)
    run([sys.executable, "-m", "venv", str(own)], cwd=ROOT)
    run(
        [str(own / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", "requirements/uv.txt"],
        cwd=ROOT,
    )
    return str(own / "bin" / "uv")


def _add_ensurepip() -> None:
    """Debian cuts ensurepip out of Python into a package of its own. As root we may install it, and say so."""
    package = f"python3.{sys.version_info.minor}-venv"
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise StageError(f"Python here cannot make environments. Install what is missing: sudo apt install {package}, or install uv.")
    with stage(f"apt-get install {package}"):
        quiet = dict(os.environ) | {"DEBIAN_FRONTEND": "noninteractive"}
        run(["apt-get", "update", "-q"], cwd=ROOT, env=quiet)
        run(["apt-get", "install", "-y", "-q", "--no-install-recommends", package], cwd=ROOT, env=quiet)


def _runs(command: Path) -> bool:
    return command.exists() and subprocess.run([command, "--version"], check=False, capture_output=True).returncode == 0


def _with_node() -> dict[str, str]:
    env = dict(os.environ)
    if not system_has_node():
        env["PATH"] = os.pathsep.join([str(PYTHON.parent), env.get("PATH", os.defpath)])
        if _node_version(env) < NODE:
            with stage("Node"):
                _install(_uv(), "requirements/node.txt")
    env["NODE_VERSION"] = ".".join(map(str, _node_version(env)))
    return env


def _node_version(env: Mapping[str, str]) -> tuple[int, ...]:
    node = shutil.which("node", path=env.get("PATH"))
    if node is None:
        return (0,)
    said = subprocess.run([node, "--version"], check=False, capture_output=True, text=True, env=env).stdout
    return tuple(int(number) for number in re.findall(r"\d+", said)[:2]) or (0,)
