"""The only way out of the chat app.

A foreign endpoint must be public. Looking its name up once to check it and again to connect would let the name change in between, so
both are one step here, below HTTP and TLS: the name is resolved once, every address of it is checked, and one of exactly these is
connected to, while Host and the certificate are still those of the name. Redirects are not followed, proxies of the environment are
not used, and an answer has ten seconds and a megabyte, however slowly it drips.
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpcore
from django.conf import settings

from lib.addresses import is_public
from lib.errors import AnswerTooLarge, BadAnswer, EndpointRefused, TimedOut, Unreachable

SECONDS = 10.0
MOST_BYTES = 1_000_000
FOREIGN_PORTS = {443, 8443}
LONGEST_URL = 500
HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?\.?|[0-9a-f:.]+", re.IGNORECASE)
# 0177.0.0.1, 0x7f.1 and 2130706433 mean an address to some programs and a name to others.
NUMBERS = re.compile(r"(.*\.)?(0x[0-9a-f]*|[0-9]+)\.?", re.IGNORECASE)
DOTTED = re.compile(r"(0|[1-9][0-9]{0,2})(\.(0|[1-9][0-9]{0,2})){3}")

_deadline: ContextVar[float] = ContextVar("deadline")
_allowed: ContextVar[float] = ContextVar("allowed", default=SECONDS)
_making = threading.Lock()
_resolver = ThreadPoolExecutor(max_workers=8, thread_name_prefix="resolve")


@dataclass(frozen=True)
class Answer:
    """What came back, whatever its status; `headers` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def post_json(url: str, body: bytes, headers: Mapping[str, str], *, allow_private: bool = False) -> Answer:
    """POST these bytes of JSON. `allow_private` is for endpoints the operator has named; BOT_API and BOT_ENDPOINTS always are."""
    parts = _read(url)
    trusted = allow_private or is_trusted(url)
    if not trusted:
        _check_foreign(parts)
    with _making:  # the cache alone lets threads that come first together make a pool each, and lose all but one
        pool = _pool(trusted=trusted)
    sent: dict[bytes | str, bytes | str] = {
        "content-type": "application/json",
        "accept-encoding": "identity",
        "user-agent": "Parley/1",
    }
    sent.update(headers.items())
    _deadline.set(time.monotonic() + SECONDS)
    with _errors_of_ours(SECONDS):
        try:
            return _exchange(pool, url, body, sent)
        except (httpcore.RemoteProtocolError, httpcore.ReadError, httpcore.WriteError):
            # A kept connection that the other side closed at the same moment. Once more; a delivery is safe to repeat.
            return _exchange(pool, url, body, sent)


@contextmanager
def ask(
    method: str, url: str, body: bytes, headers: Mapping[str, str], *, seconds: float, most: int = MOST_BYTES
) -> Iterator[tuple[int, Iterator[bytes]]]:
    """(status, chunks as they come) of a request to an address of the operator's own, in one thread and with this much time. `most`: how
    many bytes may come."""
    if not is_trusted(url):
        raise EndpointRefused("Only an address that the operator has named is asked.")
    with _making:
        pool = _pool(trusted=True)
    sent: dict[bytes | str, bytes | str] = {"content-type": "application/json", "accept-encoding": "identity", "user-agent": "Parley/1"}
    sent.update(headers.items())
    _deadline.set(time.monotonic() + seconds)
    _allowed.set(seconds)
    waiting = {"timeout": {"pool": seconds}}
    try:
        with _errors_of_ours(seconds), ExitStack() as open_ones:
            try:
                response = open_ones.enter_context(pool.stream(method, url, headers=sent, content=body, extensions=waiting))
            except (httpcore.RemoteProtocolError, httpcore.ReadError, httpcore.WriteError):  # as above; what is asked is safe to repeat
                response = open_ones.enter_context(pool.stream(method, url, headers=sent, content=body, extensions=waiting))
            yield response.status, _limited(response.iter_stream(), most)
    finally:
        _allowed.set(SECONDS)


@contextmanager
def _errors_of_ours(seconds: float) -> Iterator[None]:
    """The one place where the library's errors become ours."""
    try:
        yield
    except httpcore.TimeoutException as error:
        raise TimedOut(f"No whole answer within {seconds:.0f} seconds.") from error
    except httpcore.ConnectError as error:
        raise Unreachable(f"Nobody could be reached there: {error}") from error
    except (httpcore.ProtocolError, httpcore.NetworkError) as error:
        raise BadAnswer("The connection broke off, or what came back is no HTTP.") from error


