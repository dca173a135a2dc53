"""Alternatives: which of several messages in one place the room shows, and how another one comes about."""

from __future__ import annotations

from typing import Any

from ninja import Field, Router, Schema
from ninja.responses import Status

from api.auth import ApiRequest, for_chat
from api.v1.messages import Message
from api.v1.runs import RunSummary
from bots import regenerating, shown
from bots.access import run_for
from chat import access
from chat.limits import CLIENT_ID_LIMIT
from chat.models.message import places_of
from chat.rendering import message_json
from chat.throttle import posts

router = Router(auth=for_chat, tags=["messages"])


class Alternatives(Schema):
    alternatives: list[Message]


class OtherWords(Schema):
    body: str
    client_id: str | None = Field(None, max_length=CLIENT_ID_LIMIT, description="Sent again, it gives the stored message")


@router.get("/messages/{message_id}/alternatives", response=Alternatives, exclude_unset=True, summary="What stands in one place")
def alternatives(request: ApiRequest, message_id: str) -> Any:
    """The oldest first; the one that is not `hidden`, if any, is the one the room shows."""
    found = list(access.message_for(request.auth.user, message_id).alternatives())
    places_of(found)
    return {"alternatives": [message_json(each, request.auth.user) for each in found]}


@router.post("/messages/{message_id}/choice", response=Message, exclude_unset=True, summary="Show this one of the alternatives")
def choose(request: ApiRequest, message_id: str) -> Any:
    """Any member may, and it is shown to everybody; with it what was said within it, and whatever it was said within itself."""
    user = request.auth.user
    posts.admit(user)
    message = access.message_for(user, message_id)
    return message_json(message.room.choose(message, user), user)


@router.post(
    "/messages/{message_id}/resubmission", response={200: Message, 201: Message}, exclude_unset=True, summary="Say it in other words"
)
def resubmit(request: ApiRequest, message_id: str, payload: OtherWords) -> Any:
    """In a direct room with a bot another message in the same place (201), and the bot answers that one. Elsewhere the message itself is
    edited (200), and the bots it addresses are asked anew."""
    user = request.auth.user
    posts.admit(user)
    posted = access.message_for(user, message_id).resubmit(user, payload.body, payload.client_id)
    return Status(201 if posted.created else 200, message_json(posted.message, user))


@router.post("/messages/{message_id}/regeneration", response={200: RunSummary, 201: RunSummary}, summary="Have a bot answer again")
def regenerate(request: ApiRequest, message_id: str) -> Any:
    """For the asker and the bot's admins. Its reply stands beside the old one. 200 with the same run while one is on its way."""
    user = request.auth.user
    posts.admit(user)
    done = regenerating.regenerate(access.message_for(user, message_id), user)
    return Status(201 if done.created else 200, shown.run_json(run_for(user, done.run.pk)))
