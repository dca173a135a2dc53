"""For tests of the shipped bots and their steps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.custom import CustomSteps
from steps import Step

pytest_plugins = ["testing.run_bot"]


@pytest.fixture(scope="session")
def custom() -> Callable[[str], type[Step]]:
    """The shipped step of this name, found as the loader finds it."""
    shipped = CustomSteps(Path(__file__).parents[1])

    def step(name: str) -> type[Step]:
        found = shipped.find(name)
        assert found, name
        return found.step

    return step
