"""Become one process of the Procfile: ``process.py app``; in the local mode also ``pg`` or ``redis``.

The Procfile is the only place where the command lines stand: the supervisor, the containers and the system tests
all start their processes here. Each gets the part of the environment that is its business.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path

import environment
from embedded import unprivileged

ROOT = Path(__file__).resolve().parents[2]
PR_SET_PDEATHSIG = 1


def commands(procfile: Path = ROOT / "Procfile") -> dict[str, str]:
    """Name -> shell command."""
    lines = [line for line in procfile.read_text().splitlines() if line.strip() and not line.startswith("#")]
    return {name.strip(): command.strip() for name, _, command in (line.partition(":") for line in lines)}


def main(arguments: list[str]) -> None:
    known = commands()
    parser = argparse.ArgumentParser(prog="process.py", description=__doc__)
    parser.add_argument("name", choices=[*known, "pg", "redis"])
    parser.add_argument("--bound", action="store_true", help="end when the supervisor ends, even if that was killed")
    parser.add_argument("--pid-file", type=Path)
    parser.add_argument("command", nargs="*", help="the command line of pg or redis")
    chosen = parser.parse_args(arguments)
    if chosen.pid_file:
        chosen.pid_file.write_text(f"{os.getpid()} {born(os.getpid())}")
    if chosen.name in known:
        _become(known[chosen.name], chosen.name, bound=chosen.bound)
    else:
        _become_server(chosen.name, chosen.command, bound=chosen.bound)


def born(pid: int) -> str:
    """When a process was started, or nothing: with its number this names it for ever, a number alone is used again."""
    if sys.platform.startswith("linux"):
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]  # in clock ticks since the machine started
        except (FileNotFoundError, ProcessLookupError):
            return ""
    return subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], check=False, capture_output=True, text=True).stdout.strip()


def _become(command: str, name: str, *, bound: bool) -> None:
    values = environment.for_process(name, os.environ)
    # The interpreter's own folder first: uvicorn and celery are those of this environment, whoever called.
    values["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), values.get("PATH", os.defpath)])
    values.setdefault("PYTHONUNBUFFERED", "1")
    os.chdir(ROOT)
    if bound:
        _bind_to_parent(signal.SIGTERM)
    os.execvpe("sh", ["sh", "-c", command], values)


def _become_server(name: str, command: list[str], *, bound: bool) -> None:
    owner = unprivileged() if name == "pg" else None  # PostgreSQL refuses to run as root
    if owner:
        os.setgroups([])
        os.setgid(owner.pw_gid)
        os.setuid(owner.pw_uid)
    os.chdir("/")
    if bound:  # after the change of user, which would clear it
        _bind_to_parent(signal.SIGINT if name == "pg" else signal.SIGTERM)
    os.execv(command[0], command)


def _bind_to_parent(how: signal.Signals) -> None:
    """Ask Linux for a signal when the parent dies. Elsewhere ``./go stop`` finds the process by its pid file."""
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, how)
    if os.getppid() != parent:  # it died between our start and the request
        os.kill(os.getpid(), how)


if __name__ == "__main__":
    main(sys.argv[1:])
