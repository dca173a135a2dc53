"""Conditions of steps."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.when import parse

PAYLOAD: dict[str, Any] = {
    "draft": {"body": "My Tooth", "metadata": {}},
    "n": 3,
    "flag": False,
    "tags": ["a", "b"],
    "messages": [{"body": "x"}, {"body": "y"}],
}


@pytest.mark.parametrize(
    ("given", "holds"),
    [
        ("draft.body", True),
        ("draft.metadata", False),
        ("nothing.here", False),
        ({"draft.body": {"present": True}}, True),
        ({"nothing": {"present": False}}, True),
        ({"draft.body": {"contains": "tooth"}}, True),
        ({"draft.body": {"lacks": "tooth"}}, False),
        ({"nothing": {"lacks": "tooth"}}, True),
        ({"nothing": {"contains": "tooth"}}, False),
        ({"tags": {"contains": "a"}}, True),
        ({"n": {"equals": 3}}, True),
        ({"n": {"differs": 3}}, False),
        ({"n": {"above": 2, "below": 4}}, True),
        ({"n": {"above": 3}}, False),
        ({"flag": {"above": -1}}, False),
        ({"draft.body": {"above": 1}}, False),
        ({"n": {"among": [1, 3]}}, True),
        ({"messages.-1.body": {"equals": "y"}}, True),
        ({"messages.9.body": {"present": True}}, False),
        ({"draft.body": {"contains": "tooth"}, "n": {"equals": 4}}, False),
    ],
)
def test_a_condition_compares_payload_keys(given: Any, holds: bool) -> None:
    assert parse(given).holds(PAYLOAD) is holds


@pytest.mark.parametrize("given", ["", None, 3, [], {}, {"n": 3}, {"n": {}}, {"n": {"matches": ".*"}}, {"n": {"__class__": 1}}])
def test_anything_else_is_refused_in_plain_words(given: Any) -> None:
    """W20: no expressions, no attributes."""
    with pytest.raises(ValueError, match=r"must be a payload key|needs a comparison|there is no comparison"):
        parse(given)
