"""These pages cannot lie: what there is is documented, and what is documented is there.

An idea of datasette's tests. The API's pages are held by test_api_pages.py, listings are run by
test_listings.py, the bot in another language by test_another_language.py.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import pytest

import cli
import environment
import process
from dosaku.catalog import MODULES, TASKS
from manager.cli import _parser as bot_parser
from settings import Settings
from steps import BUILT_IN

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *(path for path in ROOT.glob("*.md")), *(ROOT / "bot_server").rglob("*.md")])
LINK = re.compile(r"(?<!\\)!?\[[^\]]*\]\(([^)\s]+)\)|(?:src|srcset|href)=\"([^\"]+)\"")
FENCE = re.compile(r"^( *)(```|~~~).*?^\1\2", re.MULTILINE | re.DOTALL)


def ids(value: object) -> str | None:
    return str(value.relative_to(ROOT)) if isinstance(value, Path) else None


# Configuration


def test_every_setting_of_the_chat_is_documented() -> None:
    assert _undocumented(_settings_of_the_app()) == []


def test_every_setting_of_the_bot_server_is_documented() -> None:
    assert _undocumented({name.upper() for name in Settings.model_fields}) == []


def test_every_variable_of_the_example_is_documented() -> None:
    assert _undocumented(set(_example())) == []


def test_every_variable_of_the_processes_and_scripts_is_documented() -> None:
    assert _undocumented(_variables_of_deploy()) == []


def test_no_variable_is_documented_that_nothing_reads() -> None:
    known = _settings_of_the_app() | {name.upper() for name in Settings.model_fields} | set(_example()) | _variables_of_deploy()
    assert sorted(set(_rows()) - known) == []


def test_defaults_of_the_example_are_the_documented_ones() -> None:
    rows = _rows()
    wrong = {
        name: value
        for name, value in _example().items()
        if value and not rows[name].startswith("generated") and value not in rows[name].replace("`", "")
    }
    assert wrong == {}


# Bots and commands


def test_every_built_in_step_and_its_settings_are_documented() -> None:
    page = (DOCS / "steps.md").read_text()
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    missing = []
    for name, step in BUILT_IN.items():
        text = sections.get(name, "")
        # A step that takes the settings of another says so instead of repeating them.
        others = "".join(sections.get(base.__name__, "") for base in step.__mro__[1:] if base.__name__ in BUILT_IN)
        missing += [name] if not text else []
        missing += [f"{name}.{field}" for field in step.Config.model_fields if f"`{field}`" not in text + others]
    assert missing == []


def test_every_key_that_steps_may_have_is_documented() -> None:
    from pipeline.bot_file import StepKeys
    from pipeline.task_step import TaskConfig
    from pipeline.when import COMPARISONS

    page = (DOCS / "steps.md").read_text()
    keys = [field.alias or name for model in (StepKeys, TaskConfig) for name, field in model.model_fields.items()]
    assert [key for key in [*keys, *COMPARISONS] if f"`{key}`" not in page] == []


def test_every_key_of_a_bot_file_is_documented() -> None:
    from pipeline.bot_file import Attend, BotFile, Expect, Persona

    page = (DOCS / "bots.md").read_text()
    keys = [name for model in (BotFile, Attend, Persona, Expect) for name in model.model_fields]
    assert [key for key in keys if not re.search(rf"\b{key}\b:|`{key}\b", page)] == []


def test_every_bot_that_comes_along_is_introduced() -> None:
    page = (DOCS / "bots.md").read_text()
    files = sorted(path.name for path in (ROOT / "bot_config").glob("*.yaml"))
    assert files
    assert [name for name in files if f"| `{name}` |" not in page] == []


def test_every_task_and_module_is_documented() -> None:
    page = (DOCS / "tasks.md").read_text()
    assert [task for task in TASKS if f"## {task}\n" not in page] == []
    assert [module for module in MODULES if f"### {module}\n" not in page] == []


@pytest.mark.parametrize("page", [DOCS / "self-hosting.md", DOCS / "development.md"], ids=ids)
def test_every_command_is_documented(page: Path) -> None:
    commands = set(re.findall(r"^\./go (\w+)", cli.HELP, re.MULTILINE))
    assert {"stop", "test", "check"} <= commands
    assert sorted(name for name in commands if f"./go {name}" not in page.read_text()) == []


def test_every_option_and_bot_command_is_documented() -> None:
    text = "\n".join((DOCS / name).read_text() for name in ("self-hosting.md", "development.md", "bots.md"))
    options = set(re.findall(r"--\w+", cli.HELP))
    bot_commands = set(re.findall(r"^    (\w+) +\S", bot_parser().format_help(), re.MULTILINE))
    assert {"new", "check", "chat", "test"} <= bot_commands
    assert sorted(option for option in options if option not in text) == []
    assert sorted(name for name in bot_commands if f"./go bots {name}" not in text) == []


def test_no_command_is_documented_that_is_not_there() -> None:
    known = set(re.findall(r"^\./go (\w+)", cli.HELP, re.MULTILINE))
    named = {
        name for page in PAGES for name in re.findall(r"`\./go (\w+)|^\./go (\w+)", page.read_text(), re.MULTILINE) for name in name if name
    }
    assert sorted(named - known) == []


def test_every_metric_is_documented() -> None:
    page = (DOCS / "self-hosting.md").read_text()
    sources = [
        path.read_text() for program in ("app", "bot_server") for path in (ROOT / program).rglob("*.py") if "tests" not in path.parts
    ]
    names = {name for text in sources for name in re.findall(r'(?:Counter|Gauge|Histogram)\(\s*"(\w+)"', text)}
    assert "parley_runs_total" in names
    assert sorted(name for name in names if f"`{name}`" not in page) == []


def test_every_process_is_documented() -> None:
    page = (DOCS / "architecture.md").read_text()
    assert [name for name in [*process.commands(), "pg", "redis"] if f"| `{name}` |" not in page] == []


def test_every_pinned_library_is_explained() -> None:
    page = (DOCS / "architecture.md").read_text()
    pinned = [
        re.split(r"[=\[]", line)[0]
        for path in (ROOT / "requirements.txt", *(ROOT / "requirements").glob("*.txt"))
        for line in path.read_text().splitlines()
        if line and not line.startswith(("#", "-r"))
    ]
    package = json.loads((ROOT / "app" / "package.json").read_text())
    pinned += [*package["dependencies"], *package["devDependencies"]]
    assert [name for name in pinned if f"`{name}`" not in page] == []


# Links and language


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_no_link_is_dead(page: Path) -> None:
    dead = []
    for target in _links(page):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        if not found.exists() or (anchor and found.suffix == ".md" and anchor not in _anchors(found)):
            dead.append(target)
    assert dead == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.is_relative_to(DOCS) or page.parent == ROOT], ids=ids)
def test_pages_are_calm(page: Path) -> None:
    text = page.read_text()
    prose = FENCE.sub("", text)
    assert not re.search(r"[A-Za-z\"”]!(?=\s|$)", re.sub(r"`[^`]*`", "", prose)), "no exclamation marks"
    assert not re.search(r"\b(blazing|seamless|cutting-edge|powerful|effortless|world-class|simply|TODO)\b", prose, re.IGNORECASE)


def test_every_picture_is_shown() -> None:
    shown = {(page.parent / target).resolve() for page in PAGES for target in _links(page)}
    pictures = [path for path in (DOCS / "images").iterdir() if path.suffix in {".png", ".svg"}]
    assert pictures
    assert sorted(path.name for path in pictures if path not in shown) == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    todo = [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        if page in reached:
            continue
        reached.add(page)
        todo += [
            path
            for target in _links(page)
            if (path := (page.parent / target.partition("#")[0]).resolve()).suffix == ".md" and path.exists()
        ]
    assert sorted(ids(page) or "" for page in DOCS.rglob("*.md") if page not in reached) == []


# What there is


def _settings_of_the_app() -> set[str]:
    source = (ROOT / "app" / "config" / "settings.py").read_text()
    names = set(re.findall(r'\b(?:text|flag|number|words|path|choice|mapping)\("([A-Z_]+)"', source))
    assert "DJANGO_SECRET_KEY" in names
    return names


def _variables_of_deploy() -> set[str]:
    """What the command lines of the Procfile and the shell scripts take from outside."""
    texts = [(ROOT / "Procfile").read_text(), (ROOT / "deploy" / "python.sh").read_text()]
    return {name for text in texts for name in re.findall(r"\$\{([A-Z_]+):-", text)}


def _example() -> dict[str, str]:
    return environment.read(ROOT / ".env.example")


@cache
def _rows() -> dict[str, str]:
    """Variable -> its documented default."""
    text = (DOCS / "configuration.md").read_text()
    return dict(re.findall(r"^\| `([A-Z_]+)` \| (.*?) \|", text, re.MULTILINE))


def _undocumented(names: set[str]) -> list[str]:
    return sorted(names - set(_rows()))


def _links(page: Path) -> list[str]:
    text = re.sub(r"`[^`\n]*`", "", FENCE.sub("", page.read_text()))
    return [one or other for one, other in LINK.findall(text)]


@cache
def _anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    found: dict[str, int] = {}
    anchors = set()
    for heading in re.findall(r"^#{1,6} (.*)$", FENCE.sub("", page.read_text()), re.MULTILINE):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower().replace("`", "")
        slug = re.sub(r"[^\w\- ]", "", text).strip().replace(" ", "-")
        count = found[slug] = found.get(slug, -1) + 1
        anchors.add(f"{slug}-{count}" if count else slug)
    return anchors
