"""A pytest plugin: each of the processes that run tests side by side has its own Redis and its own folders.

It is loaded before Django reads the environment. The name of the lane comes from pytest-xdist; a run in one process has none.
"""

from __future__ import annotations

import os
from pathlib import Path

FOLDERS = ("MEDIA_ROOT", "EMAIL_FILES", "STATIC_ROOT")


def _take(lane: str) -> None:
    os.environ["REDIS_PORT"] = os.environ["REDIS_PORTS"].split(",")[int(lane.removeprefix("gw"))]
    for name in FOLDERS:
        folder = Path(os.environ[name])
        os.environ[name] = str(folder.with_name(f"{folder.name}-{lane}"))


if "PYTEST_XDIST_WORKER" in os.environ:
    _take(os.environ["PYTEST_XDIST_WORKER"])
