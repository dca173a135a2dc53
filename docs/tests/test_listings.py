"""Every listing of these pages is used as it stands: bot files pass the check, their tests hold, Python runs."""

from __future__ import annotations

import doctest
import importlib.util
import inspect
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import jsonschema
import pytest
import yaml

from pipeline.loader import Loader, Trust
from pipeline.problem import BrokenBotFile
from pipeline.rehearsal import Rehearsal, missed
from pipeline.schema import schema
from testing.run_bot import RunBot

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^( *)```(\w+)([^\n]*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Listing:
    """A block of code in a page."""

    page: Path
    line: int
    language: str
    file: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def _listings(language: str) -> list[Listing]:
    found = []
    for page in PAGES:
        text = page.read_text()
        for block in BLOCK.finditer(text):
            named = re.search(r"file=(\S+)", block[3])
            if block[2] == language:
                line = text.count("\n", 0, block.start()) + 1
                found.append(Listing(page, line, block[2], named[1] if named else "", block[4]))
    return found


YAML = _listings("yaml")
PYTHON = _listings("python")


@dataclass
class Anybody:
    """An operator who allows everything: whether a listing may use a service is the reader's affair."""

    def __contains__(self, name: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(())


def _loader(listing: Listing, folder: Path) -> Loader:
    """As if all named files of the page lay beside the listing."""
    for other in [*PYTHON, *YAML]:
        if other.page == listing.page and other.file:
            (folder / other.file).write_text(other.text)
    provide = {"OpenAIChat": {"api_key": "only-for-tests"}}
    return Loader(folder, Trust(services=Anybody(), provide=provide))  # type: ignore[arg-type]


def _as_bot(listing: Listing) -> str:
    """The listing as a bot file: a list of steps gets a name and permission."""
    if isinstance(yaml.safe_load(listing.text), list):
        return f"name: listing\npermissions: {{services: true}}\nsteps:\n{listing.text}"
    return listing.text


def test_there_are_listings() -> None:
    assert len(YAML) > 10
    assert len(PYTHON) > 5


@pytest.mark.parametrize("listing", YAML, ids=str)
def test_a_bot_listing_passes_the_check(listing: Listing, tmp_path: Path) -> None:
    pipeline = _loader(listing, tmp_path).load(_as_bot(listing), listing.file or "listing.yaml")
    assert (pipeline.status, pipeline.reason) == ("on", "")
    assert not listing.file or listing.file == f"{pipeline.name}.yaml"


@pytest.mark.parametrize("listing", YAML, ids=str)
def test_an_editor_with_the_schema_has_nothing_against_a_bot_listing(listing: Listing) -> None:
    found = jsonschema.Draft202012Validator(schema()).iter_errors(yaml.safe_load(_as_bot(listing)))
    assert [f"{list(error.absolute_path)}: {error.message}" for error in found] == []


@pytest.mark.parametrize("listing", [each for each in YAML if "\ntests:" in each.text], ids=str)
def test_the_tests_in_a_bot_listing_hold(listing: Listing, tmp_path: Path) -> None:
    pipeline = _loader(listing, tmp_path).load(listing.text, listing.file)
    assert pipeline.bot.tests
    loader = _loader(listing, tmp_path)
    assert [wrong for case in pipeline.bot.tests for wrong in missed(case, Rehearsal(pipeline, loader))] == []


@pytest.mark.parametrize("listing", [each for each in YAML if each.file == "parrot.yaml"], ids=str)
def test_a_step_may_reply_several_times(listing: Listing, tmp_path: Path) -> None:
    loader = _loader(listing, tmp_path)
    talk = Rehearsal(loader.load(listing.text, listing.file), loader)
    talk.say("Hello")
    assert talk.replies == ["Hi, I'm EchoBot. You said: “Hello”"] * 3


def test_the_complaint_that_the_tutorial_shows_is_the_real_one(tmp_path: Path) -> None:
    with pytest.raises(BrokenBotFile) as error:
        Loader(tmp_path, Trust()).load("name: hello\n\nsteps:\n  - Chatt\n  - Reply\n", "hello.yaml")
    assert f"\n{error.value}\n" in (ROOT / "docs" / "bots.md").read_text()


@pytest.mark.parametrize("listing", [each for each in PYTHON if ">>>" in each.text], ids=str)
def test_a_session_of_python_gives_what_it_says(listing: Listing) -> None:
    test = doctest.DocTestParser().get_doctest(listing.text, {}, str(listing), str(listing.page), listing.line)
    output: list[str] = []
    with _catalog_restored():
        results = doctest.DocTestRunner(optionflags=doctest.IGNORE_EXCEPTION_DETAIL).run(test, out=output.append)
    assert results.attempted > 0
    assert results.failed == 0, "".join(output)


@pytest.mark.parametrize("listing", [each for each in PYTHON if each.file.startswith("test_")], ids=str)
def test_a_test_of_a_step_passes(listing: Listing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _loader(listing, tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    tests = _functions_of(tmp_path / listing.file)
    assert tests
    for test in tests:
        test(*(RunBot(tmp_path) for _ in inspect.signature(test).parameters))


def test_every_listing_of_python_is_used() -> None:
    """It is a session, or a file that a bot of the page or a test needs."""
    used = "\n".join(each.text for each in [*YAML, *PYTHON])
    loose = [
        str(each) for each in PYTHON if ">>>" not in each.text and not each.file.startswith("test_") and not _class_in(each) & _words(used)
    ]
    assert loose == []


@pytest.mark.parametrize("listing", _listings("sh"), ids=str)
def test_a_piece_of_shell_is_shell(listing: Listing) -> None:
    done = subprocess.run(["bash", "-n"], check=False, input=listing.text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def _class_in(listing: Listing) -> set[str]:
    return set(re.findall(r"^class (\w+)\(Step\)", listing.text, re.MULTILINE))


def _words(text: str) -> set[str]:
    """The steps that bot files name."""
    return set(re.findall(r"^ *- (\w+)", text, re.MULTILINE))


@contextmanager
def _catalog_restored() -> Iterator[None]:
    """Listings may register modules; the next listing must not see them."""
    from dosaku import catalog

    before = dict(catalog._tasks), dict(catalog._modules)
    try:
        yield
    finally:
        catalog._tasks, catalog._modules = before


def _functions_of(path: Path) -> list[Callable[..., None]]:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    finally:
        sys.modules.pop("word_count", None)
    return [value for name, value in vars(module).items() if name.startswith("test_")]
