"""A pytest plugin: tests with a browser come last.

Playwright keeps an event loop running in the main thread from its first test to the end of the session, and beside it no
asynchronous test of ours can run.
"""

from __future__ import annotations

import pytest


@pytest.hookimpl(trylast=True)  # after pytest-django, which puts the tests by what they need of the database
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: "browser" in getattr(item, "fixturenames", ()))
