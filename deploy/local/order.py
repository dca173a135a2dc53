"""A pytest plugin: what takes long comes first, so that the lanes end together; tests with a browser come last.

Playwright keeps an event loop running in the main thread from its first test to the end of the session, and beside it no
asynchronous test of ours can run.
"""

from __future__ import annotations

from collections import Counter

import pytest

# Folders whose tests start whole programs, and kill them.
LONG = ("app/tests/system/", "bot_server/tests/processes/", "deploy/tests/", "bench/tests/")


@pytest.hookimpl(trylast=True)  # after pytest-django, which puts the tests by what they need of the database
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    with_browser = {item.path for item in items if "browser" in getattr(item, "fixturenames", ())}
    _must_differ(items)
    items.sort(key=lambda item: (item.path in with_browser, not item.nodeid.startswith(LONG), item.path))


def _must_differ(items: list[pytest.Item]) -> None:
    """The lanes know tests by their ids: of two with one id, only one would run, and nobody would hear of it."""
    twice = [name for name, times in Counter(item.nodeid for item in items).items() if times > 1]
    if twice:
        raise pytest.UsageError(f"These tests share an id with another: {', '.join(twice)}. Give them ids of their own.")
