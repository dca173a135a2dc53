"""What must not stand in the repository: somebody's machine, a registry's host, a secret."""

from __future__ import annotations

import re

from tracked import ROOT, files

# In parts, so that this file does not find itself.
MACHINE = re.compile("|".join(["/wo" + "rk/", "/ro" + "ot/", r"/Us" + r"ers/\w", r"/ho" + r"me/(?!parley|ada)\w"]))
REGISTRIES = re.compile(
    "|".join(["py" + r"pi\.org", "python" + "hosted", "npm" + r"js\.org", "docker" + r"\.io", "gh" + r"cr\.io", r"qua" + r"y\.io"])
)
SECRETS = re.compile("|".join(["sk-" + "[A-Za-z0-9_-]{40,}", "AK" + "IA[0-9A-Z]{16}", "-----BEGIN [A-Z ]*PRIV" + "ATE KEY"]))
BINARY = (".png", ".jpg", ".jpeg", ".gif", ".ico", ".woff2", ".webp")


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    found = []
    for path in files():
        if path.suffix not in BINARY:
            for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
                if pattern.search(line):
                    found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}")
    return found


def test_no_path_of_one_machine_stands_in_a_file() -> None:
    assert lines_with(MACHINE) == []


def test_no_registry_is_named() -> None:
    """Where packages come from is the business of who runs this: pip, npm and docker know."""
    assert lines_with(REGISTRIES) == []


def test_no_secret_stands_in_a_file() -> None:
    """I7"""
    assert lines_with(SECRETS) == []


def test_scripts_stop_at_the_first_error() -> None:
    scripts = [path for path in files() if path.suffix in {"", ".sh"} and path.read_bytes().startswith(b"#!/usr/bin/env bash")]
    assert {ROOT / "go", ROOT / "setup"} <= set(scripts)
    assert [path for path in scripts if "set -euo pipefail" not in path.read_text()] == []
