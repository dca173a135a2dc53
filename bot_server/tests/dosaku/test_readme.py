"""Every listing of Dosaku's README runs and gives what it says."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path
from typing import Any

import pytest

import dosaku

TEXT = (Path(dosaku.__file__).parent / "README.md").read_text()
LISTINGS = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
RAISES = re.compile(r"[A-Z]\w+$")


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}


def _run(source: str) -> int:
    """Run a listing; how many of its comments were checked."""
    names: dict[str, Any] = {"__name__": "listing", "print": lambda *_: None}
    comments, checked = _comments(source), 0
    for statement in ast.parse(source).body:
        said = comments.get(statement.end_lineno or 0, "")
        code = compile(ast.Module([statement], []), "README.md", "exec")
        if RAISES.match(said) and said not in {"True", "False", "None"}:
            with pytest.raises(ValueError) as caught:
                exec(code, names)  # noqa: S102 (our own README)
            assert type(caught.value).__name__ == said
        elif isinstance(statement, ast.Expr) and said:
            value = eval(compile(ast.Expression(statement.value), "README.md", "eval"), names)  # noqa: S307 (our own README)
            assert value == ast.literal_eval(said)
        else:
            exec(code, names)  # noqa: S102 (our own README)
            continue
        checked += 1
    return checked


@pytest.mark.parametrize("number", range(len(LISTINGS)))
def test_a_listing_gives_what_it_says(number: int) -> None:
    _run(LISTINGS[number])


def test_the_listings_say_enough_to_be_checked() -> None:
    assert sum(_run(listing) for listing in LISTINGS) >= 14
