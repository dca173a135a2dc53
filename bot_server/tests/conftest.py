"""For all tests of the bot server: no way out of this machine."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from typing import Any

import pytest

_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex


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


@pytest.fixture(autouse=True)
def closed_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Connections to anything but this machine fail the test."""

    def connect(self: socket.socket, address: Any) -> None:
        if not _is_loopback(self, address):
            raise NetworkClosedError(f"A test tried to connect to {address}.")
        _connect(self, address)

    def connect_ex(self: socket.socket, address: Any) -> int:
        if not _is_loopback(self, address):
            raise NetworkClosedError(f"A test tried to connect to {address}.")
        return _connect_ex(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket.socket, "connect_ex", connect_ex)
    yield
