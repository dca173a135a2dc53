"""Where sockets talk to the database: threads of their own.

Django's own bridge runs all "thread-sensitive" calls of a process on one thread: twenty sockets that each ask for 0.2 s would wait 4 s.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from channels.db import database_sync_to_async

P = ParamSpec("P")
R = TypeVar("R")

# As many as PostgreSQL's pool gives this process, less what the pages need.
THREADS = ThreadPoolExecutor(max_workers=4, thread_name_prefix="sockets")


async def in_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call it off the event loop, and give its database connection back to the pool afterwards."""
    found: R = await database_sync_to_async(function, thread_sensitive=False, executor=THREADS)(*args, **kwargs)
    return found
