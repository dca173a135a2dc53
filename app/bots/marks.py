"""What people made of bots' replies: who corrected them and how, and whose thumbs are up or down."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from bots.differences import excerpt
from bots.models.feedback import DOWN, UP

LOOK = """
SELECT message.id, last.told::text, (SELECT count(*) FROM bots_correction WHERE message_id = message.id),
       (SELECT string_agg(by_id::text, ',' ORDER BY id) FROM bots_feedback WHERE message_id = message.id AND value = %(up)s),
       (SELECT string_agg(by_id::text, ',' ORDER BY id) FROM bots_feedback WHERE message_id = message.id AND value = %(down)s)
FROM unnest(%(messages)s::uuid[]) AS message(id)
LEFT JOIN LATERAL (
    SELECT json_build_object('by', coalesce(nullif(usr.name, ''), usr.username), 'before', fix.before, 'after', fix.after,
                             'share', fix.share, 'at', fix.created_at) AS told
    FROM bots_correction fix JOIN accounts_user usr ON usr.id = fix.by_id
    WHERE fix.message_id = message.id ORDER BY fix.id DESC LIMIT 1
) last ON true
"""


@dataclass(frozen=True)
class Marks:
    """`ups` and `downs` are user ids with commas: the browser knows which of them is its own."""

    last: dict[str, Any] | None = None
    corrections: int = 0
    ups: str = ""
    downs: str = ""

    @property
    def by(self) -> str:
        """Whoever corrected it last."""
        return str(self.last["by"]) if self.last else ""

    @property
    def at(self) -> datetime | None:
        return datetime.fromisoformat(self.last["at"]) if self.last else None

    @property
    def excerpt(self) -> tuple[str, str]:
        return excerpt(self.last["before"], self.last["after"]) if self.last else ("", "")

    @property
    def percent(self) -> str:
        return percent(self.last["share"]) if self.last else ""

    @property
    def versions(self) -> str:
        return "both versions" if self.corrections == 1 else f"all {self.corrections + 1} versions"


NONE = Marks()


def of(messages: Sequence[uuid.UUID]) -> dict[uuid.UUID, Marks]:
    """One query for all of them."""
    if not messages:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(LOOK, {"messages": list(messages), "up": UP, "down": DOWN})
        rows = cursor.fetchall()
    return {pk: Marks(json.loads(last) if last else None, count, ups or "", downs or "") for pk, last, count, ups, downs in rows}


def percent(share: float) -> str:
    """Of a text. What was changed at all is never said to be nothing."""
    return "under 1 %" if 0 < share < 0.005 else f"{share:.0%}".replace("%", " %")
