"""C28: a run of the chat is done again in a terminal, by its id and from its export, with the rights of whoever does it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.person import Person
from tests.system.product import ROOT, Product

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]


def replay(product: Product, who: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`./go bots replay …`, as that command starts it."""
    environment = product.environment | {"CHAT_TOKEN": product.tokens[who], "PYTHONPATH": str(ROOT / "bot_server")}
    command = [sys.executable, "-m", "manager.cli", "replay", *arguments]
    return subprocess.run(command, check=False, env=environment, input="", capture_output=True, text=True, timeout=60)


def test_c28_a_run_is_replayed_in_a_terminal_and_nothing_is_said_in_the_room(product: Product, bea_there: Person, tmp_path: Path) -> None:
    room = bea_there.direct("echo")
    bea_there.post(room, "Let us walk along the river")
    run = bea_there.ended(room, len(bea_there.runs(room)))[-1]["id"]
    before = bea_there.messages(room)

    by_id = replay(product, "bea", run, "--debug")
    assert by_id.returncode == 0, by_id.stderr
    assert "  1. Chat: " in by_id.stdout
    assert '"body": "Let us walk along the river"' in by_id.stdout, "the input of the step is shown"
    assert "Then it said: " in by_id.stdout

    file = tmp_path / "run.json"
    file.write_text(json.dumps(bea_there.ask("GET", f"runs/{run}/export")))
    from_file = replay(product, "bea", str(file), "--step", "2", "--sync")
    assert (from_file.returncode, "  1. Chat" in from_file.stdout, "  2. Reply" in from_file.stdout) == (0, False, True)

    assert bea_there.messages(room) == before
    assert len([one for one in bea_there.runs(room) if one["id"] == run]) == 1


def test_i8_a_stranger_replays_no_run(product: Product, bea_there: Person) -> None:
    room = bea_there.direct("echo")
    bea_there.post(room, "Between us")
    run = bea_there.ended(room, len(bea_there.runs(room)))[-1]["id"]
    done = replay(product, "cyd", run, "--sync")
    assert (done.returncode, "Between us" in done.stdout + done.stderr) == (2, False)
    assert "404" in done.stderr
