"""What is logged, and how."""

from __future__ import annotations

import logging

from logs import Lines, configure
from pipeline.payload import Secrets

SECRET = "canary-" + "77aa88bb"


def line(message: str, **extra: object) -> str:
    record = logging.LogRecord("pipeline.worker", logging.INFO, "f.py", 1, message, (), None)
    vars(record).update(extra)
    return Lines(Secrets([SECRET]).hide).format(record)


def test_a_line_has_what_and_whose() -> None:
    assert line("attempt is stale", run="r1", attempt=2).endswith("INFO pipeline.worker attempt is stale run=r1 attempt=2")


def test_nobody_forges_a_line_or_steers_the_terminal() -> None:
    """W26."""
    said = line("bot said", text="x\n2026 ERROR forged\r\x1b[31m\u202e")
    assert len(said.splitlines()) == 1
    assert "\x1b" not in said
    assert "\u202e" not in said


def test_no_secret_is_logged() -> None:
    """I7."""
    said = line(f"key {SECRET}", more={"key": SECRET})
    assert SECRET not in said
    assert said.count("[secret]") == 2


def test_what_people_wrote_is_not_in_the_lines_of_celery() -> None:
    """It shows a job by its arguments, and says every job twice."""
    before = logging.root.handlers[:], logging.root.level
    try:
        configure("INFO", Secrets([]).hide)
        chatty = [logging.getLogger(name) for name in ("celery.worker.strategy", "celery.app.trace")]
        assert [each.isEnabledFor(logging.INFO) for each in chatty] == [False, False]
        assert all(each.isEnabledFor(logging.WARNING) for each in chatty)
    finally:
        logging.root.handlers[:], logging.root.level = before