def check_endpoint(url: str) -> None:
    """Refuse, with the reason, an address that no delivery may go to: at registration, before there is anything to deliver."""
    parts = _read(url)
    if is_trusted(url):
        return
    _check_foreign(parts)
    _deadline.set(time.monotonic() + SECONDS)
    _checked_addresses(parts.hostname or "", _port(parts))


def is_trusted(url: str) -> bool:
    """Whether the operator has named this host and port."""
    parts = _read(url)
    ours = urlsplit(settings.BOT_API)
    named = {(ours.hostname or "").lower() + f":{_port(ours)}", *(entry.lower() for entry in settings.BOT_ENDPOINTS)}
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{host}:{_port(parts)}" in named or f"{parts.hostname}:{_port(parts)}" in named


def _read(url: str) -> SplitResult:
    """The parts of an address that every reader of it understands the same way; anything else is refused."""
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or re.search(r"[\s\\#@<>\"^`{|}]", url):
        raise EndpointRefused(
            "An endpoint is an address such as https://bots.example.org/mine: ASCII, at most 500 characters, "
            "without user name, fragment, spaces and backslashes."
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise EndpointRefused("The endpoint's host or port cannot be read.") from error
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or not HOST.fullmatch(host) or port == 0:
        raise EndpointRefused("An endpoint starts with https:// and a host name.")
    if NUMBERS.fullmatch(host) and ":" not in host and not DOTTED.fullmatch(host):
        raise EndpointRefused("Write a numeric host as four plain numbers, such as 192.0.2.1.")
    return parts


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _check_foreign(parts: SplitResult) -> None:
    if parts.scheme != "https":
        raise EndpointRefused("An endpoint must use https, unless the operator names its host and port in BOT_ENDPOINTS.")
    if _port(parts) not in FOREIGN_PORTS:
        raise EndpointRefused("An endpoint must use port 443 or 8443, unless the operator names its host and port in BOT_ENDPOINTS.")


def _resolved(host: str, port: int) -> list[str]:
    """The addresses of a host, in the order to try them."""
    try:
        found = _resolver.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM).result(timeout=_left())
    except (OSError, UnicodeError) as error:
        if isinstance(error, TimeoutError):
            raise TimedOut(f"Looking up {host} took too long.") from error
        raise Unreachable(f"There is no host {host}.") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _checked_addresses(host: str, port: int) -> list[str]:
    """The same, refused when any of them leads inside: a name with one good and one bad address is an attempt."""
    addresses = _resolved(host, port)
    if not addresses or not all(map(is_public, addresses)):
        raise EndpointRefused(f"{host} leads to a private address. The operator can name its host and port in BOT_ENDPOINTS.")
    return addresses


def _left() -> float:
    left = _deadline.get() - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout(f"No whole answer within {_allowed.get():.0f} seconds.")
    return left


class TimedStream(httpcore.NetworkStream):
    """A connection on which every read and write ends at the deadline of the request, so that a slow drip does not start it anew."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None) -> TimedStream:
        return TimedStream(self._stream.start_tls(ssl_context, server_hostname, _left()))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class Connector(httpcore.SyncBackend):
    """Resolves, checks and connects in one step."""

    def __init__(self, *, trusted: bool) -> None:
        self._trusted = trusted

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> TimedStream:
        addresses = _resolved(host, port) if self._trusted else _checked_addresses(host, port)
        for last, address in enumerate(addresses, start=1 - len(addresses)):
            try:
                return TimedStream(super().connect_tcp(address, port, _left(), local_address, socket_options))
            except httpcore.ConnectError:
                if last == 0:
                    raise
        raise httpcore.ConnectError(f"{host} has no address.")


@cache
def _pool(*, trusted: bool) -> httpcore.ConnectionPool:
    return httpcore.ConnectionPool(
        ssl_context=httpcore.default_ssl_context(), max_connections=64, keepalive_expiry=30, network_backend=Connector(trusted=trusted)
    )


def _exchange(pool: httpcore.ConnectionPool, url: str, body: bytes, headers: dict[bytes | str, bytes | str]) -> Answer:
    waiting = {"timeout": {"pool": _left()}}
    with pool.stream("POST", url, headers=headers, content=body, extensions=waiting) as response:
        received = b"".join(_limited(response.iter_stream()))
        names = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
        return Answer(response.status, names, received)


def _limited(chunks: Iterable[bytes], most: int = MOST_BYTES) -> Iterator[bytes]:
    received = 0
    for chunk in chunks:
        received += len(chunk)
        if received > most:
            raise AnswerTooLarge(f"The answer has more than {most:,} bytes.")
        yield chunk
