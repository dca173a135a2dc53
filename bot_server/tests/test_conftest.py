"""The closed network of these tests."""

from __future__ import annotations

import socket

import pytest


@pytest.mark.parametrize("address", [("93.184.215.14", 443), ("10.0.0.1", 80), ("example.org", 443)])
def test_a_test_cannot_leave_this_machine(address: tuple[str, int]) -> None:
    with socket.socket() as made, pytest.raises(AssertionError, match="A test tried to connect"):
        made.connect(address)


def test_a_test_cannot_ask_a_name_server() -> None:
    with pytest.raises(AssertionError, match="A test tried to look up"):
        socket.create_connection(("example.org", 443))


def test_a_test_can_reach_this_machine() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as made:
        assert made.getpeername() == server.getsockname()
