"""A worker's sign of life: one for all the runs it has in hand."""

from __future__ import annotations

import uuid
from typing import Any

from ninja import Router, Schema
from pydantic import Field

from api.auth import ApiRequest, for_bots
from api.v1.runs import LARGEST
from bots.models import Run
from bots.models.queue import LEASE

router = Router(auth=for_bots, tags=["bots"])


class Held(Schema):
    run: uuid.UUID
    attempt: int = Field(ge=1, le=LARGEST)


class Heartbeat(Schema):
    worker: str = Field(default="", max_length=200)
    runs: list[Held] = Field(max_length=1000)


class Stale(Schema):
    stale: list[str]


@router.post("/heartbeats", response=Stale, summary="Renew the leases of a worker's runs")
def beat(request: ApiRequest, payload: Heartbeat) -> Any:
    """Every 10 s. A run that is not renewed for 30 s is given to somebody else; what is stale is to be stopped."""
    pairs = [(held.run, held.attempt) for held in payload.runs]
    live = Run.objects.touch(request.auth.user, pairs, below=LEASE)
    return {"stale": [str(run) for run, attempt in pairs if (run, attempt) not in live]}
