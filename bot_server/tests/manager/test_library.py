"""One bad file stops only its own bot."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from manager.library import Library
from pipeline.loader import Loader, Trust
from pipeline.problem import BrokenBotFile

LINE_BREAKS = re.compile("\r\n|[\r\n\x85\u2028\u2029]")  # YAML's, some of which editors do not count
ECHO = "name: echo\nsteps: [Chat, Reply]\n"


def test_it_loads_every_bot_file_of_the_folder_and_nothing_else(library: Library, tmp_path: Path) -> None:
    (tmp_path / "echo.yaml").write_text(ECHO)
    (tmp_path / "other.yml").write_text("name: other\nsteps: [Draft]\n")
    (tmp_path / "notes.txt").write_text("name: notes\nsteps: [Draft]\n")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "deep.yaml").write_text("name: deep\nsteps: [Draft]\n")
    library.load_all()
    assert [bot.name for bot in library.all()] == ["echo", "other"]


@pytest.mark.parametrize(
    ("name", "content", "line", "says"),
    [
        ("a.yaml", b"name: \xff\xfe\n", 1, "UTF-8"),
        ("a.yaml", b"name: ok\n\nx: \xff\n", 3, "UTF-8"),
        ("a.yaml", b"x" * 70_000, 1, "65,536"),
        ("a.yaml", b"", 1, "missing"),
        ("a.yaml", b"name: [\n", 2, "not YAML"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_bot_with_problems(
    library: Library, tmp_path: Path, name: str, content: bytes, line: int, says: str
) -> None:
    """I10."""
    (tmp_path / name).write_bytes(content)
    (tmp_path / "echo.yaml").write_text(ECHO)
    library.load_all()
    broken, echo = library.all()
    assert (broken.live, broken.problems[0].file, broken.problems[0].line) == (None, name, line)
    assert says in broken.problems[0].message
    assert echo.live is not None


@pytest.mark.parametrize(
    ("file", "text", "name"),
    [("x.yaml", "steps: [\nname: my-bot\n", "my-bot"), ("My Bot.yaml", "[", "my-bot"), ("7.yaml", "[", "bot-7")],
)
def test_a_broken_file_goes_by_the_name_it_most_likely_has(library: Library, tmp_path: Path, file: str, text: str, name: str) -> None:
    (tmp_path / file).write_text(text)
    library.load_all()
    assert [bot.name for bot in library.all()] == [name]


def test_a_broken_file_keeps_its_last_good_version(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "echo.yaml"
    path.write_text(ECHO)
    library.load_all()
    path.write_text("name: another\nsteps: [Chatt]\n")
    bot = library.reload(path)
    assert bot is not None
    assert bot.live is not None
    assert (bot.name, bot.live.text) == ("echo", ECHO)
    assert "there is no step Chatt" in bot.held_back
    path.write_text(ECHO)
    mended = library.reload(path)
    assert mended is not None
    assert mended.held_back == ""


def test_two_files_cannot_have_one_name(library: Library, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(ECHO)
    (tmp_path / "b.yaml").write_text(ECHO)
    library.load_all()
    first, second = library.all()
    assert first.problems == ()
    assert "a.yaml already has the name echo" in second.held_back
    found = library.get("echo")
    assert found is not None
    assert found.path.name == "a.yaml"


def test_only_what_a_change_concerns_is_touched(library: Library, tmp_path: Path) -> None:
    (tmp_path / "shout.py").write_text("from steps import Step\nclass Shout(Step):\n    def process(self, p): return p\n")
    (tmp_path / "echo.yaml").write_text(ECHO)
    (tmp_path / "loud.yaml").write_text("name: loud\nsteps: [Shout]\n")
    (tmp_path / "wants.yaml").write_text("name: wants\nsteps: [NotYet]\n")
    library.load_all()
    assert library.touched_by([tmp_path / "shout.py"]) == {tmp_path / "loud.yaml"}
    assert library.touched_by([tmp_path / "not_yet.py"]) == {tmp_path / "wants.yaml"}
    assert library.touched_by([tmp_path / "echo.yaml"]) == {tmp_path / "echo.yaml"}
    assert library.touched_by([tmp_path / "unused.py"]) == set()


_WORDS = """
    name steps persona title attend when echo Chat Draft Reply class config module EchoBot context settle 2s tests say expect contains
    timezone UTC permissions services retries timeout
"""
WORDS = _WORDS.split()
SCALARS = st.sampled_from(WORDS) | st.integers(-3, 10**9) | st.booleans() | st.none() | st.text(max_size=6)
VALUES = st.recursive(
    SCALARS | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=15,
)
FILES = st.dictionaries(st.sampled_from(WORDS), VALUES, max_size=6).map(lambda file: {"name": "echo", "steps": ["Draft"]} | file)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FILES)
def test_any_bot_file_loads_or_is_told_where_it_is_wrong(tmp_path: Path, file: dict[str, object]) -> None:
    """I10: never a traceback, always file and line."""
    text = yaml.safe_dump(file, allow_unicode=True, sort_keys=False)
    try:
        assert Loader(tmp_path, Trust()).load(text, "any.yaml").status in ("on", "off")
    except BrokenBotFile as error:
        lines = len(LINE_BREAKS.findall(text)) + 1
        assert all(problem.file == "any.yaml" and 1 <= problem.line <= lines and problem.message for problem in error.problems)
        assert "Traceback" not in str(error)
