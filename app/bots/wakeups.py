"""How the rest of the app wakes the relay: NOTIFY, sent with the transaction that made something due."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.db import connection

if TYPE_CHECKING:
    from bots.models import Run

CHANNEL = "parley_runs"
DUE = "due"
BOTS = "bots"
CANCELLED = "cancelled"


class Cancelled(NamedTuple):
    run: str
    attempt: int


def due() -> None:
    """A run is due, or soon will be."""
    _notify(DUE)


def due_behind(run: Run) -> None:
    """A run has ended: whoever waits behind it for the same bot and room is due. Where nobody waits, nobody is woken."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_notify(%s, %s) WHERE EXISTS (SELECT FROM bots_run WHERE bot_id = %s AND room_id = %s AND state = 'pending')",
            [CHANNEL, DUE, run.bot_id, run.room_id],
        )


def bots_changed() -> None:
    """A bot was registered, switched on or off, or moved."""
    _notify(BOTS)


def cancelled(run: Run) -> None:
    """A delivered run was stopped: its bot should hear of it."""
    _notify(f"{CANCELLED} {run.pk} {run.attempt}")


def as_cancelled(payload: str) -> Cancelled | None:
    kind, *rest = payload.split()
    return Cancelled(rest[0], int(rest[1])) if kind == CANCELLED and len(rest) == 2 else None


def _notify(payload: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, payload])
