"""``./go check``, the whole gate, and ``./go test``, the part of it that runs tests."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import install
import testing
from stages import StageError, run, stage

ROOT = Path(__file__).resolve().parents[2]
TOOLS = Path(sys.executable).parent
PYTHON = sys.executable
# The two programs and what stands around them are checked apart: both have a package "tests".
TYPED = {"app": ("app",), "bot server": ("bot_server", "bot_config"), "deploy": ("deploy", "docs", "bench")}
# As an operator runs it in public: HTTPS, a host name, a mail server, a secret key of its own.
PRODUCTION = {
    "PARLEY_TEST": "0",
    "DJANGO_HTTPS": "1",
    "DJANGO_ALLOWED_HOSTS": "chat.example.org",
    "DJANGO_CSRF_TRUSTED_ORIGINS": "https://chat.example.org",
    "EMAIL_HOST": "mail.example.org",
    "DJANGO_SECRET_KEY": "".join(map(chr, range(40, 123))),
}

Env = Mapping[str, str]
Check = tuple[str, Callable[[Env], object]]


def check() -> int:
    """Every stage runs, also after one has failed: whoever mends wants the whole list. pytest comes last and ends the output."""
    start = time.monotonic()
    failed: list[str] = []
    npm = install.front_end(with_tests=True)
    with testing.servers() as env:
        for name, action in [*_static_checks(), *_front_end_checks(npm)]:
            _attempt(name, action, env, failed)
        if failed:
            print(f"\nFailed so far: {', '.join(failed)}. The tests run all the same.\n", file=sys.stderr, flush=True)
        tests = testing.pytest(env, [])
    if failed:
        print(f"\nThe gate is shut. Failed: {', '.join([*failed, *(['tests'] if tests else [])])}", file=sys.stderr)
    print(f"{time.monotonic() - start:6.1f} s  the whole gate", file=sys.stderr)
    return 1 if failed else tests


def test(arguments: list[str]) -> int:
    """Everything there is to test, or what pytest's arguments name. A failure in the front end does not hide the others."""
    failed: list[str] = []
    npm = install.front_end(with_tests=not arguments)
    if not arguments:
        _attempt("front end: tests", _npm("test", npm), {}, failed)
    with testing.servers() as env:
        tests = testing.pytest(env, arguments)
    if failed:
        print("The tests of the front end failed; see above.", file=sys.stderr)
    return tests or len(failed)


def _static_checks() -> Iterator[Check]:
    yield "format", lambda env: run([f"{TOOLS}/ruff", "format", "--check", "."], cwd=ROOT, env=env, remedy="ruff format mends it.")
    yield "lint", lambda env: run([f"{TOOLS}/ruff", "check", "."], cwd=ROOT, env=env)
    for name, folders in TYPED.items():
        there = [folder for folder in folders if any((ROOT / folder).rglob("*.py"))]
        yield f"types: {name}", lambda env, there=there: run([f"{TOOLS}/mypy", *there], cwd=ROOT, env=env)  # type: ignore[misc]
    yield "import rules", lambda env: run([f"{TOOLS}/lint-imports"], cwd=ROOT, env=env)
    yield "migrations", lambda env: _manage(env, "makemigrations", "--check", "--dry-run")
    yield "deploy check", lambda env: _manage({**env, **PRODUCTION}, "check", "--deploy", "--fail-level", "WARNING")
    yield "bot files", _bot_files
    yield "shell scripts", _shell_scripts


def _front_end_checks(npm: Env) -> Iterator[Check]:
    yield "front end: lint", _npm("lint", npm)
    yield "front end: tests", _npm("test", npm)


def _npm(script: str, npm: Env) -> Callable[[Env], object]:
    return lambda _: run(["npm", "run", "--silent", script], cwd=ROOT / "app", env=npm)


def _manage(env: Env, *arguments: str) -> str:
    return run([PYTHON, "app/manage.py", *arguments], cwd=ROOT, env=env)


def _bot_files(env: Env) -> str:
    return run([PYTHON, "-m", "manager.cli", "check"], cwd=ROOT, env=env)


def _shell_scripts(env: Env) -> None:
    scripts = [path for path in _tracked() if _is_shell(path)]
    for script in scripts:
        run(["bash", "-n", str(script)], cwd=ROOT, env=env)
    run([f"{TOOLS}/shellcheck", "-x", *map(str, scripts)], cwd=ROOT, env=env)


def _is_shell(path: Path) -> bool:
    if path.suffix == ".sh":
        return True
    if path.suffix or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.readline().startswith((b"#!/usr/bin/env bash", b"#!/bin/sh", b"#!/bin/bash"))


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], check=True, cwd=ROOT, capture_output=True, text=True).stdout
    return [ROOT / name for name in listed.split("\0") if name]


def _attempt(name: str, action: Callable[[Env], object], env: Env, failed: list[str]) -> None:
    try:
        with stage(name):
            action(env or dict(os.environ))
    except StageError as error:
        failed.append(name)
        print(f"{error}\n", file=sys.stderr, flush=True)
