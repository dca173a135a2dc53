"""The payload, and what must not be in it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import PayloadError
from pipeline.payload import Secrets, changes, from_delivery, pack, unpack
from storable import storable_json
from testing.chat_server import example

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


def test_a_run_starts_with_what_the_delivery_says() -> None:
    payload = from_delivery(example("delivery"))
    assert list(payload) == ["run", "attempt", "bot", "room", "asker", "trigger", "messages"]


@given(st.dictionaries(TEXT, JSON, max_size=5))
def test_packing_gives_an_equal_copy(payload: dict[str, Any]) -> None:
    copy = unpack(pack(payload))
    assert copy == payload
    assert copy is not payload


@given(st.dictionaries(st.text(max_size=3), JSON, max_size=5), st.dictionaries(st.text(max_size=3), JSON, max_size=5))
def test_changes_are_all_that_is_needed_to_get_from_one_to_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    changed = changes(before, after)
    gone = before.keys() - after.keys()
    assert {key: value for key, value in (before | changed).items() if key not in gone} == after
    assert all(changed[key] is None for key in gone)


@pytest.mark.parametrize("bad", [None, [], "x", {"a": object()}, {"a": b"x"}, {"a": float("inf")}, {(1, 2): 3}])
def test_what_is_no_json_object_is_refused(bad: Any) -> None:
    """I10."""
    with pytest.raises(PayloadError):
        pack(bad)


def test_a_character_that_cannot_be_stored_costs_nobody_the_answer() -> None:
    """I10: models write NUL and halves of surrogate pairs now and then."""
    packed = pack({"a\0": ["half \ud83d", {"b": "nul \0 \\u0000"}]})
    assert unpack(packed) == {"a\ufffd": ["half \ufffd", {"b": "nul \ufffd \\u0000"}]}
    assert storable_json(packed.replace("\\\\u0000", ""))


def test_what_is_too_deep_or_holds_itself_is_refused() -> None:
    """I10."""
    loop: dict[str, Any] = {}
    loop["me"] = loop
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"x": deep}
    for bad in (loop, deep):
        with pytest.raises(PayloadError):
            pack(bad)


@pytest.mark.parametrize("secret", ["plain-secret-123", 'quo"ted\\secret', "sécret-ключ-鍵鍵", "new\nline-secret"])
def test_a_secret_is_hidden_wherever_it_stands(secret: str) -> None:
    """I7."""
    packed = pack({secret: [f"a {secret} b", {"deep": secret}]}, Secrets([secret]))
    assert json.dumps(secret, ensure_ascii=False)[1:-1] not in packed
    assert packed.count("[secret]") == 3
    assert Secrets([secret]).hide(f"x{secret}y") == "x[secret]y"


def test_short_words_are_no_secrets() -> None:
    assert Secrets(["", "abc"]).hide("abc is fine") == "abc is fine"
