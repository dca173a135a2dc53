"""The sizes of STYLE.md. A failure lists what is too long, the longest first."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tracked import ROOT, files

FILE, MOST_FILES = 400, 250
FUNCTION, MOST_FUNCTIONS = 60, 30
CONTROLLER = 100


def sources() -> list[Path]:
    return [path for path in files(".py", ".js") if "migrations" not in path.parts]


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def functions() -> Iterator[tuple[int, str]]:
    for path in files(".py"):
        if "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield (node.end_lineno or node.lineno) - node.lineno + 1, f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"


def too_long(sizes: list[tuple[int, str]], limit: int, most: int) -> str:
    """Empty when all keep the limit and nine of ten keep the lower one."""
    sizes = sorted(sizes, reverse=True)
    over = [size for size in sizes if size[0] > limit]
    if not over and sizes[len(sizes) // 10][0] > most:
        over = [size for size in sizes if size[0] > most]
    return "\n".join(f"{size:5} lines  {name}" for size, name in over)


def test_no_file_is_longer_than_its_budget() -> None:
    sizes = [(lines(path), str(path.relative_to(ROOT))) for path in sources()]
    assert len(sizes) > 50
    assert too_long(sizes, FILE, MOST_FILES) == ""


def test_no_function_is_longer_than_its_budget() -> None:
    sizes = list(functions())
    assert len(sizes) > 200
    assert too_long(sizes, FUNCTION, MOST_FUNCTIONS) == ""


def test_no_stimulus_controller_is_longer_than_its_budget() -> None:
    controllers = files("_controller.js")
    sizes = [(lines(path), str(path.relative_to(ROOT))) for path in controllers]
    assert sizes
    assert too_long(sizes, CONTROLLER, CONTROLLER) == ""


def test_the_measure_finds_what_is_too_long() -> None:
    assert too_long([(10, "a")] * 9 + [(61, "b")], 60, 30).strip() == "61 lines  b"
    assert too_long([(10, "a")] * 8 + [(31, "b")] * 2, 60, 30).count("31 lines") == 2
    assert too_long([(10, "a")] * 19 + [(31, "b")], 60, 30) == ""


def test_no_name_says_that_something_is_handled() -> None:
    """The bot manager itself is called what it is."""
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in files(".py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef) and node.name.endswith(("Handler", "Processor", "Manager")) and node.name != "Manager"
    ]
    vague = [str(path.relative_to(ROOT)) for path in sources() if path.stem in {"utils", "helpers", "misc", "base2"}]
    assert wrong + vague == []
