"""Become one process of the Procfile: ``process.py app``.

The Procfile is the only place where the command lines stand: the supervisor, the containers and the system tests
all start their processes here. Each gets the part of the environment that is its business.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import signal
import sys
from pathlib import Path

import environment

ROOT = Path(__file__).resolve().parents[2]
PR_SET_PDEATHSIG = 1


def commands(procfile: Path = ROOT / "Procfile") -> dict[str, str]:
    """Name -> shell command."""
    lines = [line for line in procfile.read_text().splitlines() if line.strip() and not line.startswith("#")]
    return {name.strip(): command.strip() for name, _, command in (line.partition(":") for line in lines)}


def main(arguments: list[str]) -> int:
    known = commands()
    parser = argparse.ArgumentParser(prog="process.py", description=__doc__)
    parser.add_argument("name", choices=sorted(known))
    parser.add_argument("--bound", action="store_true", help="end when the supervisor ends, even if that was killed")
    parser.add_argument("--pid-file", type=Path)
    chosen = parser.parse_args(arguments)
    if chosen.bound:
        bind_to_parent(signal.SIGTERM)
    if chosen.pid_file:
        chosen.pid_file.write_text(str(os.getpid()))
    values = environment.for_process(chosen.name, os.environ)
    # The interpreter's own folder first: uvicorn and celery are those of this environment, whoever called.
    values["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), values.get("PATH", os.defpath)])
    values.setdefault("PYTHONUNBUFFERED", "1")
    os.chdir(ROOT)
    os.execvpe("sh", ["sh", "-c", known[chosen.name]], values)  # noqa: S606 (the Procfile is ours)


def bind_to_parent(how: signal.Signals) -> None:
    """Ask Linux for a signal when the parent dies. Elsewhere ``./go stop`` finds the process by its pid file."""
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, how)
    if os.getppid() != parent:  # it died between our start and the request
        os.kill(os.getpid(), how)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
