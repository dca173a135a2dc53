"""Text in flight from bots. The hot path: many times a second, all of a worker's runs in one request."""

from __future__ import annotations

import uuid
from typing import Any

from ninja import Router, Schema
from pydantic import Field

from api.auth import ApiRequest, for_bots
from api.v1.runs import LARGEST, Attempt
from bots import access, drafting
from bots.errors import StaleAttempt
from chat.drafts import LONGEST

router = Router(auth=for_bots, tags=["bots"])


class Draft(Attempt):
    offset: int = Field(ge=0, le=LARGEST, description="Characters of text before this frame; 0 starts anew")
    text: str = Field(max_length=LONGEST)
    step: str = Field(default="", max_length=80)
    activity: str = Field(default="", max_length=300)


class Frame(Draft):
    run: uuid.UUID


class Frames(Schema):
    frames: list[Frame] = Field(max_length=500)


class Taken(Schema):
    stale: list[str]
    resend: list[str]


@router.post("/drafts", response=Taken, summary="Text in flight, of many runs")
def put(request: ApiRequest, payload: Frames) -> Any:
    """`stale`: stop these runs. `resend`: the text before the frame is missing; send it again from offset 0."""
    return drafting.take(request.auth.user, payload.frames)


@router.post("/runs/{run_id}/drafts", response=Taken, summary="Text in flight, of one run")
def put_one(request: ApiRequest, run_id: str, payload: Draft) -> Any:
    run = access.own_run(request.auth.user, run_id)
    taken = drafting.take(request.auth.user, [Frame(run=run.pk, **payload.dict())])
    if taken["stale"]:
        raise StaleAttempt
    return taken
