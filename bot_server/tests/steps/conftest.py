"""For the tests of steps: connections to model servers are closed after each test."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def closed_connections() -> Iterator[None]:
    yield
    client = sys.modules.get("dosaku.services.openai_chat.client")
    if client:
        client.close()
