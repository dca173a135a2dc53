"""`./go bots chat` with a bot that asks: approvals and questions at the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from manager import cli
from settings import Settings

PLANNER = """\
name: planner
delegates: [counter]
steps:
  - Ask: {question: 'How many, {username}?', kind: number, into: count}
  - Delegate: {to: counter, say: "{message} times {count}"}
  - Reply: {approve: {say: "Shall I say it?"}}
"""
COUNTER = "name: counter\nsteps: [Chat, Reply]\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cli, "settings", lambda: Settings(bot_config=tmp_path, openai_api_key=SecretStr("")))
    (tmp_path / "planner.yaml").write_text(PLANNER)
    (tmp_path / "counter.yaml").write_text(COUNTER)
    return tmp_path


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> list[str]:
    """Somebody types these lines, and then takes leave. The prompts they saw."""
    left, prompts = list(lines), []

    def read(prompt: str) -> str:
        prompts.append(prompt)
        if not left:
            raise EOFError
        return left.pop(0)

    monkeypatch.setattr("builtins.input", read)
    return prompts


def test_it_asks_hands_work_over_and_says_what_was_approved(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """C37: nothing is said before the yes."""
    prompts = typed(monkeypatch, "walk", "many", "3", "maybe", "yes")
    assert cli.main(["chat", "planner"]) == 0
    assert prompts == ["> ", "A number: ", "A number: ", "Approve? (yes, no or edit) ", "Approve? (yes, no or edit) ", "> "]
    out = capsys.readouterr().out
    assert "How many, you?\n" in out
    assert "Shall I say it?\n  Message:\n    Hi, I'm EchoBot. You said: “walk times 3”\n" in out
    assert out.rstrip().endswith("“walk times 3”")
    assert out.count("“walk times 3”") == 3, "as it was written, on the card, and as the reply"


def test_a_no_ends_it(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    typed(monkeypatch, "walk", "3", "no")
    assert cli.main(["chat", "planner"]) == 0
    assert "[cancelled: You rejected “Shall I say it?”.]" in capsys.readouterr().out


def test_the_end_of_the_input_is_no_yes(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """I5."""
    typed(monkeypatch, "walk", "3")
    assert cli.main(["chat", "planner"]) == 0
    assert "[cancelled: You rejected" in capsys.readouterr().out


def test_a_text_may_be_edited_before_it_is_approved(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "writer.yaml").write_text("name: writer\nsteps:\n  - Draft: {fallback: Dear Luke}\n  - Reply: {to: luke}\n")
    typed(monkeypatch, "write", "edit", "Dear Luke,", "see you", "")
    assert cli.main(["chat", "writer"]) == 0
    assert "[would be sent to luke: Dear Luke,\nsee you]" in capsys.readouterr().out


def test_a_choice_is_made_by_its_number_or_its_word(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "waiter.yaml").write_text(
        "name: waiter\nsteps:\n  - Ask: {question: Which?, choices: [tea, coffee], into: draft.body}\n  - Reply\n".replace(
            "Which?", "'Which?'"
        )
    )
    typed(monkeypatch, "hi", "2", "hi", "milk", "TEA")
    assert cli.main(["chat", "waiter"]) == 0
    out = capsys.readouterr().out
    assert "  1. tea\n  2. coffee\ncoffee\n" in out
    assert out.rstrip().endswith("That is none of them. Give the number of one, or its word.\ntea")


def test_a_file_is_given_by_its_path(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "reader.yaml").write_text("name: reader\nsteps:\n  - Ask: {question: 'A file?', kind: file, into: file}\n  - Letters\n")
    (folder / "letters.py").write_text(
        "from steps import Step\n\nclass Letters(Step):\n    def process(self, payload):\n"
        "        found = self.context.attachment(payload['file']['id'])\n"
        "        payload['reply'] = f'{found.name}: {len(found.data)} {found.content_type}'\n        return payload\n"
    )
    (folder / "notes.txt").write_text("hello")
    typed(monkeypatch, "hi", str(folder / "none.txt"), str(folder / "notes.txt"))
    assert cli.main(["chat", "reader"]) == 0
    assert "notes.txt: 5 text/plain" in capsys.readouterr().out


def test_work_is_not_passed_on_without_end(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """W22."""
    for one, other in (("ping-a", "ping-b"), ("ping-b", "ping-a")):
        (folder / f"{one}.yaml").write_text(f"name: {one}\ndelegates: [{other}]\nsteps:\n  - Delegate: {{to: {other}}}\n  - Reply\n")
    typed(monkeypatch, "go")
    assert cli.main(["chat", "ping-a"]) == 0
    assert "Work was passed on too often." in capsys.readouterr().out


def test_new_begins_with_the_template_that_is_asked_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["new", "my-listener", "--from", "listener"]) == 0
    assert "when: always" in (folder / "my_listener.yaml").read_text()
    assert cli.main(["check", "my-listener"]) == 0
    assert cli.main(["new", "other", "--from", "listner"]) == 2
    assert 'Did you mean "listener"?' in capsys.readouterr().err
