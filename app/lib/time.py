"""Time zones people can choose, and the clock of the database."""

from __future__ import annotations

import zoneinfo
from datetime import datetime
from functools import cache

from django.db import connection


@cache
def time_zones() -> list[str]:
    """Names such as Australia/Melbourne, sorted, UTC first."""
    names = (
        name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/", "posix/", "right/"))
    )
    return ["UTC", *sorted(names)]


def zone(name: str) -> zoneinfo.ZoneInfo:
    """The zone of that name; UTC for a name that this machine does not know."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo("UTC")


def database_now() -> datetime:
    """The database's clock: the only one that decides when something is due or a lease has run out."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now
