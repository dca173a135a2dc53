"""A bot folder of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from manager.library import Library
from pipeline.loader import Loader, Trust


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(Loader(tmp_path, Trust()))
