"""Metadata and Reply: what people read, and what later steps get."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps import Metadata, Reply
from steps.chat import REMARKS
from testing.steps import FakeContext, run_step


def split(body: str, **metadata: Any) -> tuple[str, dict[str, Any], str]:
    step = Metadata({}, FakeContext())
    draft = step.process({"draft": {"body": body, "metadata": metadata}})["draft"]
    return draft["body"], draft["metadata"], step.summary()


GOOD = [
    'Hi.\n\n# metadata\n{"mood": "glad"}',
    'Hi.\n\n# Metadata\n\n{"mood": "glad"}\n',
    'Hi.\n## METADATA:\n```json\n{"mood": "glad"}\n```',
    'Hi.\n# metadata\n```\n{"mood": "glad"}',
    'Hi.\n# metadata #\n~~~\n{"mood": "glad"}\n~~~\n',
    'Hi.\r\n\r\n# metadata\r\n{"mood": "glad"}\r\n',
]


@pytest.mark.parametrize("body", GOOD)
def test_c20_json_behind_the_heading_leaves_the_visible_text(body: str) -> None:
    assert split(body) == ("Hi.", {"mood": "glad"}, "metadata: mood")


def test_what_stands_behind_the_metadata_stays_visible() -> None:
    assert split('Hi.\n# metadata\n```json\n{"a": 1}\n```\nBye.')[:2] == ("Hi.\n\nBye.", {"a": 1})
    assert split('Hi.\n# metadata\n{"a": 1}\nBye.')[:2] == ("Hi.\n\nBye.", {"a": 1})


BROKEN = [
    ("# metadata\n{mood: glad}", "metadata dropped: not valid JSON (line 1: Expecting property name enclosed in double quotes)"),
    ('# metadata\n{"mood": "gl', "metadata dropped: not valid JSON (line 1: Unterminated string starting at)"),
    ("# metadata\n[1, 2]", "metadata dropped: not a JSON object"),
    ("# metadata\nglad", "metadata dropped: not valid JSON (line 1: Expecting value)"),
    ('# metadata\n{"n": NaN}', "metadata dropped: not valid JSON (a value that JSON does not have)"),
    ('# metadata\n{"n": 1e999}', "metadata dropped: not valid JSON (a value that JSON does not have)"),
    ("# metadata\n" + "[" * 100_000, "metadata dropped: not valid JSON (a value that JSON does not have)"),
]


@pytest.mark.parametrize(("body", "note"), BROKEN, ids=range(len(BROKEN)))
def test_i10_broken_metadata_is_neither_shown_nor_kept_and_the_trace_says_why(body: str, note: str) -> None:
    assert split(f"Hi.\n\n{body}") == ("Hi.", {}, note)


@pytest.mark.parametrize("remark", REMARKS.values())
def test_that_an_answer_ended_early_is_read_even_when_it_broke_the_metadata(remark: str) -> None:
    assert split(f'Hi.\n\n# metadata\n{{"mood": "gl\n\n{remark}')[0] == f"Hi.\n\n{remark}"


@pytest.mark.parametrize("body", ["Hi.", "", "About metadata in general", "#metadatabase\nx", "The heading # metadata in a line"])
def test_text_without_the_heading_stays_as_it_is(body: str) -> None:
    assert split(body) == (body, {}, "no metadata")


def test_an_empty_section_is_left_out() -> None:
    assert split("Hi.\n# metadata\n") == ("Hi.", {}, "metadata: empty")


def test_new_metadata_joins_what_is_there() -> None:
    assert split('Hi.\n# metadata\n{"b": 2}', a=1)[1] == {"a": 1, "b": 2}


@given(st.text())
def test_i10_any_text_can_be_split(body: str) -> None:
    visible, metadata, note = split(f"{body}\n# metadata\n{body}")
    assert isinstance(metadata, dict)
    assert note
    assert "# metadata" not in visible.splitlines()[-1:]


def test_reply_says_the_draft_with_its_metadata() -> None:
    payload = run_step(Reply, {"draft": {"body": "Hi.", "metadata": {"mood": "glad"}}})
    assert payload["reply"] == {"body": "Hi.", "metadata": {"mood": "glad"}}


@pytest.mark.parametrize("payload", [{}, {"draft": {"body": "  \n"}}, {"draft": ""}])
def test_reply_keeps_silent_when_there_is_nothing_to_say(payload: dict[str, Any]) -> None:
    assert "reply" not in run_step(Reply, payload)


def test_reply_takes_a_draft_that_a_custom_step_set_as_text() -> None:
    assert run_step(Reply, {"draft": "Hi."})["reply"] == {"body": "Hi.", "metadata": {}}
