"""Messages: read by pages, posted once however often they are sent."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpResponse
from ninja import Field, Query, Router, Schema
from ninja.responses import Status

from api.auth import ApiRequest, for_chat
from api.v1.attachments import Attachment
from api.v1.users import User
from chat import access, posting
from chat.limits import BODY_LIMIT, CLIENT_ID_LIMIT
from chat.rendering import message_json
from chat.throttle import posts

router = Router(auth=for_chat, tags=["messages"])

PAGE = 50
LONGEST_PAGE = 100
Position = Annotated[int | None, Query(ge=0, le=2**63 - 1)]


class Message(Schema):
    id: str
    room: str
    position: int
    author: User
    body: str
    html: str
    kind: Literal["text", "failure", "notice", "card"]
    reply_to: str | None
    created_at: str
    edited_at: str | None
    deleted_at: str | None
    attachments: list[Attachment]
    metadata: dict[str, Any]
    alternative: int = Field(description="Which of the messages at its position it is, the oldest is 1")
    alternatives: int = Field(description="How many messages there are at its position; the room shows one")
    hidden: bool = Field(description="Whether the room shows another one instead of it, or of what it was said within")
    client_id: str | None = Field(None, description="Only in your own messages")


class Messages(Schema):
    messages: list[Message]


class NewMessage(Schema):
    body: str = Field(default="", description=f"Markdown, at most {BODY_LIMIT:,} characters; blank only with attachments")
    client_id: str | None = Field(
        None, max_length=CLIENT_ID_LIMIT, description="Your own id for it: sent again, it gives the stored message"
    )
    reply_to: str | None = None
    attachments: list[str] = Field(default=[], max_length=100, description="Ids of files you have put into this room, at most ten")


class Body(Schema):
    body: str


@router.get("/rooms/{room_id}/messages", response=Messages, exclude_unset=True, summary="A page of messages, oldest first")
def messages(
    request: ApiRequest,
    room_id: str,
    before: Position = None,
    after: Position = None,
    limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = PAGE,
) -> Any:
    """The newest ones, or those before or after a position."""
    room = access.room_for(request.auth.user, room_id)
    return {"messages": [message_json(each, request.auth.user) for each in room.page(before=before, after=after, limit=limit)]}


@router.post("/rooms/{room_id}/messages", response={200: Message, 201: Message}, exclude_unset=True, summary="Post a message")
def post(request: ApiRequest, room_id: str, payload: NewMessage) -> Any:
    """201 when it is stored; 200 with the same message for a client_id that is known; 409 when that client_id stands for another text."""
    posted = posting.post(request.auth.user, room_id, payload.body, payload.client_id, payload.reply_to, payload.attachments)
    return Status(201 if posted.created else 200, message_json(posted.message, request.auth.user))


@router.get("/messages/{message_id}", response=Message, exclude_unset=True, summary="One message")
def message(request: ApiRequest, message_id: str) -> Any:
    return message_json(access.message_for(request.auth.user, message_id), request.auth.user)


@router.patch("/messages/{message_id}", response=Message, exclude_unset=True, summary="Edit a message of yours")
def edit(request: ApiRequest, message_id: str, payload: Body) -> Any:
    user = request.auth.user
    posts.admit(user)
    return message_json(access.message_for(user, message_id).edit(user, payload.body), user)


@router.delete("/messages/{message_id}", response={204: None}, summary="Take back a message of yours")
def delete(request: ApiRequest, message_id: str) -> Any:
    posts.admit(request.auth.user)
    access.message_for(request.auth.user, message_id).retract(request.auth.user)
    return HttpResponse(status=204)
