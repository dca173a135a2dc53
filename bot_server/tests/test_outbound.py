"""The only way out: bounds and errors."""

from __future__ import annotations

import select
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import outbound
from errors import AnswerRefused, AnswerTimedOut, AnswerTooBig, Unreachable

Server = Callable[[Callable[[socket.socket, int], None]], str]


@pytest.fixture
def serving() -> Iterator[Server]:
    """Starts a server that treats each request as the given function says; the function gets the socket and the request's number."""
    servers: list[socketserver.ThreadingTCPServer] = []

    def start(treat: Callable[[socket.socket, int], None]) -> str:
        numbers = iter(range(100))

        class Connection(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                while self.request.recv(65536):
                    treat(self.request, next(numbers))

        class Listening(socketserver.ThreadingTCPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Clients that break off are expected."""

        server = Listening(("127.0.0.1", 0), Connection)
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def _whole(status: str, body: bytes = b"", *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers, "", ""]).encode() + body


def test_it_reads_a_whole_answer(serving: Server) -> None:
    url = serving(lambda connection, _: connection.sendall(_whole("200 OK", b"{}", "x-run: 7")))
    with outbound.client(url) as through:
        answer = outbound.send(through, "POST", "/steps", json={})
    assert (answer.status, answer.headers["x-run"], answer.body) == (200, "7", b"{}")


@pytest.mark.parametrize(("status", "permanent"), [("302 Found", True), ("404 Not Found", True), ("503 Away", False), ("429 Slow", False)])
def test_a_status_that_says_no_is_an_error_that_carries_it(serving: Server, status: str, permanent: bool) -> None:
    url = serving(lambda connection, _: connection.sendall(_whole(status, b"why", "location: http://127.0.0.1/", "retry-after: 4")))
    with outbound.client(url) as through, pytest.raises(AnswerRefused) as caught:
        outbound.send(through, "GET", "/")
    assert (caught.value.status, caught.value.body, caught.value.permanent, caught.value.retry_after) == (
        int(status[:3]),
        b"why",
        permanent,
        4,
    )


@pytest.mark.parametrize(
    ("said", "seconds"), [("7", 7), ("1.5", 1.5), ("999999", 86_400), ("inf", None), ("nan", None), ("-1", None), ("", None)]
)
def test_i10_a_retry_after_that_is_no_number_is_none(serving: Server, said: str, seconds: float | None) -> None:
    url = serving(lambda connection, _: connection.sendall(_whole("503 Away", b"", f"retry-after: {said}")))
    with outbound.client(url) as through, pytest.raises(AnswerRefused) as caught:
        outbound.send(through, "GET", "/")
    assert caught.value.retry_after == seconds


def test_f10_a_body_without_end_is_bounded(serving: Server) -> None:
    def pour(connection: socket.socket, _: int) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with outbound.client(serving(pour)) as through, pytest.raises(AnswerTooBig):
        outbound.send(through, "GET", "/")


def test_f10_a_body_that_drips_is_bounded(serving: Server) -> None:
    def drip(connection: socket.socket, _: int) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        for _ in range(1000):
            connection.sendall(b"x")
            select.select([], [], [], 0.05)  # the attack: a byte now and then keeps every single read short

    started = time.monotonic()
    with outbound.client(serving(drip)) as through, pytest.raises(AnswerTimedOut):
        outbound.send(through, "GET", "/", seconds=0.4)
    assert time.monotonic() - started < 2


def test_a_connection_that_died_while_it_was_kept_is_replaced(serving: Server) -> None:
    def close_the_second(connection: socket.socket, number: int) -> None:
        if number == 1:
            connection.close()
        else:
            connection.sendall(_whole("200 OK", b"ok"))

    with outbound.client(serving(close_the_second)) as through:
        assert outbound.send(through, "GET", "/").body == b"ok"
        assert outbound.send(through, "GET", "/").body == b"ok"


def test_nobody_there_is_said(serving: Server) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with outbound.client(f"http://127.0.0.1:{taken.getsockname()[1]}") as through, pytest.raises(Unreachable) as caught:
            outbound.send(through, "GET", "/")
    assert not caught.value.permanent


def test_proxies_of_the_environment_are_not_used(serving: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    url = serving(lambda connection, _: connection.sendall(_whole("200 OK")))
    with outbound.client(url) as through:
        assert outbound.send(through, "GET", "/").status == 200
