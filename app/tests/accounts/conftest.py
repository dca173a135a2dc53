from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache

from accounts.signals import access_revoked


@pytest.fixture(autouse=True)
def fresh_counts() -> Iterator[None]:
    """Nobody has guessed anything yet."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def revoked() -> Iterator[list[dict[str, Any]]]:
    """Every access_revoked that is sent."""
    heard: list[dict[str, Any]] = []

    def listen(sender: Any, signal: Any, **what: Any) -> None:
        heard.append(what)

    access_revoked.connect(listen)
    yield heard
    access_revoked.disconnect(listen)
