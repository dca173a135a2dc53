"""What import-linter cannot see: the bot server's single files, and the ways around the one way out."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from tracked import ROOT, files

BOT_SERVER = ROOT / "bot_server"
# What each file of the bot server's floor may import of ours.
FLOOR = {
    "errors.py": {"dosaku"},  # it reads the errors of the libraries
    "settings.py": {"errors"},
    "outbound.py": {"errors", "settings"},
    "storable.py": set(),
    "chat_api.py": {"errors", "settings", "outbound", "storable"},
}
OURS = {"config", "api", "bots", "chat", "accounts", "lib", "django", "channels", "manager", "pipeline", "steps", "dosaku", "testing",
        "errors", "settings", "outbound", "storable", "chat_api", "bot_config"}  # fmt: skip
NETWORK = {"urllib.request", "http.client", "socket", "requests", "aiohttp"}
MAY_USE_SOCKETS = {"app/lib/outbound.py", "bot_server/outbound.py", "bot_server/pipeline/worker.py"}  # the worker: its host's name


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


@pytest.mark.parametrize("name", FLOOR)
def test_the_bot_servers_floor_imports_only_what_lies_below_it(name: str) -> None:
    path = BOT_SERVER / name
    ours = {module.partition(".")[0] for module in imports(path)} & OURS
    assert ours <= FLOOR[name], f"{name} imports {sorted(ours - FLOOR[name])}"


def test_nothing_but_the_way_out_opens_connections() -> None:
    wrong = []
    for path in files(".py"):
        name = str(path.relative_to(ROOT))
        if name.startswith(("app/", "bot_server/")) and not {"tests", "testing"} & set(path.parts) and name not in MAY_USE_SOCKETS:
            wrong += [f"{name} imports {module}" for module in imports(path) if module in NETWORK]
    assert wrong == []
