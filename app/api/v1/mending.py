"""What people make of a run that did not go as it should: a retry, a replay, a takeover; and the run as a file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ninja import Router, Schema
from ninja.responses import Status
from pydantic import Field

from api.auth import ApiRequest, for_chat
from api.v1.runs import RunSummary
from bots import access, exporting, resuming, shown
from bots.models import Run
from bots.replaying import replay
from bots.taking_over import MAX_BYTES, take_over
from chat.throttle import posts

router = Router(tags=["runs"])

Key = Annotated[str, Field(max_length=100, description="Names this wish: the same key again gives the run it made")]


class Retry(Schema):
    step: int | None = Field(default=None, ge=0, le=999, description="Go on from this step; without one, what was asked is asked again")
    key: Key = ""


class Replay(Schema):
    version: Literal["same", "newest"] = "newest"
    force: bool = Field(default=False, description="Also when a person has corrected the answer")
    key: Key = ""


class Takeover(Schema):
    way: Literal["payload", "output", "skip", "answer"]
    text: str = Field(default="", max_length=MAX_BYTES, description="The payload as JSON, or the answer")
    key: Key = ""


@router.get("/runs/{run_id}/export", auth=for_chat, response=dict[str, Any], summary="A run as a file, without secrets")
def export(request: ApiRequest, run_id: str) -> Any:
    return exporting.export_of(access.run_for(request.auth.user, run_id))


@router.post("/runs/{run_id}/retry", auth=for_chat, response={201: RunSummary}, summary="Go on with a run that failed or was stopped")
def retry(request: ApiRequest, run_id: str, payload: Retry) -> Any:
    """For the asker and the bot's admins. A new run; what the steps before gave is kept and not paid for again."""
    run, user = access.run_for(request.auth.user, run_id), request.auth.user
    posts.admit(user)
    made = resuming.ask_again(run, user) if payload.step is None else resuming.retry(run, user, payload.step, payload.key)
    return _made(made)


@router.post("/runs/{run_id}/replay", auth=for_chat, response={201: RunSummary}, summary="Do a run again from its first input")
def replay_run(request: ApiRequest, run_id: str, payload: Replay) -> Any:
    """For the asker and the bot's admins. 409 `corrected` when a person has corrected the answer, unless forced."""
    run = access.run_for(request.auth.user, run_id)
    posts.admit(request.auth.user)
    return _made(replay(run, request.auth.user, payload.version, payload.key, force=payload.force))


@router.post("/runs/{run_id}/takeover", auth=for_chat, response={201: RunSummary}, summary="Go on in the place of a bot")
def takeover(request: ApiRequest, run_id: str, payload: Takeover) -> Any:
    """For the asker and the bot's admins: edit the payload, supply the output of the step, skip it, or write the answer."""
    run = access.run_for(request.auth.user, run_id)
    posts.admit(request.auth.user)
    return _made(take_over(run, request.auth.user, payload.way, payload.text, payload.key))


def _made(run: Run) -> Status[dict[str, Any]]:
    return Status(201, shown.run_json(run))
