"""W7, W8 and F10: the way out, with real sockets where it matters and a scripted resolver where the name must lie."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpcore
import pytest

from lib import outbound
from lib.errors import AnswerTooLarge, BadAnswer, EndpointRefused, TimedOut, Unreachable
from lib.outbound import check_endpoint, is_trusted, post_json

OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"

REFUSED = [
    "http://bots.example/x",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://0300.0250.0.1/",
    "https://①②⑦.0.0.1/",
    "https://127。0。0。1/",
    "https://[::1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[2002:7f00:1::]/",
    "https://[::127.0.0.1]/",
    "https://[fe80::1%25eth0]/",
    "https://[ff02::1]/",
    "https://0.0.0.0/",
    "https://169.254.169.254/latest/meta-data/",
    "https://100.64.0.1/",
    "https://10.0.0.1:8443/",
    "https://localhost/",
    "https://localhost./",
    "https://LOCALHOST/",
    "https://user@bots.example/",
    "https://user:pass@bots.example/",
    "https://bots.example@127.0.0.1/",
    "https://127.0.0.1#@bots.example/",
    "https://bots.example#@127.0.0.1/",
    "https://bots.example\\@127.0.0.1/",
    "https:\\\\127.0.0.1/",
    "https://bots.example /",
    "https://bots.example\t/",
    "https://bots.example/\r\nX-Evil: 1",
    "https://bötchen.example/",
    "https://bots.example:22/",
    "https://bots.example:6379/",
    "https://bots.example:80/",
    "https://bots.example:0/",
    "https://bots.example:99999/",
    "https://bots.example:x/",
    "file:///secret",
    "gopher://bots.example/",
    "ftp://bots.example/",
    "//bots.example/",
    "bots.example",
    "https://",
    "https:///x",
    "https://-/",
    "",
    "https://bots.example/" + "x" * 500,
]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """The resolver: names to addresses. A name that is not in it does not exist; numbers resolve to themselves."""
    known = {"bots.example": ["93.184.216.34"], "localhost": ["127.0.0.1", "::1"], "localhost.": ["127.0.0.1"]}
    real = socket.getaddrinfo

    def resolve(host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
        if host.lower() not in known:
            return real(host, port, flags=socket.AI_NUMERICHOST, type=socket.SOCK_STREAM)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in known[host.lower()]]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return known


@pytest.fixture(autouse=True)
def no_kept_connections() -> Iterator[None]:
    yield
    for trusted in (True, False):
        outbound._pool(trusted=trusted).close()
    outbound._pool.cache_clear()


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that connections were opened to. None of them is really opened."""
    calls: list[str] = []

    def connect(self: Any, host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        calls.append(host)
        return stream_of(OK)

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    return calls


class Recorded(httpcore.MockStream):
    """A scripted connection that remembers what was sent and for which name TLS was begun."""

    sent: list[bytes]
    names: list[str | None]

    def __init__(self, buffer: list[bytes]) -> None:
        super().__init__(buffer)
        self.sent, self.names = [], []

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.sent.append(buffer)

    def start_tls(self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None) -> Recorded:
        self.names.append(server_hostname)
        return self


STREAMS: list[Recorded] = []


def stream_of(*chunks: bytes) -> Recorded:
    STREAMS.append(Recorded(list(chunks)))
    return STREAMS[-1]


@pytest.fixture
def server() -> Iterator[Callable[..., str]]:
    """Real servers on this machine. Each takes a function from (connection, number of the connection) to what it does."""
    listeners: list[socket.socket] = []

    def serve(behave: Callable[[socket.socket, int], None]) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def loop() -> None:
            number = 0
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                number += 1
                threading.Thread(target=quietly, args=(behave, connection, number), daemon=True).start()

        threading.Thread(target=loop, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/bot"

    def quietly(behave: Callable[[socket.socket, int], None], connection: socket.socket, number: int) -> None:
        with connection:
            try:
                behave(connection, number)
            except OSError:
                return  # the client hung up, as some of these tests want it to

    yield serve
    for listener in listeners:
        listener.close()


def request_of(connection: socket.socket) -> bytes:
    """One whole request with a body of at most a few bytes."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    return received


@pytest.mark.parametrize("url", REFUSED)
def test_w7_a_bad_endpoint_is_refused_at_registration_and_never_called(url: str, names: Any, dialled: list[str]) -> None:
    with pytest.raises((EndpointRefused, Unreachable)):
        check_endpoint(url)
    with pytest.raises((EndpointRefused, Unreachable)):
        post_json(url, b"{}", {})
    assert dialled == []


@pytest.mark.parametrize(
    "url", ["https://bots.example/mine", "https://bots.example:8443/", "https://bots.example:443/x?y=1", "https://8.8.8.8/"]
)
def test_a_public_https_endpoint_is_taken(url: str, names: Any) -> None:
    check_endpoint(url)


def test_w7_one_private_address_among_public_ones_refuses_the_name(names: dict[str, list[str]], dialled: list[str]) -> None:
    names["bots.example"] = ["93.184.216.34", "10.0.0.1"]
    for call in (lambda: check_endpoint("https://bots.example/"), lambda: post_json("https://bots.example/", b"{}", {})):
        with pytest.raises(EndpointRefused, match="private address"):
            call()
    assert dialled == []


def test_w7_a_name_that_turns_private_after_registration_is_not_called(names: dict[str, list[str]], dialled: list[str]) -> None:
    check_endpoint("https://bots.example/")
    names["bots.example"] = ["169.254.169.254"]
    with pytest.raises(EndpointRefused):
        post_json("https://bots.example/", b"{}", {})
    assert dialled == []


def test_w7_the_address_that_was_checked_is_the_one_that_is_called(
    monkeypatch: pytest.MonkeyPatch, names: dict[str, list[str]], dialled: list[str]
) -> None:
    """A rebinding name answers well once and badly ever after; there is no second question."""
    asked: list[str] = []
    resolve = socket.getaddrinfo

    def rebind(host: str, *args: Any, **kwargs: Any) -> Any:
        asked.append(host)
        names["bots.example"] = ["93.184.216.34"] if len(asked) == 1 else ["127.0.0.1"]
        return resolve(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", rebind)
    assert post_json("https://bots.example/", b"{}", {}).status == 200
    assert asked == ["bots.example"]
    assert dialled == ["93.184.216.34"]


def test_w7_host_and_certificate_are_still_those_of_the_name(names: Any, dialled: list[str]) -> None:
    post_json("https://bots.example:8443/mine?x=1", b'{"a":1}', {"X-Parley-Timestamp": "1"})
    stream = STREAMS[-1]
    head = b"".join(stream.sent)
    assert stream.names == ["bots.example"]
    assert b"POST /mine?x=1 HTTP/1.1\r\n" in head
    assert b"Host: bots.example:8443\r\n" in head
    assert b"X-Parley-Timestamp: 1\r\n" in head and head.endswith(b'{"a":1}')


def test_w8_nothing_of_ours_but_the_given_headers_is_sent(names: Any, dialled: list[str], settings: Any) -> None:
    post_json("https://bots.example/", b"{}", {"X-Parley-Signature": "sha256=00"})
    sent = b"".join(STREAMS[-1].sent).lower()
    headers = {line.split(b":")[0] for line in sent.split(b"\r\n\r\n")[0].split(b"\r\n")[1:]}
    assert headers == {b"host", b"content-type", b"content-length", b"accept-encoding", b"user-agent", b"x-parley-signature"}


def test_w7_a_redirect_is_an_answer_and_is_not_followed(server: Callable[..., str]) -> None:
    calls: list[int] = []

    def redirect(connection: socket.socket, number: int) -> None:
        calls.append(number)
        request_of(connection)
        connection.sendall(b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n")

    answer = post_json(server(redirect), b"{}", {}, allow_private=True)
    assert (answer.status, answer.headers["location"], calls) == (302, "http://127.0.0.1:1/", [1])


def test_w7_proxies_of_the_environment_are_not_used(server: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert post_json(server(answer_ok), b"{}", {}, allow_private=True).status == 200


def answer_ok(connection: socket.socket, number: int) -> None:
    request_of(connection)
    connection.sendall(OK)


def test_w7_the_operators_own_endpoints_may_be_private(server: Callable[..., str], settings: Any) -> None:
    url = server(answer_ok)
    with pytest.raises(EndpointRefused):
        check_endpoint(url)
    settings.BOT_ENDPOINTS = [url.removeprefix("http://").removesuffix("/bot")]
    check_endpoint(url)
    assert post_json(url, b"{}", {}).status == 200


def test_w7_only_the_named_host_and_port_is_trusted(settings: Any) -> None:
    settings.BOT_API = "http://bots:3001"
    settings.BOT_ENDPOINTS = ["10.0.0.5:9000", "[fd00::1]:9000"]
    assert [is_trusted(url) for url in ("http://bots:3001/bots/echo", "http://10.0.0.5:9000/", "http://[fd00::1]:9000/")] == [True] * 3
    for url in (
        "http://bots:3002/",
        "http://bots/",
        "http://10.0.0.5/",
        "http://10.0.0.5:9001/",
        "http://xbots:3001/",
        "http://bots.x:3001/",
    ):
        assert not is_trusted(url)


def test_a_connection_is_kept_and_used_again(server: Callable[..., str]) -> None:
    connections: list[int] = []

    def keep(connection: socket.socket, number: int) -> None:
        connections.append(number)
        while True:
            request_of(connection)
            connection.sendall(OK)

    url = server(keep)
    assert [post_json(url, b"{}", {}, allow_private=True).status for _ in range(3)] == [200] * 3
    assert connections == [1]


def test_a_kept_connection_that_breaks_is_replaced_without_anybody_noticing(server: Callable[..., str]) -> None:
    def once_then_hang_up(connection: socket.socket, number: int) -> None:
        request_of(connection)
        connection.sendall(OK)
        if number == 1:
            request_of(connection)  # takes the second request and hangs up without an answer

    url = server(once_then_hang_up)
    assert [post_json(url, b"{}", {}, allow_private=True).status for _ in range(2)] == [200, 200]


@pytest.mark.parametrize(
    "drip",
    [lambda sent: b"H" if not sent else b"x", lambda sent: OK.replace(b"length: 2", b"length: 99") if not sent else b"x"],
    ids=["head", "body"],
)
def test_f10_an_answer_that_drips_ends_at_the_deadline(
    server: Callable[..., str], monkeypatch: pytest.MonkeyPatch, drip: Callable[[int], bytes]
) -> None:
    monkeypatch.setattr(outbound, "SECONDS", 0.5)
    hung_up = threading.Event()

    def slowly(connection: socket.socket, number: int) -> None:
        request_of(connection)
        sent = 0
        while not hung_up.wait(0.05):
            connection.sendall(drip(sent))
            sent += 1

    started = time.monotonic()
    with pytest.raises(TimedOut):
        post_json(server(slowly), b"{}", {}, allow_private=True)
    hung_up.set()
    assert time.monotonic() - started < 2


def test_f10_an_answer_beyond_a_megabyte_is_cut_off(server: Callable[..., str]) -> None:
    def flood(connection: socket.socket, number: int) -> None:
        request_of(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with pytest.raises(AnswerTooLarge):
        post_json(server(flood), b"{}", {}, allow_private=True)


@pytest.mark.parametrize("rubbish", [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", b"\0" * 100_000])
def test_f10_what_is_no_http_is_a_bad_answer(server: Callable[..., str], rubbish: bytes) -> None:
    def speak(connection: socket.socket, number: int) -> None:
        request_of(connection)
        connection.sendall(rubbish)

    with pytest.raises(BadAnswer) as failure:
        post_json(server(speak), b"{}", {}, allow_private=True)
    assert not failure.value.permanent


def test_f10_a_tls_endpoint_that_is_none_is_unreachable(server: Callable[..., str]) -> None:
    def speak_plainly(connection: socket.socket, number: int) -> None:
        connection.sendall(OK)
        connection.recv(65536)

    with pytest.raises(Unreachable):
        post_json(server(speak_plainly).replace("http:", "https:"), b"{}", {}, allow_private=True)


def test_nobody_listening_and_no_such_host_are_unreachable(names: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unreachable):
        post_json(f"http://127.0.0.1:{port}/", b"{}", {}, allow_private=True)
    with pytest.raises(Unreachable, match="no host"):
        check_endpoint("https://nowhere.example/")


def test_an_error_status_is_an_answer(server: Callable[..., str]) -> None:
    def away(connection: socket.socket, number: int) -> None:
        request_of(connection)
        connection.sendall(b"HTTP/1.1 503 Away\r\nRetry-After: 7\r\ncontent-length: 0\r\n\r\n")

    answer = post_json(server(away), b"{}", {}, allow_private=True)
    assert (answer.status, answer.headers["retry-after"], answer.body) == (503, "7", b"")
