"""Rows whose time is up, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import structlog
from django.db import InterfaceError, OperationalError
from django.db.models import Model, QuerySet

log = structlog.get_logger(__name__)

AT_ONCE = 100
Row = TypeVar("Row", bound=Model)


def each(rows: QuerySet[Row], act: Callable[[Row], object]) -> int:
    """Do it to each row, in a transaction of its own; one with which something is wrong does not stand in the way of the others."""
    some = list(rows[:AT_ONCE])
    for row in some:
        try:
            act(row)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            log.exception("not_swept", row=f"{row._meta.model_name} {row.pk}")
    return len(some)
