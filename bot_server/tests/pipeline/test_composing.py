"""What programs that write bot files are given: the language in a page, names, and texts that mean what they were made of."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pipeline.composing import bare_loader, language, name_of, text_of
from pipeline.problem import BrokenBotFile
from pipeline.schema_help import HELP
from pipeline.templates import templates
from pipeline.yaml_tree import read
from steps import BUILT_IN


def test_the_language_has_every_step_and_every_key_with_its_help() -> None:
    lines = {line.strip() for line in language().splitlines()}
    assert [name for name in BUILT_IN if not any(line.startswith(f"- {name}: ") for line in lines)] == []
    wanted = [(key, about) for words in HELP.values() for key, about in words.items() if key != "queue"]
    assert [key for key, about in wanted if not any(line.startswith(f"- {key} (") and line.endswith(f"): {about}") for line in lines)] == []


def test_the_language_fits_into_a_prompt() -> None:
    assert len(language()) < 12_000


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Tooth Fairy!", "tooth-fairy"),
        ("Père Noël", "pere-noel"),
        ("3 wishes", "bot-3-wishes"),
        ("日本語", "my-bot"),
        ("x" * 90, "x" * 30),
        ("Ä", "my-bot"),
    ],
)
def test_a_title_becomes_a_name(title: str, name: str) -> None:
    assert name_of(title) == name


@pytest.mark.parametrize(
    "word",
    ["y", "N", "yes", "1:30", "2026-11-20", "2026-1-1 noon", "0o17", "1_000", ".5", "+61", "null", "~", "- x", "a: b", "two\nlines\n"],
)
def test_a_text_is_read_back_as_what_it_was(word: str) -> None:
    file = {"name": "x", "persona": {"title": word, "about": word}, "steps": [{"Ask": {"question": word, "choices": [word]}}]}
    assert read(text_of(file), "x.yaml").plain() == file


@given(some.text("yYnNoOxX0123456789:-+._eE~#{}[]|>&*!%@`'\"\\ \n", max_size=12))
def test_any_text_is_read_back_as_what_it_was(word: str) -> None:
    assert read(text_of({"name": "x", "steps": [{"Draft": {"fallback": word}}]}), "x.yaml").plain()["steps"] == [
        {"Draft": {"fallback": word}}
    ]


def test_a_text_is_written_as_people_write() -> None:
    steps = ["Chat"]
    text = text_of({"name": "x", "steps": [{"Guide": {"before": "One.\nTwo."}}, "Reply"], "tests": [{"say": steps}, {"say": steps}]})
    assert "\nsteps:\n  - Guide:\n      before: |-\n        One.\n        Two.\n  - Reply\n" in text
    assert "&" not in text


def test_the_bare_loader_knows_built_in_steps_and_grants_nothing(tmp_path: Path) -> None:
    loader = bare_loader()
    for one in templates():
        assert loader.load(one.yaml, "my_bot.yaml").granted.services is False, one.name
    with pytest.raises(BrokenBotFile, match="there is no step Shout"):
        loader.load("name: x\nsteps: [Shout, Reply]\n", "x.yaml")
