"""Runs: looked at and stopped by people; carried out by bots."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from ninja import Router, Schema
from ninja.responses import Status
from pydantic import Field, field_validator, model_validator

from api.auth import ApiRequest, for_bots, for_chat
from api.v1.messages import Message
from api.v1.users import User
from api.v1.waiting import Waiting
from bots import access, secrecy, shown, waiting
from chat.rendering import message_json

router = Router(tags=["runs"])

LARGEST = 2**31 - 1
STEPS_AT_ONCE = 200
PAYLOAD_LIMIT = 256 * 1024


class RunSummary(Schema):
    id: str
    room: str
    bot: User
    asker: User
    version: int | None
    state: Literal["pending", "active", "waiting", "done"]
    how: Literal["asked", "retried", "regenerated", "replayed", "taken_over", "delegated"]
    origin: str | None = Field(description="The run it was made from: retried, regenerated, replayed or taken over")
    parent: str | None = Field(description="The run that handed it this work")
    cost: str | None = Field(description="US dollars; null without a price")
    outcome: Literal["", "replied", "silent", "failed", "cancelled"]
    reason: str
    explanation: str
    permanent: bool
    attempt: int
    tries: int
    trigger: list[str]
    usage: dict[str, Any]
    created_at: str
    started_at: str | None
    first_word_at: str | None = Field(description="When the room could first read something of it, in a draft or a reply")
    ended_at: str | None


class Step(Schema):
    index: int = Field(ge=0, le=999)
    name: str = Field(min_length=1, max_length=80)
    state: Literal["done", "failed"]
    summary: str = Field(default="", max_length=500)
    started_ms: int = Field(default=0, ge=0, le=LARGEST)
    ms: int = Field(default=0, ge=0, le=LARGEST)
    usage: dict[str, Any] = {}
    prompt: list[Any] | None = None
    changed: dict[str, Any] = Field(default={}, description="What the step changed, by top-level key")
    payload: dict[str, Any] | None = Field(
        default=None, description="The whole payload after the step, when the step cost money or had an effect"
    )
    before: dict[str, Any] | None = Field(
        default=None, description="The whole payload before the step: of the first step of a run, and of one that failed"
    )
    logs: list[Annotated[str, Field(max_length=2000)]] = Field(default=[], max_length=200, description="Lines the step logged")
    code: str = Field(default="", max_length=PAYLOAD_LIMIT, description="Code that the step generated")
    error: dict[str, Any] | None = None

    @field_validator("payload", "prompt", "changed", "before")
    @classmethod
    def _fits(cls, value: Any) -> Any:
        if value and len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()) > PAYLOAD_LIMIT:
            raise ValueError("a payload has at most 256 KB")
        return value

    def as_row(self) -> dict[str, Any]:
        row = self.dict(exclude={"payload"})
        return {**row, "after": self.payload}


class Run(RunSummary):
    steps: list[Step]


class RunPage(Schema):
    runs: list[RunSummary]
    more: bool


class Attempt(Schema):
    attempt: int = Field(ge=1, le=LARGEST)


class Steps(Attempt):
    steps: list[Step] = Field(max_length=STEPS_AT_ONCE)


class Recorded(Schema):
    recorded: int


class Last(Schema):
    steps: list[Step] = Field(default=[], max_length=STEPS_AT_ONCE)
    usage: dict[str, Any] = {}

    def as_ending(self) -> dict[str, Any]:
        return {"steps": [step.as_row() for step in self.steps], "usage": self.usage}


class Reply(Attempt):
    key: str = Field(min_length=1, max_length=40, pattern=r"^[\w.:-]+$", description="The step and an ordinal, such as 4.0")
    body: str
    metadata: dict[str, Any] = {}
    last: Last | None = Field(default=None, description="Nothing comes after this reply: the attempt ends here, with the outcome `replied`")

    @field_validator("key")
    @classmethod
    def _is_the_bots(cls, value: str) -> str:
        if value == "failure":  # else the run could never end: its failure could not be said (I9)
            raise ValueError("this key is for what the chat says when the run has failed; take the step and an ordinal")
        return value


class Replied(Schema):
    message: Message


class Outcome(Attempt):
    outcome: Literal["replied", "silent", "failed", "cancelled", "waiting"]
    waiting: Waiting | None = Field(default=None, description="With the outcome `waiting`: for what")
    reason: str = Field(default="", max_length=60)
    explanation: str = Field(default="", max_length=2000, description="Plain words, shown in the room when the run has failed for good")
    permanent: bool = False
    retry_after: float | None = Field(default=None, ge=0, description="Seconds; an hour at most counts")
    steps: list[Step] = Field(default=[], max_length=STEPS_AT_ONCE)
    usage: dict[str, Any] = {}

    @model_validator(mode="after")
    def _says_for_what(self) -> Outcome:
        if (self.outcome == "waiting") != (self.waiting is not None):
            raise ValueError("waiting goes with the outcome waiting, and only with it")
        return self


class Ended(Schema):
    state: Literal["done", "pending", "waiting"]
    due_in: float | None


@router.get("/rooms/{room_id}/runs", auth=for_chat, response=RunPage, summary="A room's runs, the newest first")
def runs(
    request: ApiRequest, room_id: str, page: Annotated[int, Field(ge=1, le=1000)] = 1, limit: Annotated[int, Field(ge=1, le=100)] = 50
) -> Any:
    found = list(access.runs_in(request.auth.user, room_id)[(page - 1) * limit : page * limit + 1])
    return {"runs": [shown.run_json(run) for run in found[:limit]], "more": len(found) > limit}


@router.get("/runs/{run_id}", auth=for_chat, response=Run, summary="One run, with its steps")
def run(request: ApiRequest, run_id: str) -> Any:
    found = access.run_for(request.auth.user, run_id)
    return {**shown.run_json(found), "steps": [secrecy.hidden(shown.step_json(step)) for step in found.steps.order_by("index")]}


@router.post("/runs/{run_id}/cancellation", auth=for_chat, response=RunSummary, summary="Stop a run")
def cancel(request: ApiRequest, run_id: str) -> Any:
    """For the asker and the bot's admins. A run that has ended stays as it is."""
    access.run_for(request.auth.user, run_id).cancel(request.auth.user)
    return shown.run_json(access.run_for(request.auth.user, run_id))


