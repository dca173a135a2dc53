"""`./go bots replay`: C28, from an exported run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from pydantic import SecretStr

from chat_api import ChatApi
from manager import cli, replay
from pipeline.store import Store
from settings import Settings
from testing.chat_server import example
from testing.steps import payload_of

COUNT = """\
from pathlib import Path
from steps import Step

class Count(Step):
    \"\"\"Counts how often it was done, and breaks off once when told to.\"\"\"

    def process(self, payload):
        place = Path(__file__).parent
        with (place / "done.txt").open("a") as file:
            file.write(f"{self.config['as']}\\n")
        if self.config.get("breaks") and (place / "break").exists():
            raise KeyboardInterrupt
        self.context.log(f"counted {self.config['as']}")
        payload[self.config["as"]] = True
        return payload
"""
BOT = """\
name: counter
steps:
  - Count: {as: one}
  - Count: {as: two, breaks: true}
  - Draft: {fallback: counted}
  - Reply
"""
RUN = "0199a7c1-e3f0-7b1a-9c55-2f6f0a8d1e01"
Replayed = Callable[..., int]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    held = Settings(bot_config=tmp_path, openai_api_key=SecretStr(""), chat_token=SecretStr("parley_mine"))
    monkeypatch.setattr(cli, "settings", lambda: held)
    monkeypatch.setattr("builtins.input", lambda _: "yes")
    (tmp_path / "count.py").write_text(COUNT)
    (tmp_path / "counter.yaml").write_text(BOT)
    return tmp_path


def export(**fields: Any) -> dict[str, Any]:
    step: dict[str, Any] = {"state": "done", "changed": {}, "payload": None, "before": None}
    steps = [step | {"index": 0, "changed": {"one": True}}, step | {"index": 1, "state": "failed"}]
    bot = {"name": "counter", "version": 3, "yaml": BOT, "code_hash": ""}
    replies = [{"id": "m", "body": "counted before", "metadata": {}}]
    return {"format": "parley-run", "bot": bot, "input": payload_of("hi", run=RUN), "steps": steps, "replies": replies} | fields


def exported(folder: Path, **fields: Any) -> str:
    path = folder / "run.json"
    path.write_text(json.dumps(export(**fields)))
    return str(path)


def done(folder: Path) -> list[str]:
    path = folder / "done.txt"
    return path.read_text().split() if path.exists() else []


def test_a_run_is_done_again_from_its_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["replay", exported(folder), "--sync"]) == 0
    assert done(folder) == ["one", "two"]
    out = capsys.readouterr().out
    assert "  1. Count: " in out
    assert "\ncounted\nThen it said: counted before\n" in out
    assert "log: counted one" not in out


def test_debug_shows_what_each_step_got_did_and_logged(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["replay", exported(folder), "--sync", "--debug"]) == 0
    out = capsys.readouterr().out
    assert "     log: counted one" in out
    assert '     changed: {\n  "one": true\n}' in out
    assert '     before: {\n  "room"' in out


def test_a_step_is_told_of_on_a_line_of_its_own_below_the_text_that_it_showed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    talker = "name: talker\nsteps: [Chat, Reply]\n"
    (folder / "talker.yaml").write_text(talker)

    given = exported(folder, bot={"name": "talker", "version": 1, "yaml": talker, "code_hash": ""}, steps=[], replies=[])
    assert cli.main(["replay", given, "--sync"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert [line[:9] for line in lines if "Chat:" in line or "Reply:" in line] == ["  1. Chat", "  2. Repl"], lines


def test_it_begins_with_the_step_that_is_asked_for_and_its_payload(folder: Path) -> None:
    assert cli.main(["replay", exported(folder), "--step", "2", "--sync"]) == 0
    assert done(folder) == ["two"]


def test_without_sync_a_replay_that_was_broken_off_goes_on_where_it_was(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The checkpoints are in a real Redis."""
    file = exported(folder)
    (folder / "break").touch()
    with pytest.raises(KeyboardInterrupt):
        cli.main(["replay", file])
    (folder / "break").unlink()
    assert cli.main(["replay", file]) == 0
    assert done(folder) == ["one", "two", "two"]
    assert "Going on with step 2, where this replay was broken off." in capsys.readouterr().out
    assert cli.main(["replay", file]) == 0
    assert done(folder) == ["one", "two", "two", "one", "two"]


