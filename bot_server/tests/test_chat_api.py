"""The client of the chat app, against a real server."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from chat_api import ChatApi
from errors import AnswerRefused, OutboundError, StaleAttempt, Unreachable
from testing import chat_server
from testing.chat_server import ChatServer


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with chat_server.running() as running:
        yield running


@pytest.fixture
def api(server: ChatServer) -> Iterator[ChatApi]:
    api = ChatApi(server.url, "parley_test_token")
    yield api
    api.close()


def test_a_reply_is_posted_once_however_often_it_is_sent(server: ChatServer, api: ChatApi) -> None:
    """P8."""
    for _ in range(3):
        api.reply("r1", 1, "4.0", "hello", {})
    assert server.room.replies == {"r1": {"4.0": "hello"}}


def test_what_the_app_cannot_store_is_replaced_one_for_one(server: ChatServer, api: ChatApi) -> None:
    """I10. One for one: offsets of drafts count characters."""
    api.reply("r1", 1, "4.0", "nul \0, half \ud800, \\u0000 as text", {})
    assert server.room.replies == {"r1": {"4.0": "nul \ufffd, half \ufffd, \\u0000 as text"}}
    api.outcome("r1", 1, {"outcome": "silent", "steps": [{"index": 0, "prompt": [{"content": "\0"}]}]})
    assert server.room.outcomes["r1"]["steps"][0]["prompt"] == [{"content": "\ufffd"}]


def test_a_stale_attempt_is_no_error_like_the_others(server: ChatServer, api: ChatApi) -> None:
    """P8."""
    server.room.attempts["r1"] = 2
    with pytest.raises(StaleAttempt):
        api.reply("r1", 1, "4.0", "hello", {})
    assert server.room.replies == {}


def test_it_goes_on_trying_while_the_app_is_away(server: ChatServer, api: ChatApi) -> None:
    server.room.away = True
    posting = threading.Thread(target=api.reply, args=("r1", 1, "4.0", "hello", {}))
    posting.start()
    assert server.room.wait(lambda: len(server.room.requests) >= 3)
    server.room.away = False
    posting.join(10)
    assert server.room.replies == {"r1": {"4.0": "hello"}}


def test_it_stops_trying_when_nobody_wants_it_any_more(server: ChatServer, api: ChatApi) -> None:
    server.room.away = True
    with pytest.raises(AnswerRefused):
        api.reply("r1", 1, "4.0", "hello", {}, give_up=lambda: True)
    assert len(server.room.requests) == 1


def test_closing_it_ends_the_waiting(server: ChatServer, api: ChatApi) -> None:
    server.room.away = True
    failed: list[BaseException] = []

    def post() -> None:
        try:
            api.reply("r1", 1, "4.0", "hello", {})
        except OutboundError as error:
            failed.append(error)

    posting = threading.Thread(target=post)
    posting.start()
    assert server.room.wait(lambda: len(server.room.requests) >= 2)
    began = time.monotonic()
    api.close()
    posting.join(10)
    assert not posting.is_alive()
    assert len(failed) == 1
    assert time.monotonic() - began < 5


def test_a_no_is_said_in_the_apps_words(server: ChatServer, api: ChatApi) -> None:
    server.room.refuse["echo"] = 403
    with pytest.raises(AnswerRefused, match=r"answered 403: The name belongs to somebody else") as caught:
        api.register("echo", chat_server.example("registration")["request"])
    assert (caught.value.status, caught.value.permanent) == (403, True)


def test_nobody_there_is_unreachable() -> None:
    with chat_server.running() as server:
        url = server.url
    with pytest.raises(Unreachable):
        ChatApi(url, "x").drafts([])


def test_it_finds_the_live_version_of_a_bot(server: ChatServer, api: ChatApi) -> None:
    for number in range(3):
        server.room.publish("echo", f"yaml {number}")
    assert api.live_version("echo") == {"number": 3, "yaml": "yaml 2", "code_hash": ""}
    assert api.live_version("nobody") is None


def test_many_threads_share_it(server: ChatServer, api: ChatApi) -> None:
    threads = [threading.Thread(target=api.reply, args=(f"r{number}", 1, "0.0", "x", {})) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(server.room.replies) == 40
