"""Named placeholders in braces: the only template language that bot files have.

str.format is not used: it would reach into attributes, and fail on any other brace in a prompt.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with each `{name}` replaced by its value. What is in a value, and any unknown name, stays as it is."""
    return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), template)


def times(moment: datetime, timezone: str) -> dict[str, str]:
    """The placeholders of the present moment: {current_time} and {date}."""
    local = moment.astimezone(zone(timezone))
    date = f"{local:%A} {local.day} {local:%B} {local.year}"
    return {"current_time": f"{date}, {local:%H:%M} ({timezone})", "date": date}


def timestamp(written: str, timezone: str) -> str:
    """A message's time in a time zone, such as "2026-11-20 20:40"; as it was written when it is no time."""
    try:
        moment = datetime.fromisoformat(written)
    except (TypeError, ValueError):
        return str(written)
    return f"{moment.astimezone(zone(timezone)):%Y-%m-%d %H:%M}"


def zone(name: str) -> ZoneInfo:
    """The time zone of that name; UTC when there is none, since a bot must answer nevertheless."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return ZoneInfo("UTC")
