"""What the line under a reply has to know of its run, read for many runs in one statement.

Every reply is rendered when it is posted and again when its run ends, so this is on the way of all of them; to have it put together by
Django costs several times what asking costs. Payloads and prompts of steps stay where they are: they may be large.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection

LOOK = """
SELECT run.id, run.room_id, run.asker_id, run.state, run.outcome, run.tries - coalesce((run.start ? 'used')::int, 0),
       run.outcome = 'failed' AND EXISTS (
           SELECT FROM bots_run later WHERE later.origin_id = run.id AND later.outcome IN ('replied', 'failed')
       ),
       run.cost, bot.user_id, bot.owner_id,
       coalesce(nullif(owner.name, ''), owner.username),
       json_build_object(
           'usage', run.usage, 'steps', bot.steps, 'admins', coalesce(bot.attend->'admins', '[]'),
           'trace', coalesce((
               SELECT json_agg(json_build_object(
                   'index', step.index, 'name', step.name, 'state', step.state, 'summary', step.summary, 'ms', step.ms,
                   'carried', step.carried, 'error', step.error->>'message', 'known', step.before IS NOT NULL OR step.after IS NOT NULL
               ) ORDER BY step.index)
               FROM bots_runstep step WHERE step.run_id = run.id
           ), '[]')
       )::text
FROM bots_run run
JOIN bots_bot bot ON bot.id = run.bot_id
JOIN accounts_user owner ON owner.id = bot.owner_id
WHERE run.id = ANY(%s)
"""


class Glance(NamedTuple):
    """A run as far as its line shows it. `tries` as people count them (`Run.tried`); `passed`: it failed, and a later run has gone on from
    there. `known` of a step: whether it is recorded what it was given or gave."""

    id: uuid.UUID
    room_id: uuid.UUID
    asker_id: int
    state: str
    outcome: str
    tries: int
    passed: bool
    cost: Decimal | None
    bot_user_id: int
    owner_id: int
    owner: str
    usage: dict[str, Any]
    steps: list[dict[str, Any]]
    admins: list[str]
    trace: list[dict[str, Any]]


def of(run_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Glance]:
    with connection.cursor() as cursor:
        cursor.execute(LOOK, [list(run_ids)])
        rows = cursor.fetchall()
    return {row[0]: Glance(*row[:-1], **json.loads(row[-1])) for row in rows}
