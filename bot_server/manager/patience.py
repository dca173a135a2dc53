"""Work that may never end, such as a step that loops: whoever asked for it goes on without it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import TypeVar

Found = TypeVar("Found")

# A thread that hangs cannot be ended. So many of them do no harm; beyond that nothing more is begun.
AT_ONCE = 48


class Hangs(Exception):
    """It did not end, and goes on by itself; or so much hangs that it was not begun."""


class Patience:
    """Does work in threads of its own and waits for it, as long as it is given."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._free = threading.BoundedSemaphore(at_once)

    def wait_for(self, work: Callable[[], Found], seconds: float) -> Found:
        """What the work comes to, or what it raises. Raises Hangs."""
        if not self._free.acquire(blocking=False):
            raise Hangs("it was not run: too much of what was tried before never ended, until the bot server starts anew")
        found: Future[Found] = Future()
        threading.Thread(target=self._do, args=(work, found), name="patience", daemon=True).start()
        try:
            return found.result(seconds)
        except TimeoutError:
            if found.done():
                raise
            raise Hangs(f"it did not end within {seconds:.0f} s") from None

    def _do(self, work: Callable[[], Found], found: Future[Found]) -> None:
        tell: Callable[[], None]
        try:
            tell = partial(found.set_result, work())
        except BaseException as error:  # noqa: BLE001 (it is raised where somebody waits for it)
            tell = partial(found.set_exception, error)
        self._free.release()
        tell()
