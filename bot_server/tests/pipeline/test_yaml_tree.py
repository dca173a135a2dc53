"""Strict YAML: W18 of the web attack list, and I10."""

from __future__ import annotations

import time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.problem import BrokenBotFile
from pipeline.yaml_tree import MAX_ALIASES, MAX_BYTES, MAX_DEPTH, MAX_VALUES, read

ALIAS_BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(f'*{chr(97 + i)}' for _ in range(9))}]\n" for i in range(5)
)
MERGE_BOMB = "a: &a {x: 1}\nb: &b {<<: [*a, *a]}\nc: {<<: [*b, *b]}\n"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("a: !!python/object/apply:os.system [ls]", 1, "tags such as"),
        ("a: 1\nb: !custom x", 2, "tags such as"),
        ("a: !!str x", 1, "tags such as"),
        ("!!int a: x", 1, "tags such as"),
        (ALIAS_BOMB, 4, "5,000 values"),
        (MERGE_BOMB, 2, "merge keys are not allowed"),
        ("a: " + "[" * (MAX_DEPTH + 5), 1, "levels deep"),
        ("a: " + "{b: " * (MAX_DEPTH + 5), 1, "levels deep"),
        ("a: &a x\nb: [" + ", ".join(["*a"] * (MAX_ALIASES + 1)) + "]", 2, "aliases"),
        ("a: [" + "x, " * (MAX_VALUES + 1) + "]", 1, "5,000 values"),
        ("a: &a [*a]", 1, "stands inside itself"),
        ("a: *b", 1, "stands for nothing"),
        ("a: " + "x" * MAX_BYTES, 1, "65,536"),
        ("a: 1\nb: 2\na: 3", 3, "given twice; the first is on line 1"),
        ("a: x\nb: y\0z", 2, "U+0000"),
        ("a: x\nb: \ud800", 2, "U+D800"),
        ("a:\n\tb: 1", 2, "this is not YAML: a tab stands here; indent with spaces"),
        ("a: @ada", 1, "a text that begins with this sign must be in quotes"),
        ("a: 1\nb: Hi: there", 2, "put a text with one in quotes"),
        ('a: 1\nb: "x\nc: 1\nd: 2\n', 2, "the quote that opens here is never closed"),
        ("a: 1\nname\nb: 2", 2, "a key needs a `:` and a space behind it"),
        ("a:\n   b: x\n  c: y", 3, "indented differently"),
        ("a: 'it's'", 1, "quotes of the other kind"),
        ("a: [1, 2\nb: 3", 2, "not closed with `]`"),
        ("a: {x: 1\nb: 3", 2, "not closed with `}`"),
        ("a: }", 1, "expected the node content"),
        ("a: yes", 1, "true or false to some readers"),
        ("a: Off", 1, "true or false to some readers"),
        ("a: 1:30", 1, "different numbers"),
        ("a: 0x1F", 1, "different numbers"),
        ("a: 0o17", 1, "different numbers"),
        ("a: 017", 1, "different numbers"),
        ("a: 1_000", 1, "different numbers"),
        ("a: .inf", 1, "different numbers"),
        ("a: " + "9" * 400, 1, "different numbers"),
        ("a: 2026-11-20", 1, "would become a date"),
        ("a: 2026-11-20 09:41:00", 1, "would become a date"),
        ("a: [1, 2", 1, "this is not YAML"),
        ("a: 1\nb: {say: May I?, by: asker}", 2, 'put a text that ends with a question mark in quotes: "May I?"'),
        ("a: 'x", 1, "this is not YAML"),
        ('a: "\\UFFFFFFFF"', 1, "this is not YAML"),
        ("%YAML 9.9\n---\na: 1", 1, "this is not YAML"),
        ("a: 1\n---\nb: 2", 2, "one document"),
        ("? [a, b]\n: 1", 1, "a key must be text"),
        ("? {a: b}\n: 1", 1, "a key must be text"),
        ("k" * 300 + ": 1", 1, "200 characters"),
    ],
)
def test_it_refuses_what_is_not_plain_yaml(text: str, line: int, says: str) -> None:
    """I10, W18: each with its line."""
    began = time.monotonic()
    with pytest.raises(BrokenBotFile) as caught:
        read(text, "bad.yaml")
    assert time.monotonic() - began < 2
    problem = caught.value.problems[0]
    assert (problem.file, problem.line) == ("bad.yaml", line)
    assert says in problem.message


def test_it_reads_plain_values_with_their_types() -> None:
    text = (
        "\ufeffa: 1\nb: -2.5\nc: true\nd: ~\ne:\nf: \"yes\"\ng: '2026-11-20'\nh: 1e3\n"
        "i: [x, {y: z}]\nj: |\n  two\n  lines\non: key\nk: v1.2\nl: 10:99x\n"
    )
    assert read(text, "f").plain() == {
        "a": 1,
        "b": -2.5,
        "c": True,
        "d": None,
        "e": None,
        "f": "yes",
        "g": "2026-11-20",
        "h": 1000.0,
        "i": ["x", {"y": "z"}],
        "j": "two\nlines\n",
        "on": "key",
        "k": "v1.2",
        "l": "10:99x",
    }


def test_it_knows_the_line_of_every_value() -> None:
    tree = read("a:\n  - x\n  - b: 1\n    c:\n      d: 2\n", "f")
    assert [tree.line_of(path) for path in [("a",), ("a", 0), ("a", 1, "c"), ("a", 1, "c", "d"), ("a", 7), ("nowhere", "x")]] == [
        1,
        2,
        4,
        5,
        2,
        1,
    ]


def test_an_alias_repeats_what_it_stands_for() -> None:
    assert read("a: &x {b: 1}\nc: *x\n", "f").plain() == {"a": {"b": 1}, "c": {"b": 1}}


def test_an_empty_file_is_an_empty_map() -> None:
    assert read("# nothing\n", "f").plain() == {}


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=400))
def test_any_text_at_all_is_read_or_refused_with_a_line(text: str) -> None:
    """I10."""
    _read_or_refuse(text)


_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**6), 10**6)
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
    | st.text(max_size=20)
)
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4), max_leaves=20
)


@settings(max_examples=200, deadline=None)
@given(_VALUES, st.booleans())
def test_what_a_yaml_writer_wrote_is_read_or_refused_with_a_line(value: object, flow: bool) -> None:
    """I10."""
    _read_or_refuse(yaml.safe_dump(value, allow_unicode=True, default_flow_style=flow))


_NOISE = st.lists(
    st.sampled_from(
        [
            "name: ",
            "steps:",
            "\n",
            "  ",
            "- ",
            "{",
            "}",
            "[",
            "]",
            ": ",
            "&a ",
            "*a ",
            "!!x ",
            "<<: ",
            "'",
            '"',
            "|",
            ">",
            "#",
            "---",
            "? ",
            "\t",
            "%",
            "@",
            "Draft",
            "1",
            "é",
            "\x85",
        ]
    ),
    max_size=60,
)


@settings(max_examples=400, deadline=None)
@given(_NOISE)
def test_any_heap_of_yaml_signs_is_read_or_refused_with_a_line(signs: list[str]) -> None:
    """I10."""
    _read_or_refuse("".join(signs))


def _read_or_refuse(text: str) -> None:
    try:
        read(text, "any.yaml").plain()
    except BrokenBotFile as error:
        lines = len(text.splitlines()) + 1
        assert error.problems
        assert all(problem.file == "any.yaml" and 1 <= problem.line <= lines and problem.message for problem in error.problems)
