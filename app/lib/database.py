"""Connections to the database, of which a process has few."""

from __future__ import annotations

from django.db import connection


def let_go() -> None:
    """Give this thread's connection back before something that takes long. Another is taken when it is needed; a transaction keeps its
    own."""
    if not connection.in_atomic_block:
        connection.close()
