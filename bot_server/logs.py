"""What the bot server's processes log: one line an event, `key=value` behind it, no secrets, no line breaks from outside (W26)."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class Lines(logging.Formatter):
    """`2026-11-20T09:41:00Z INFO pipeline.worker attempt is stale run=… attempt=2`."""

    converter = staticmethod(time.gmtime)

    def __init__(self, hide: Callable[[str], str]) -> None:
        """`hide` takes secrets out of a text."""
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%SZ")
        self._hide = hide

    def format(self, record: logging.LogRecord) -> str:
        """The line. Control characters are escaped: what people and models write must not forge lines or steer a terminal."""
        more = "".join(f" {key}={value}" for key, value in vars(record).items() if key not in _STANDARD and not key.startswith("_"))
        line = self._hide(super().format(record) + more)
        return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in line)


def configure(level: str, hide: Callable[[str], str]) -> None:
    """Send all logs to standard error in this form."""
    out = logging.StreamHandler(sys.stderr)
    out.setFormatter(Lines(hide))
    logging.basicConfig(level=level.upper(), handlers=[out], force=True)
    # httpx says every request at INFO: many a second while text streams.
    # Celery says every job twice, and with it what people wrote.
    for chatty in ("httpx", "httpcore", "openai", "httpx2", "celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
