"""One event loop in a thread of its own, for work that must be stoppable while it waits for a network.

A thread that is blocked in a read cannot be stopped; a task of an event loop can, at any moment and in any phase
(name look-up, connecting, waiting for the first byte). So services do their talking here, and the thread that called
them waits for what they say.
"""

from __future__ import annotations

import asyncio
import os
import queue
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Generic, TypeVar

from dosaku.errors import Cancelled

T = TypeVar("T")
R = TypeVar("R")

POLL = 0.1  # seconds between two questions whether to stop
CLOSING = 1.0  # seconds that stopped work may take to close its connection

_lock = threading.Lock()
_loops: dict[int, asyncio.AbstractEventLoop] = {}


class _End(Generic[T]):
    """The last thing in a queue: how the work ended."""

    error: BaseException | None = None


def loop() -> asyncio.AbstractEventLoop:
    """The event loop of this process, started when it is first asked for. A forked child gets its own."""
    with _lock:
        found = _loops.get(os.getpid())
        if found is None:
            found = _loops[os.getpid()] = asyncio.new_event_loop()
            threading.Thread(target=found.run_forever, name="dosaku-background", daemon=True).start()
        return found


def run(work: Coroutine[Any, Any, R], timeout: float | None = None) -> R:
    """Do `work` in the background and wait for its result."""
    return asyncio.run_coroutine_threadsafe(work, loop()).result(timeout)


def batches(
    work: Callable[[Callable[[T], None]], Coroutine[Any, Any, None]], cancelled: Callable[[], bool] | None = None
) -> Iterator[list[T]]:
    """Do `work(say)` in the background and yield what it says, everything that is there at a time.

    Args:
        work: a coroutine function that gets a function to say things with.
        cancelled: asked ten times a second; once it says yes, the work is stopped and Cancelled raised.

    Raises:
        Whatever the work raises, after what it said before.
    """
    said: queue.SimpleQueue[T | _End[T]] = queue.SimpleQueue()
    finished = threading.Event()

    async def guarded() -> None:
        end: _End[T] = _End()
        try:
            await work(said.put)
        except BaseException as error:
            end.error = error
            raise
        finally:
            said.put(end)
            finished.set()

    task = asyncio.run_coroutine_threadsafe(guarded(), loop())
    try:
        end: _End[T] | None = None
        while end is None:
            batch, end = _everything(said, cancelled)
            if batch:
                yield batch
        if end.error:
            raise end.error
    finally:
        if not finished.is_set():
            task.cancel()
            finished.wait(CLOSING)
        elif not task.cancelled():
            task.exception(CLOSING)


def _everything(said: queue.SimpleQueue[T | _End[T]], cancelled: Callable[[], bool] | None) -> tuple[list[T], _End[T] | None]:
    """What is in the queue, waiting for the first thing, and the end if it is among it."""
    batch: list[T] = []
    item = _first(said, cancelled)
    while True:
        if isinstance(item, _End):
            return batch, item
        batch.append(item)
        try:
            item = said.get_nowait()
        except queue.Empty:
            return batch, None


def _first(said: queue.SimpleQueue[T | _End[T]], cancelled: Callable[[], bool] | None) -> T | _End[T]:
    while True:
        _stop_if(cancelled)
        try:
            return said.get(timeout=POLL)
        except queue.Empty:
            continue


def _stop_if(cancelled: Callable[[], bool] | None) -> None:
    if cancelled and cancelled():
        raise Cancelled


def throttled(cancelled: Callable[[], bool] | None) -> Callable[[], bool] | None:
    """The same question, asked at most ten times a second however often it is put."""
    if cancelled is None:
        return None
    due = 0.0
    answer = False

    def ask() -> bool:
        nonlocal due, answer
        if not answer and time.monotonic() >= due:
            answer = cancelled()
            due = time.monotonic() + POLL
        return answer

    return ask
