"""Replies: long ones become several messages, and nothing of them is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import StepError
from pipeline.replies import MAX_BODY, MAX_REPLIES, pieces, replies_of


def test_a_reply_that_fits_stays_as_it_is() -> None:
    body = "x" * MAX_BODY
    assert replies_of([{"body": body, "metadata": {"n": 1}}, "  ", "two"], "Reply") == [("0", body, {"n": 1}), ("2", "two", {})]


def test_a_long_reply_becomes_messages_with_keys_of_their_own_and_its_metadata_once() -> None:
    found = replies_of({"body": "word " * 9000, "metadata": {"n": 1}}, "Reply")
    assert [(ordinal, metadata) for ordinal, _, metadata in found] == [("0", {"n": 1}), ("0.1", {}), ("0.2", {})]
    assert " ".join(body for _, body, _ in found).split() == ["word"] * 9000


def test_it_is_cut_where_a_paragraph_ends() -> None:
    one, two = "a" * 15_000, "b " * 6_000
    assert list(pieces(f"{one}\n\n{two}")) == [one, two]


def test_a_code_block_that_is_cut_is_closed_and_opened_again() -> None:
    code = "".join(f"line {number}\n" for number in range(3000))
    first, second = pieces(f"Look:\n\n```python\n{code}```\n\nThat was it.")
    assert first.endswith("\n```")
    assert second.startswith("```python\nline ")
    lines = [line for piece in (first, second) for line in piece.splitlines() if line.startswith("line ")]
    assert lines == code.splitlines()
    assert second.count("```") == 2


@given(st.text(alphabet="ab \n`~", max_size=60).map(lambda text: text * 900))
def test_no_piece_is_too_long_and_no_word_is_lost(body: str) -> None:
    found = list(pieces(body))
    assert all(len(piece) <= MAX_BODY for piece in found)
    kept = "".join(found)
    assert all(kept.count(letter) >= body.count(letter) for letter in "ab")


@pytest.mark.parametrize("wrong", [3, None, {"text": "x"}, {"body": "x", "metadata": 3}, [["x"]]])
def test_anything_else_is_an_error(wrong: object) -> None:
    with pytest.raises(StepError, match="neither text nor a map"):
        replies_of(wrong, "Reply")


def test_too_many_replies_are_an_error_and_none_is_dropped_in_silence() -> None:
    """I9."""
    assert len(replies_of(["x"] * MAX_REPLIES, "Flood")) == MAX_REPLIES
    with pytest.raises(StepError, match="Flood set 21 replies; 20 at a time is the most"):
        replies_of(["x"] * (MAX_REPLIES + 1), "Flood")