def test_without_redis_it_says_what_to_do(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> None:
        raise redis.ConnectionError

    monkeypatch.setattr(Store, "load", away)
    assert cli.main(["replay", exported(folder)]) == 2
    assert "--sync" in capsys.readouterr().err
    assert done(folder) == []


def test_what_was_sent_then_is_not_sent_now(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """C37."""
    (folder / "counter.yaml").write_text("name: counter\nsteps:\n  - Draft: {fallback: Dear Luke}\n  - Reply: {to: luke}\n")
    assert cli.main(["replay", exported(folder), "--sync"]) == 0
    assert "[would be sent to luke: Dear Luke]" in capsys.readouterr().out


def test_a_bot_that_is_not_here_is_taken_from_the_export(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = exported(folder)
    (folder / "counter.yaml").unlink()
    assert cli.main(["replay", file, "--sync"]) == 0
    assert "its version 3 from the export" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("fields", "arguments", "says"),
    [
        ({"format": "x"}, [], "not an exported run"),
        ({"input": None}, [], "does not say what step 1 was given"),
        ({}, ["--step", "4"], "does not say what step 4 was given"),
        ({}, ["--step", "9"], "has the steps 1 to 4"),
        ({}, ["--step", "0"], "has the steps 1 to 4"),
        ({"bot": 3}, [], "which bot it was"),
        ({"bot": {"name": "gone", "yaml": None}}, [], "There is no bot gone"),
        ({"bot": {"name": "gone", "yaml": "name: gone\nsteps: [Chatt]\n"}}, [], "there is no step Chatt"),
        ({"steps": 3}, [], "not an exported run"),
        ({"steps": [3, {"index": "x"}]}, ["--step", "2"], "does not say what step 2"),
    ],
)
def test_what_cannot_be_done_again_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str], fields: dict[str, Any], arguments: list[str], says: str
) -> None:
    """I10."""
    assert cli.main(["replay", exported(folder, **fields), "--sync", *arguments]) == 2
    assert says in capsys.readouterr().err
    assert done(folder) == []


@pytest.mark.parametrize(("text", "says"), [("{", "is not JSON"), ("[]", "not an exported run"), ("[" * 100_000, "is not JSON")])
def test_what_is_no_export_is_said(folder: Path, capsys: pytest.CaptureFixture[str], text: str, says: str) -> None:
    """I10."""
    (folder / "run.json").write_text(text)
    assert cli.main(["replay", str(folder / "run.json"), "--sync"]) == 2
    assert says in capsys.readouterr().err


def from_the_chat(monkeypatch: pytest.MonkeyPatch, answer: httpx.Response) -> list[httpx.Request]:
    asked: list[httpx.Request] = []

    def answers(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answer

    def made(base: str, token: str, *, connections: int) -> ChatApi:
        return ChatApi(base, token, connections=connections, transport=httpx.MockTransport(answers))

    monkeypatch.setattr(replay, "ChatApi", made)
    return asked


def test_by_its_id_a_run_comes_from_the_chat_with_the_rights_of_whoever_asks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """I8."""
    asked = from_the_chat(monkeypatch, httpx.Response(200, json=export()))
    assert cli.main(["replay", RUN, "--sync"]) == 0
    assert (asked[0].url.path, asked[0].headers["authorization"]) == (f"/api/v1/runs/{RUN}/export", "Bearer parley_mine")


def test_a_run_that_one_may_not_read_is_not_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """I8."""
    gone = {"error": {"code": "not_found", "message": "There is no such run."}}
    from_the_chat(monkeypatch, httpx.Response(404, json=gone))
    assert cli.main(["replay", RUN, "--sync"]) == 2
    assert "There is no such run." in capsys.readouterr().err


def test_without_a_token_it_says_how_to_get_one(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(cli, "settings", lambda: Settings(bot_config=folder))
    assert cli.main(["replay", RUN, "--sync"]) == 2
    assert "CHAT_TOKEN is not set" in capsys.readouterr().err
    assert cli.main(["replay", "no-such-file", "--sync"]) == 2


def test_the_documented_export_can_be_done_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """I3."""
    (folder / "run.json").write_text(json.dumps(example("export")))
    assert cli.main(["replay", str(folder / "run.json"), "--sync"]) == 0
    assert "Then it said: " in capsys.readouterr().out
