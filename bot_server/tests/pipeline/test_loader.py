"""From bot files to pipelines."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from dosaku.catalog import catalog
from pipeline.loader import Loader, Trust
from pipeline.problem import BrokenBotFile

SEED_FORM = """\
name: diary
steps:
  - class: Draft
  - class: Format
    config:
      each_user_message: |
        {content}

        received: {timestamp}
  - class: Guide
    config:
      before: Be kind.
      after: It is {current_time}.
  - class: Gpt
    config:
      model: gpt-4
  - class: Metadata
  - class: Reply
"""
KEY = {"OpenAIChat": {"api_key": "sk-only-for-tests", "base_url": "http://127.0.0.1:9/v1", "aliases": {"gpt-4": "x"}}}
NO_KEY = {"OpenAIChat": {"api_key": "", "base_url": "https://api.openai.com/v1"}}


def test_the_seeds_own_form_loads_unchanged(tmp_path: Path) -> None:
    pipeline = Loader(tmp_path, Trust()).load(SEED_FORM, "diarybot.yaml")
    assert [(step.name, step.detail) for step in pipeline.steps] == [
        ("Draft", ""),
        ("Format", ""),
        ("Guide", ""),
        ("Gpt", "OpenAIChat · gpt-4"),
        ("Metadata", ""),
        ("Reply", ""),
    ]


@pytest.mark.parametrize(
    ("asks", "allowed", "status", "says", "not_said"),
    [
        ("", [], "off", ["permissions: {services: true}", "ALLOW_SERVICES=diary"], []),
        ("", ["diary"], "off", ["permissions: {services: true}"], ["ALLOW_SERVICES"]),
        ("permissions: {services: true}\n", [], "off", ["ALLOW_SERVICES=diary"], ["permissions:"]),
        ("permissions: {services: true}\n", ["other"], "off", ["ALLOW_SERVICES=…,diary"], ["permissions:", "other"]),
        ("permissions: {services: true}\n", ["diary"], "on", [], []),
    ],
)
def test_a_service_needs_the_file_and_the_operator(
    tmp_path: Path, asks: str, allowed: list[str], status: str, says: list[str], not_said: list[str]
) -> None:
    """I6: trust is not in the YAML."""
    pipeline = Loader(tmp_path, Trust(frozenset(allowed), provide=KEY)).load(asks + SEED_FORM, "diarybot.yaml")
    assert (pipeline.status, pipeline.granted.services) == (status, status == "on")
    assert all(words in pipeline.reason for words in says)
    assert not any(words in pipeline.reason for words in not_said)


def test_without_a_key_the_bot_is_off_and_says_why(tmp_path: Path) -> None:
    pipeline = Loader(tmp_path, Trust(frozenset({"diary"}), provide=NO_KEY)).load(
        "permissions: {services: true}\n" + SEED_FORM, "diarybot.yaml"
    )
    assert pipeline.status == "off"
    assert "OPENAI_API_KEY" in pipeline.reason


@pytest.mark.parametrize("executors", ["", "permissions: {executors: true}\n"])
def test_the_operators_executors_do_not_follow_from_services(tmp_path: Path, executors: str) -> None:
    """I6."""
    pipeline = Loader(tmp_path, Trust(services=frozenset({"echo"}))).load(f"name: echo\n{executors}steps: [Chat, Reply]\n", "echo.yaml")
    assert (pipeline.granted.services, pipeline.granted.executors) == (False, False)


def test_a_custom_step_is_found_by_its_name(bench: Any) -> None:
    bench.step("shout_it", "p['reply'] = 'HEY'")
    pipeline = bench.load("[ShoutIt]")
    assert pipeline.custom == {"ShoutIt"}
    assert len(pipeline.code_hash) == 64
    assert bench.run("[ShoutIt]").outcome == "replied"


def test_loading_opens_no_other_file_of_the_folder(bench: Any) -> None:
    marker = bench.folder / "ran"
    bench.write("other.py", f"open({str(marker)!r}, 'w')\n")
    bench.step("shout", "p['reply'] = 'HEY'")
    bench.load("[Draft, Shout, Reply]")
    assert not marker.exists()


def test_the_code_hash_changes_with_the_code(bench: Any) -> None:
    bench.step("shout", "p['reply'] = 'HEY'")
    first = bench.load("[Shout]")
    bench.step("shout", "p['reply'] = 'HO HO'")
    second = bench.load("[Shout]")
    assert first.code_hash != second.code_hash
    assert not bench.loader.is_fresh(first)
    assert bench.loader.is_fresh(second)
    assert bench.run("[Shout]").outcome == "replied"
    assert bench.ports.replies[0][1] == "HO HO"


def test_a_worker_keeps_the_last_good_code_while_the_file_is_broken(tmp_path: Path, bench: Any) -> None:
    worker = Loader(tmp_path, Trust(), keep_last_good=True)
    bench.step("shout", "p['reply'] = 'HEY'")
    worker.load("name: echo\nsteps: [Shout]\n", "echo.yaml")
    bench.write("shout.py", "def broken(:\n")
    assert worker.load("name: echo\nsteps: [Shout]\n", "echo.yaml").custom == {"Shout"}
    with pytest.raises(BrokenBotFile):
        bench.load("[Shout]")


@pytest.mark.parametrize(
    ("code", "line", "says"),
    [
        ("import json\ndef broken(:\n", 2, "SyntaxError"),
        ("x = 1\n\nraise RuntimeError('no luck')\n", 3, "RuntimeError: no luck"),
        ("import not_there_at_all\n", 1, "ModuleNotFoundError"),
        ("import sys\nsys.exit(3)\n", 2, "SystemExit"),
        ("from steps import Step\nclass Shuot(Step):\n    def process(self, p): return p\n", 1, "no class Shout"),
        ("class Shout:\n    pass\n", 1, "builds on Step"),
        ("from steps import Step\nclass Shout(Step):\n    pass\n", 1, "needs a method `process"),
        ("x = '\0'\n", 1, "null bytes"),
    ],
)
def test_a_broken_step_file_is_named_with_its_line(bench: Any, code: str, line: int, says: str) -> None:
    """I10."""
    bench.write("shout.py", code)
    with pytest.raises(BrokenBotFile) as caught:
        bench.load("[Shout]")
    assert (caught.value.problems[0].file, caught.value.problems[0].line) == ("shout.py", line)
    assert says in str(caught.value)


def test_a_step_that_cannot_be_made_does_not_stop_the_loader(bench: Any) -> None:
    """I10."""
    bench.step("shout", "pass", head="def __init__(self, *a): raise KeyError('boom')")
    with pytest.raises(BrokenBotFile, match=r"echo.yaml:2: steps.1.Shout: making this step stops with KeyError"):
        bench.load("[Shout]")


@pytest.mark.parametrize("name", ["Draft", "Gpt"])
def test_a_custom_step_may_not_be_named_like_a_built_in_one(bench: Any, name: str) -> None:
    bench.step(name.lower(), "pass")
    with pytest.raises(BrokenBotFile, match="is named like the built-in step"):
        bench.load(f"[{name}]")


def test_a_link_out_of_the_folder_is_no_step(bench: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """W19."""
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "shout.py"
    elsewhere.write_text("raise SystemExit('ran')")
    (bench.folder / "shout.py").symlink_to(elsewhere)
    with pytest.raises(BrokenBotFile, match="there is no step Shout"):
        bench.load("[Shout]")


@pytest.mark.parametrize("name", ["../x", "os.system", "__import__", "/etc/passwd", "_Private", "X" * 300, "Ev\u202eil"])
def test_a_step_name_reaches_nothing_but_the_catalogue(bench: Any, name: str) -> None:
    """W19."""
    with pytest.raises(BrokenBotFile, match=r"echo.yaml:\d+: steps.1"):
        bench.loader.load(f"name: echo\nsteps:\n  - {name!r}\n", "echo.yaml")


@pytest.mark.parametrize(
    ("steps", "key", "says", "nearest"),
    [
        ("[Formt]", "steps.1", "there is no step Formt", "Format"),
        ("[Shuot]", "steps.1", "there is no step Shuot", "Shout"),
        ("[{Chat: {modle: EchoBot}}]", "steps.1.Chat.modle", "no such key", "module"),
        ("[{Chat: {retry: 2}}]", "steps.1.Chat.retry", "no such key", "retries"),
        ("[{Chat: {module: EchoBott}}]", "steps.1.Chat.module", "no module EchoBott", "EchoBot"),
        ("[{Chat: {model: large}}]", "steps.1.Chat", "EchoBot has no setting model", ""),
        ("[{Draft: {fallback: 3}}]", "steps.1.Draft.fallback", "must be text", ""),
    ],
)
def test_it_suggests_the_nearest_valid_word(bench: Any, steps: str, key: str, says: str, nearest: str) -> None:
    bench.step("shout", "pass")
    with pytest.raises(BrokenBotFile) as caught:
        bench.load(steps)
    found = [problem for problem in caught.value.problems if problem.key == key]
    assert [(problem.line, problem.nearest) for problem in found] == [(2, nearest)]
    assert says in found[0].message


def test_it_says_everything_that_is_wrong_at_once(bench: Any) -> None:
    with pytest.raises(BrokenBotFile) as caught:
        bench.load("[Formt, {Chat: {modle: x}}, {Chat: {model: large}}]", "persna: {}\n")
    assert [problem.key for problem in caught.value.problems] == ["persna", "steps.1", "steps.2.Chat.modle", "steps.3.Chat"]


def test_a_task_without_a_step_of_its_own_is_a_step(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from abc import abstractmethod

    from dosaku import Module, Task

    class Translate(Task):
        """Says it in another language."""

        @abstractmethod
        def translate(self, text: str) -> str:
            """Translate."""

    class Backwards(Module, Translate):
        """Reads it backwards."""

        def __init__(self, mark: str = "") -> None:
            self.mark = mark

        def translate(self, text: str) -> str:
            return text[::-1] + self.mark

    monkeypatch.setattr(catalog, "_tasks", dict(catalog._tasks))
    monkeypatch.setattr(catalog, "_modules", dict(catalog._modules))
    catalog.register(Backwards)
    outcome = bench.run("[{Draft: {fallback: abc}}, {Translate: {mark: '!', in: draft.body, out: draft.body}}, Reply]")
    assert (outcome.outcome, bench.ports.replies[0][1]) == ("replied", "cba!")
    with pytest.raises(BrokenBotFile, match=r"Translate has no action translte. It has: translate"):
        bench.load("[{Translate: {action: translte}}]")
    with pytest.raises(BrokenBotFile, match=r"steps.1.Translate: Backwards: .*marc"):
        bench.load("[{Translate: {marc: x}}]")


def test_importing_the_loader_runs_no_bot_and_opens_no_socket(tmp_path: Path) -> None:
    """W20: opening a bot file runs nothing."""
    (tmp_path / "evil.py").write_text("raise SystemExit('ran')")
    code = (
        "import sys, socket; sys.path.insert(0, 'bot_server'); socket.socket.connect = None\n"
        "from pathlib import Path; from pipeline.loader import Loader, Trust\n"
        f"print(Loader(Path({str(tmp_path)!r}), Trust()).load('name: echo\\nsteps: [Chat, Reply]', 'e').status)"
    )
    import sys

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[3], check=False)
    assert (done.stdout.strip(), done.returncode) == ("on", 0), done.stderr
