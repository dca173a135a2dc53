"""The parser of the stream, fed with every way to cut it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dosaku.errors import ServiceError
from dosaku.services.openai_chat.stream import LONGEST_ANSWER, LONGEST_LINE, Chunk, Text, chunk_of, lines


async def _pieces(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def _all(data: bytes, size: int) -> list[bytes]:
    return [line async for line in lines(_pieces(data, size))]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_lines_are_the_same_however_the_bytes_arrive(size: int) -> None:
    data = "data: é\r\n\r\n: ping\ndata: 語\nhalf a line".encode()
    assert asyncio.run(_all(data, size)) == ["data: é".encode(), b"", b": ping", "data: 語".encode()]


def test_a_line_without_end_is_refused() -> None:
    with pytest.raises(ServiceError) as caught:
        asyncio.run(_all(b"x" * (LONGEST_LINE + 10), 100_000))
    assert caught.value.code == "stream_malformed"


@pytest.mark.parametrize("line", [b"", b": ping", b"event: message", b"id: 1", b"retry: 3", b"garbage"])
def test_lines_that_are_no_data_say_nothing(line: bytes) -> None:
    assert chunk_of(line) is None


def test_the_space_after_the_colon_may_be_missing() -> None:
    assert chunk_of(b'data:{"choices":[{"delta":{"content":"Hi"}}]}') == Chunk("Hi", progress=True)


def test_a_refusal_is_text_too() -> None:
    assert chunk_of(b'data: {"choices":[{"delta":{"refusal":"No."}}]}') == Chunk("No.", progress=True)


def test_done_is_not_json() -> None:
    assert chunk_of(b"data: [DONE]") == Chunk(done=True)


BAD = [b"{", b"[]", b'"text"', b"7", b"null", b'{"choices": 7}', b'{"choices": [7]}', b'{"choices": [{"delta": 7}]}', b"\xff\xfe"]
BAD += [
    b'{"choices": [{"delta": {"content": 7}}]}',
    b'{"choices": {"a": 1}}',
    b'{"usage": 7}',
    b'{"usage": {"prompt_tokens": "x"}}',
    b"[" * 100_000,
]


@pytest.mark.parametrize("data", BAD, ids=range(len(BAD)))
def test_i10_an_event_of_any_other_shape_is_malformed(data: bytes) -> None:
    with pytest.raises(ServiceError) as caught:
        chunk_of(b"data: " + data)
    assert caught.value.code == "stream_malformed"


def test_i10_token_counts_stay_within_reason() -> None:
    assert chunk_of(b'data: {"usage": {"prompt_tokens": -5, "completion_tokens": 99999999999999}}') == Chunk(tokens=(0, 1_000_000_000))


@given(st.binary(max_size=200))
def test_i10_no_bytes_break_the_parser(data: bytes) -> None:
    try:
        chunk_of(b"data: " + data)
    except ServiceError as error:
        assert error.code in {"stream_malformed", "stream_error"}


@pytest.mark.parametrize("error", [b'"boom"', b'{"message": "<script>"}', b'{"code": ["x"]}', b'{"type": "x y"}', b'{"code": 7}'])
def test_an_error_in_the_stream_is_said_without_quoting_it(error: bytes) -> None:
    with pytest.raises(ServiceError) as caught:
        chunk_of(b'data: {"error": ' + error + b"}")
    assert caught.value.explanation == "The model stopped in the middle of its answer (no reason)."


@given(st.lists(st.text(alphabet=st.characters(), max_size=5), max_size=20))
def test_whatever_the_pieces_the_text_can_be_stored(pieces: list[str]) -> None:
    text = Text()
    whole = "".join(text.take(piece) for piece in pieces)
    assert "\0" not in whole
    assert whole == whole.encode().decode()


@given(st.text(alphabet="a語😀", min_size=1, max_size=20), st.integers(1, 5))
def test_characters_cut_in_halves_come_out_whole(whole: str, size: int) -> None:
    halves = whole.encode("utf-16-le")
    units = [halves[start : start + 2].decode("utf-16-le", "surrogatepass") for start in range(0, len(halves), 2)]
    text = Text()
    assert "".join(text.take("".join(units[start : start + size])) for start in range(0, len(units), size)) == whole


def test_an_answer_without_end_is_stopped() -> None:
    text = Text()
    text.take("x" * LONGEST_ANSWER)
    with pytest.raises(ServiceError) as caught:
        text.take("x")
    assert (caught.value.code, caught.value.permanent) == ("answer_too_long", True)
