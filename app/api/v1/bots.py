"""Bots: seen by everybody, registered by their owners' programs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ninja import Router, Schema
from ninja.responses import Status
from pydantic import Field

from api.auth import ApiRequest, for_bots, for_chat
from bots import access, shown
from bots.errors import NO_BOT, NotFound
from bots.models.bot import CONTEXT, CONTEXT_LIMIT
from bots.registration import register

router = Router(tags=["bots"])

PAGE = 50
LARGEST_PICTURE = 256 * 1024 * 4 // 3 + 4  # 256 KB, as base64
Names = list[str]


class BotStep(Schema):
    name: str = Field(max_length=80)
    detail: str = Field(default="", max_length=500)


class Persona(Schema):
    title: str = Field(default="", max_length=80)
    about: str = Field(default="", max_length=2000)
    greeting: str = Field(default="", max_length=2000)
    avatar: str = Field(default="", max_length=200)


class Permissions(Schema):
    services: bool = False
    executors: bool = False


class Lists(Schema):
    whitelist: Names = Field(default=[], max_length=1000)
    blacklist: Names = Field(default=[], max_length=1000)


class Attend(Schema):
    when: Literal["mentioned", "always"] = "mentioned"
    context: int = Field(default=CONTEXT, ge=1, le=CONTEXT_LIMIT)
    settle: float = Field(default=0, ge=0, le=60, description="Seconds to let somebody finish writing")
    users: Lists = Lists()
    roles: Lists = Lists()
    admins: Names = Field(default=[], max_length=100)


class Budget(Schema):
    tokens_per_day: int | None = Field(default=None, ge=1, le=10**12, description="Of all people together, for one day (UTC)")
    tokens_per_person: int | None = Field(default=None, ge=1, le=10**12, description="Of each person, for one day (UTC)")


class Command(Schema):
    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,39}$", description="Without the slash")
    about: str = Field(default="", max_length=200)


class Result(Schema):
    case: str = Field(min_length=1, max_length=16_384, description="The case's text, the same for every version that has it")
    passed: bool
    missed: str = Field(default="", max_length=4000, description="What was expected and did not come")


class Bot(Schema):
    name: str
    user: str
    title: str
    about: str
    greeting: str
    avatar: str
    owner: str
    when: Literal["mentioned", "always"]
    steps: list[BotStep]
    permissions: Permissions
    budget: Budget
    commands: list[Command]
    callees: Names
    version: int | None
    status: Literal["on", "off"]
    reason: str
    held_back: str


class BotPage(Schema):
    bots: list[Bot]
    more: bool


class Registration(Schema):
    endpoint: str = Field(max_length=500, description="Where deliveries go")
    secret: str = Field(default="", max_length=128, description="Signs deliveries. Left out, one is made and given back once")
    yaml: str = Field(default="", max_length=65_536)
    source: Literal["file", "api"] = "api"
    code_hash: str = Field(default="", max_length=128)
    persona: Persona = Persona()
    attend: Attend = Attend()
    steps: list[BotStep] = Field(default=[], max_length=200)
    permissions: Permissions = Permissions()
    budget: Budget = Budget()
    commands: list[Command] = Field(default=[], max_length=50)
    callees: Names = Field(default=[], max_length=50, description="The bots it may hand work to, by name")
    picture: str | None = Field(
        default=None, max_length=LARGEST_PICTURE, description="Its avatar: base64 of a PNG or JPEG. Empty: none. Left out: as it is"
    )
    results: list[Result] | None = Field(default=None, max_length=500, description="How this version did in its cases")
    status: Literal["on", "off"] = "on"
    reason: str = Field(default="", max_length=2000)
    held_back: str = Field(default="", max_length=2000)


class Registered(Schema):
    name: str
    user: str
    version: int
    status: Literal["on", "off"]
    secret: str | None = None


class Kept(Schema):
    name: str
    endpoint: str
    version: int | None
    status: Literal["on", "off"]
    persona: Persona
    attend: Attend
    steps: list[BotStep]
    permissions: Permissions
    budget: Budget
    commands: list[Command]
    callees: Names


class Registrations(Schema):
    bots: list[Kept]


class Version(Schema):
    number: int
    yaml: str
    code_hash: str


@router.get("/bots", auth=for_chat, response=BotPage, summary="The bots of this place")
def bots(request: ApiRequest, page: Annotated[int, Field(ge=1, le=1000)] = 1) -> Any:
    found = list(access.all_bots()[(page - 1) * PAGE : page * PAGE + 1])
    return {"bots": [shown.bot_json(bot) for bot in found[:PAGE]], "more": len(found) > PAGE}


@router.get("/bots/{name}", auth=for_chat, response=Bot, summary="One bot")
def bot(request: ApiRequest, name: str) -> Any:
    return shown.bot_json(access.bot_named(name))


@router.put(
    "/bots/{name}",
    auth=for_bots,
    response={200: Registered, 201: Registered},
    exclude_none=True,
    summary="Register a bot, or bring it up to date",
)
def put(request: ApiRequest, name: str, payload: Registration) -> Any:
    """The same again changes nothing. 403 when the name belongs to a bot of somebody else."""
    done = register(request.auth.user, name, payload.dict())
    return Status(201 if done.created else 200, shown.registered_json(done))


@router.get("/registrations", auth=for_bots, response=Registrations, summary="Your bots, as you registered them")
def registrations(request: ApiRequest) -> Any:
    """For a program that starts: which of its bots are known here, and which version of each is live."""
    return {"bots": [shown.kept_json(bot) for bot in access.own_bots(request.auth.user)]}


@router.get("/bots/{name}/versions/{number}", auth=for_bots, response=Version, summary="One version of your bot's file")
def version(request: ApiRequest, name: str, number: int) -> Any:
    found = access.own_bot(request.auth.user, name).versions.filter(number=number).first()
    if found is None:
        raise NotFound(NO_BOT)
    return found
