"""`./go bots`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from pydantic import SecretStr

from manager import cli
from pipeline.schema import schema
from settings import Settings

ROOT = Path(__file__).parents[3]
ECHO = "name: echo\nsteps: [Chat, Reply]\ntests:\n  - {say: hi there, expect: {contains: hi there}}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cli, "settings", lambda: Settings(bot_config=tmp_path, openai_api_key=SecretStr("")))
    return tmp_path


def test_new_writes_a_bot_that_is_ready_and_passes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["new", "my-bot"]) == 0
    assert (folder / "my_bot.yaml").exists()
    assert cli.main(["check"]) == 0
    assert cli.main(["test"]) == 0
    assert "my-bot: 1 test, none failed" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["My Bot", "x", "../x", "my-bot"])
def test_new_refuses_a_name_that_does_not_fit_or_is_taken(folder: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["new", "my-bot"])
    assert cli.main(["new", name]) == 2
    assert len(list(folder.iterdir())) == 1
    assert capsys.readouterr().err


def test_check_says_everything_in_plain_words(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bad.yaml").write_text("name: bad\nsteps: [Formt]\npersna: {}\n")
    (folder / "echo.yaml").write_text(ECHO)
    assert cli.main(["check"]) == 1
    out = capsys.readouterr().out
    assert 'bad.yaml:3: persna: there is no such key. Did you mean "persona"?' in out
    assert 'Did you mean "Format"?' in out
    assert "echo.yaml: echo is ready" in out
    assert cli.main(["check", "echo"]) == 0
    assert cli.main(["check", "echo.yaml"]) == 0


def test_check_has_a_form_for_programs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bad.yaml").write_text("name: bad\nsteps: [Formt]\n")
    assert cli.main(["check", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [(bot["name"], bot["status"], bot["problems"][0]["line"], bot["problems"][0]["nearest"]) for bot in told] == [
        ("bad", "broken", 2, "Format")
    ]


def test_check_says_why_a_bot_is_off(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "gpt.yaml").write_text("name: gpt-bot\nsteps: [Gpt]\n")
    assert cli.main(["check"]) == 0
    assert "permissions: {services: true}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("picture", "note"),
    [
        (None, "there is no picture echo.png beside the bot file"),
        (b"GIF89a", "echo.png is neither a PNG nor a JPEG picture"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 300_000, "echo.png is bigger than 256 KB"),
        (b"\x89PNG\r\n\x1a\n", ""),
    ],
    ids=["missing", "another kind", "too big", "good"],
)
def test_check_says_why_a_picture_is_not_shown(folder: Path, capsys: pytest.CaptureFixture[str], picture: bytes | None, note: str) -> None:
    """I10: a key that is taken and ignored in silence would be a promise."""
    (folder / "echo.yaml").write_text(ECHO + "persona: {avatar: echo.png}\n")
    if picture is not None:
        (folder / "echo.png").write_bytes(picture)
    assert cli.main(["check"]) == 0
    told = [f"echo.yaml: note: persona.avatar: {note}; people see the bot's initials"] if note else []
    assert capsys.readouterr().out.splitlines() == ["echo.yaml: echo is ready", *told]
    assert cli.main(["check", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)[0]["notes"]) == len(told)


@pytest.mark.parametrize("command", [["check"], ["test"], ["new", "my-bot"], ["chat", "echo"], ["replay", "run.json"]])
def test_a_folder_that_is_not_there_is_said_so(folder: Path, capsys: pytest.CaptureFixture[str], command: list[str]) -> None:
    folder.rmdir()
    assert cli.main(command) == 2
    assert capsys.readouterr().err == f"There is no folder {folder}. BOT_CONFIG in .env names the folder with the bot files.\n"
    assert cli.main(["schema"]) == 0


def test_an_unknown_bot_is_said_so_with_those_there_are(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "echo.yaml").write_text(ECHO)
    assert cli.main(["chat", "eco"]) == 2
    assert "There are: echo." in capsys.readouterr().err


def test_chat_is_a_conversation(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "echo.yaml").write_text(ECHO + 'persona: {greeting: "Hello you."}\n')
    lines = iter(["good morning", "", "/quit"])
    monkeypatch.setattr("builtins.input", lambda _: next(lines))
    assert cli.main(["chat", "echo"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Hello you.\n")
    assert out.count("good morning") == 1


def test_chat_ends_where_the_input_ends(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "echo.yaml").write_text(ECHO)

    def end(_: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", end)
    assert cli.main(["chat", "echo"]) == 0


def test_test_says_what_was_expected(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "echo.yaml").write_text(ECHO.replace("contains: hi there", "contains: ho ho, lacks: hi, equals: x"))
    assert cli.main(["test"]) == 1
    out = capsys.readouterr().out
    assert 'echo: test 1 (hi there): "ho ho" is not in:' in out
    assert "3 failed" in out


def test_the_schema_takes_every_shipped_bot_and_refuses_a_broken_one() -> None:
    made = schema()
    jsonschema.Draft202012Validator.check_schema(made)
    validator = jsonschema.Draft202012Validator(made)
    for path in sorted((ROOT / "bot_config").glob("*.yaml")):
        assert list(validator.iter_errors(yaml.safe_load(path.read_text()))) == [], path.name


@pytest.mark.parametrize(
    ("file", "valid"),
    [
        (
            {
                "name": "echo",
                "steps": ["Draft", {"Chat": {"module": "EchoBot", "timeout": "2s"}}, {"class": "Gpt", "config": {"model": "x"}}],
            },
            True,
        ),
        ({"name": "echo", "steps": [{"KidsJournalEntry": {"any": 1}}], "attend": {"roles": ["a"], "settle": "2s"}}, True),
        ({"name": "echo"}, False),
        ({"name": "Echo", "steps": ["Draft"]}, False),
        ({"name": "echo", "steps": [{"Chat": {"modle": 1}}]}, False),
        ({"name": "echo", "steps": ["draft"]}, False),
        ({"name": "echo", "steps": ["Draft"], "persna": {}}, False),
        ({"name": "echo", "steps": [{"Reply": {"to": "luke", "approve": {"say": "May I?", "expires": "24h"}}}]}, True),
        ({"name": "echo", "steps": [{"Draft": {"approve": {"by": ["bea", "luke"]}}}]}, True),
        ({"name": "echo", "steps": [{"Draft": {"approve": {"by": "Bea Lang"}}}]}, False),
        ({"name": "echo", "steps": [{"Draft": {"approve": {"who": "asker"}}}]}, False),
        ({"name": "echo", "steps": [{"Ask": {"question": "x", "choices": ["a"], "by": "admins", "expires": "2d"}}]}, True),
        ({"name": "echo", "steps": [{"Ask": {}}]}, False),
        ({"name": "echo", "steps": [{"Delegate": {"to": "critic"}}], "delegates": ["critic"]}, True),
        ({"name": "echo", "steps": ["Draft"], "commands": {"joke": {"about": "x", "say": "y"}, "shout": None}}, True),
        ({"name": "echo", "steps": ["Draft"], "commands": {"joke": {"abuot": "x"}}}, False),
        ({"name": "echo", "steps": ["Draft"], "budget": {"tokens_per_person": 5}}, True),
    ],
)
def test_the_schema_knows_the_language(file: Any, valid: bool) -> None:
    assert jsonschema.Draft202012Validator(schema()).is_valid(file) is valid
