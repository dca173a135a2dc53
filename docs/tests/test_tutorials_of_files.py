"""C31: tutorials 3 and 4 of docs/bots.md, done as the page says in a folder of one's own: each file saved, each command run by ./go.

Tutorials 1 and 2 are in app/tests/system/test_tutorials.py, tutorial 5 in test_another_language.py.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "bots.md"
LISTING = re.compile(r"^```\w+ file=(\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"\./go bots \w+ [\w-]+")


def tutorial(number: int) -> str:
    found = re.search(rf"^## Tutorial {number}: .*?(?=^## )", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert found
    return found[0]


def run(command: str, folder: Path, says: str = "") -> str:
    """What a command of the page prints in a folder of bots."""
    environment = os.environ | {"BOT_CONFIG": str(folder)}
    done = subprocess.run(command.split(), check=False, cwd=ROOT, env=environment, input=says, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def save(listing: tuple[str, str], folder: Path) -> None:
    (folder / listing[0]).write_text(listing[1])


def test_tutorial_3_a_yaml_file(tmp_path: Path) -> None:
    text = tutorial(3)
    first, second = LISTING.findall(text)
    commands = COMMAND.findall(text)
    assert commands == ["./go bots check hello", "./go bots chat hello", "./go bots test hello"]
    save(first, tmp_path)
    assert "hello is ready" in run(commands[0], tmp_path)
    assert "You said: “good evening”" in run(commands[1], tmp_path, "good evening\n")
    save(second, tmp_path)
    promised = re.findall(r"says `([^`]+)`", text)
    assert run(commands[2], tmp_path).strip() == promised[0]


def test_tutorial_4_a_step_in_python(tmp_path: Path) -> None:
    text = tutorial(4)
    listings = LISTING.findall(text)
    assert [name for name, _ in listings] == ["word_count.py", "counter.yaml"]
    for listing in listings:
        save(listing, tmp_path)
    commands = COMMAND.findall(text)
    assert commands == ["./go bots test counter", "./go bots chat counter"]
    assert "none failed" in run(commands[0], tmp_path)
    assert "That was 3 words." in run(commands[1], tmp_path, "one two three\n")


@pytest.mark.parametrize("number", range(1, 6))
def test_the_page_leads_to_every_tutorial_and_none_takes_longer_than_five_minutes(number: int) -> None:
    """At 150 words and listings a minute, which is slow reading with typing along."""
    top = PAGE.read_text().split("\n## ")[0]
    assert f"(#tutorial-{number}-" in top
    assert len(tutorial(number).split()) < 5 * 150
