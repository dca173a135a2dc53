"""Several at the same moment, each with a database connection of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import close_old_connections, connection


def in_threads(jobs: list[Callable[[], Any]]) -> list[Any]:
    """Run them all at once, each with a database connection of its own."""

    def run(job: Callable[[], Any]) -> Any:
        close_old_connections()
        try:
            return job()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as threads:
        return list(threads.map(run, jobs))
