"""Bots work on bots: read what went wrong, propose a change, run cases. Nothing here changes a bot: its editors decide."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ninja import Router, Schema
from ninja.responses import Status
from pydantic import Field

from api.auth import ApiRequest, for_workshop
from api.v1.runs import RunSummary
from bots import access, proposing, reviewing
from bots.bench import Bench
from bots.errors import BadInput
from bots.models import Proposal as Proposed
from bots.registration import NOT_A_MAKER, may_make
from chat.rendering import moment

router = Router(tags=["workshop"])

LARGEST = 65_536


class Correction(Schema):
    before: str
    after: str
    by: str
    share: float = Field(description="How much of the text was changed, 0 to 1")
    created_at: str


class Feedback(Schema):
    value: int = Field(description="1 or -1")
    reason: str
    expected: str


class Review(RunSummary):
    asked: list[str] = Field(description="What was said to the bot")
    replies: list[str]
    corrections: list[Correction]
    feedback: list[Feedback]


class ReviewPage(Schema):
    runs: list[Review]
    more: bool


class File(Schema):
    name: str
    yaml: str
    version: int | None
    may_edit: bool = Field(description="Whether you are one of its editors")


class Case(Schema):
    case: str
    passed: bool
    missed: str


class CaseRun(Schema):
    cases: list[Case]


class Wish(Schema):
    yaml: str = Field(max_length=LARGEST)
    why: str = Field(default="", max_length=4000, description="In plain words, for whoever decides")
    base: int | None = Field(default=None, ge=1, le=2**31 - 1, description="The version it was made from; left out, the one that is live")


class Rights(Schema):
    may_make_bots: bool
    reason: str = Field(description="Why not, in plain words")


class Text(Schema):
    yaml: str | None = Field(default=None, max_length=LARGEST, description="Left out: the version that is live")


class Proposal(Schema):
    id: str
    name: str
    state: Literal["open", "accepted", "rejected"]
    why: str
    yaml: str
    base: int | None
    cases: list[Case] | None
    reason: str = Field(description="Why it was rejected")
    page: str = Field(description="Where its editors see the difference and decide")
    created_at: str


@router.get("/workshop", auth=for_workshop, response=Rights, summary="What you may do here")
def rights(request: ApiRequest) -> Any:
    may = may_make(request.auth.user)
    return {"may_make_bots": may, "reason": "" if may else NOT_A_MAKER}


@router.get("/bots/{name}/runs", auth=for_workshop, response=ReviewPage, summary="How a bot did, in your rooms")
def runs(
    request: ApiRequest,
    name: str,
    outcome: reviewing.Which = "",
    page: Annotated[int, Field(ge=1, le=1000)] = 1,
    limit: Annotated[int, Field(ge=1, le=50)] = 20,
) -> Any:
    who, bot = request.auth, access.bot_named(name)
    seen_in = who.run.room if who.run else None
    found = reviewing.runs_of(who.user, bot, outcome, (page - 1) * limit, limit + 1, seen_in=seen_in)
    return {"runs": reviewing.reviews(found[:limit]), "more": len(found) > limit}


@router.get("/bots/{name}/file", auth=for_workshop, response=File, summary="A bot's file, as it is live")
def file(request: ApiRequest, name: str) -> Any:
    bot = access.bot_named(name)
    yaml, version = (bot.live.yaml, bot.live.number) if bot.live else ("", None)
    return {"name": bot.name, "yaml": yaml, "version": version, "may_edit": bot.may_be_edited_by(request.auth.user)}


@router.post("/bots/{name}/proposals", auth=for_workshop, response={201: Proposal}, summary="Propose a change, or a new bot")
def propose(request: ApiRequest, name: str, payload: Wish) -> Any:
    who = request.auth
    made = proposing.propose(who.user, name, payload.yaml, payload.why, base=payload.base, run=who.run)
    return Status(201, _shown(made))


@router.get("/bots/{name}/proposals/{proposal_id}", auth=for_workshop, response=Proposal, summary="What became of a proposal")
def proposal(request: ApiRequest, name: str, proposal_id: str) -> Any:
    return _shown(proposing.proposal_for(request.auth.user, name, proposal_id))


@router.post("/bots/{name}/case-runs", auth=for_workshop, response=CaseRun, summary="Run a bot's cases")
def case_run(request: ApiRequest, name: str, payload: Text) -> Any:
    """For the bot's editors: cases may cost money."""
    bench = Bench.of(request.auth.user, name)
    text = payload.yaml if payload.yaml is not None else bench.bot.live.yaml if bench.bot and bench.bot.live else ""
    if not text:
        raise BadInput("This bot has no file here whose cases could be run.")
    return {"cases": bench.cases(text)}


def _shown(made: Proposed) -> dict[str, Any]:
    told: dict[str, Any] = {field: getattr(made, field) for field in ("name", "state", "why", "yaml", "cases", "reason")}
    page = f"/bots/{made.name}/proposals/{made.pk}/"
    return {
        "id": str(made.pk),
        "base": made.base.number if made.base else None,
        "page": page,
        "created_at": moment(made.created_at),
        **told,
    }
