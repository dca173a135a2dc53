"""The page of the principles names each of them, and for each the tests that hold it in a browser."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "app" / "tests" / "system"
ROW = re.compile(r"^\| (C\d+) \|.*\| (.*) \|$", re.MULTILINE)
NAMED = re.compile(r"`(test_\w+\.py)::(test_\w+)`")
BROWSING = {"browse", "browser", "both", "editor", "author"}


def rows() -> list[tuple[str, list[tuple[str, str]]]]:
    return [(number, NAMED.findall(tests)) for number, tests in ROW.findall((ROOT / "docs" / "principles.md").read_text())]


def function(file: str, name: str) -> ast.FunctionDef:
    found = [node for node in ast.parse((TESTS / file).read_text()).body if isinstance(node, ast.FunctionDef) and node.name == name]
    assert found, f"There is no {name} in {file}."
    return found[0]


def test_every_principle_has_a_row_and_a_test() -> None:
    assert [number for number, tests in rows() if tests] == [f"C{number}" for number in range(22, 38)]


def test_every_test_that_the_page_names_is_there_carries_the_number_and_opens_a_browser() -> None:
    for number, tests in rows():
        for file, name in tests:
            test = function(file, name)
            said = {word.upper() for word in re.findall(r"c\d+", f"{name} {ast.get_docstring(test) or ''}", re.IGNORECASE)}
            assert number in said, name
            assert BROWSING & {argument.arg for argument in test.args.args}, f"{name} opens no browser."