@router.post("/runs/{run_id}/steps", auth=for_bots, response=Recorded, summary="Record steps of a run of your bot")
def steps(request: ApiRequest, run_id: str, payload: Steps) -> Any:
    """A step that cost money or had an effect is recorded at once: no crash pays for it twice. The same index again replaces it."""
    found = access.own_run(request.auth.user, run_id)
    return {"recorded": found.record_steps(payload.attempt, [step.as_row() for step in payload.steps])}


@router.post(
    "/runs/{run_id}/replies", auth=for_bots, response={200: Replied, 201: Replied}, exclude_unset=True, summary="Reply in the room"
)
def reply(request: ApiRequest, run_id: str, payload: Reply) -> Any:
    """201, and 200 with the stored message when the key is known. With `last`, the reply is stored and the attempt ended, or neither."""
    found, last = access.own_run(request.auth.user, run_id), payload.last.as_ending() if payload.last else None
    posted = found.reply(payload.attempt, payload.key, payload.body, payload.metadata, last=last)
    return Status(201 if posted.created else 200, {"message": message_json(posted.message)})


@router.post("/runs/{run_id}/outcome", auth=for_bots, response=Ended, summary="End an attempt of a run of your bot")
def outcome(request: ApiRequest, run_id: str, payload: Outcome) -> Any:
    """What failed and may do better later is pending again, due in `due_in` seconds. What waits for somebody is waiting. All else is done.

    Of an attempt that was stopped, `steps` and `usage` are kept; the run stays cancelled.
    """
    found, rows = access.own_run(request.auth.user, run_id), [step.as_row() for step in payload.steps]
    if payload.waiting:
        waits = waiting.wait(found, payload.attempt, payload.waiting.dict(), rows, payload.usage)
        return {"state": "waiting" if waits else "done", "due_in": None}
    due_in = found.finish(
        payload.attempt, payload.outcome, reason=payload.reason, explanation=payload.explanation, permanent=payload.permanent,
        retry_after=payload.retry_after, steps=rows, usage=payload.usage,
    )  # fmt: skip
    return {"state": "done" if due_in is None else "pending", "due_in": due_in}
