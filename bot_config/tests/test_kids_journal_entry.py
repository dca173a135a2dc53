"""The journal page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from steps import Step
from testing.steps import payload_of, run_step

NOTED = {
    "date": "2026-11-20",
    "client": "Bea",
    "summary_for_child": {"thankful_for": ["my friend", "cake"], "looking_forward_to": "the holidays"},
    "summary_for_parent": {"notes_of_concern": "", "parenting_advice": "Ask about the friend."},
}


@pytest.fixture
def journal(custom: Callable[[str], type[Step]]) -> type[Step]:
    return custom("KidsJournalEntry")


def page(journal: type[Step], noted: Any) -> str | None:
    payload = run_step(journal, payload_of("bye", draft={"body": "Bye!", "metadata": noted}))
    return payload["reply"]["body"] if "reply" in payload else None


def test_the_page_has_what_was_noted(journal: type[Step]) -> None:
    written = page(journal, NOTED)
    assert written is not None
    assert "### Bea's journal · 2026-11-20" in written
    assert "- my friend\n- cake" in written
    assert "the holidays" in written
    assert "Ask about the friend." in written
    assert written.count("Nothing noted") == 1


def test_what_was_noted_goes_along_as_metadata(journal: type[Step]) -> None:
    payload = run_step(journal, payload_of("bye", draft={"body": "Bye!", "metadata": NOTED}))
    assert payload["reply"]["metadata"] == {"journal": NOTED}


@pytest.mark.parametrize("noted", [{}, None, [], "x", {"date": "2026-11-20"}, {"summary_for_child": "text"}])
def test_there_is_no_page_before_the_goodbye(journal: type[Step], noted: Any) -> None:
    assert page(journal, noted) is None


@pytest.mark.parametrize(
    "noted",
    [
        {"summary_for_child": {}},
        {"summary_for_parent": {"parenting_advice": None, "notes_of_concern": 7}},
        {"client": ["x"], "date": {"y": 1}, "summary_for_child": {"thankful_for": [None, {}, "  "]}},
    ],
)
def test_whatever_the_model_noted_makes_a_page(journal: type[Step], noted: Any) -> None:
    """I10: model output, however broken."""
    written = page(journal, noted)
    assert written is not None
    assert "### Bea's journal · 2026-11-20" in written
    assert written.count("Nothing noted") == 4


def test_a_payload_without_a_draft_passes(journal: type[Step]) -> None:
    assert "reply" not in run_step(journal, payload_of("hi"))
    assert "reply" not in run_step(journal, payload_of("hi", draft="text"))
