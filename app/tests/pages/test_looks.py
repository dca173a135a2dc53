"""What all pages draw with."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from accounts.icons import ICONS
from accounts.templatetags.looks import icon, initials

APP = Path(__file__).resolve().parents[2]


def cases() -> list[tuple[str, str]]:
    """The cases of the browser's own test: both sides must draw the same."""
    test = (APP / "frontend" / "models" / "initials.test.js").read_text()
    rows = re.search(r"test\.each\((\[.*?\n\])\)", test, re.DOTALL)
    assert rows
    return [(name, expected) for name, expected in json.loads(rows[1])]


@pytest.mark.parametrize(("name", "expected"), cases())
def test_initials_are_those_of_the_browser(name: str, expected: str) -> None:
    assert initials(name) == expected


def test_every_icon_that_a_page_names_is_there() -> None:
    named = set()
    for template in [*APP.glob("templates/**/*.html"), *APP.glob("*/templates/**/*.html")]:
        named |= set(re.findall(r'{% icon "(\w+)" %}', template.read_text()))
    assert named <= set(ICONS)
    assert all("<svg" in icon(name) for name in named)
