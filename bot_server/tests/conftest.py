"""For all tests of the bot server: no way out of this machine."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from typing import Any

import pytest

_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex
_getaddrinfo = socket.getaddrinfo


class NetworkClosedError(AssertionError):
    """A test tried to leave this machine."""


def _is_loopback(place: socket.socket, address: Any) -> bool:
    if place.family == socket.AF_UNIX:
        return True
    host = str(address[0])
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_numeric_or_local(host: Any) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name in {None, "", "localhost", socket.gethostname()} or ":" in name:
        return True
    try:
        socket.inet_aton(name)
    except OSError:
        return False
    return True


@pytest.fixture(autouse=True)
def closed_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Connections to anything but this machine fail the test, and so do questions to a name server."""

    def connect(self: socket.socket, address: Any) -> None:
        if not _is_loopback(self, address):
            raise NetworkClosedError(f"A test tried to connect to {address}.")
        _connect(self, address)

    def connect_ex(self: socket.socket, address: Any) -> int:
        if not _is_loopback(self, address):
            raise NetworkClosedError(f"A test tried to connect to {address}.")
        return _connect_ex(self, address)

    def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
        if not _is_numeric_or_local(host):
            raise NetworkClosedError(f"A test tried to look up {host!r}.")
        return _getaddrinfo(host, *arguments, **options)

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(socket.socket, "connect_ex", connect_ex)
    yield
