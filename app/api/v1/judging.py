"""What people make of a bot's reply: corrections, which stand in its place, and feedback. Both become cases of the bot."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpResponse
from ninja import Field, Router, Schema
from ninja.responses import Status

from api.auth import ApiRequest, for_chat
from api.v1.users import User
from bots import correcting, rating
from bots.access import run_behind
from bots.models import Correction, Feedback
from chat.access import message_for
from chat.limits import BODY_LIMIT
from chat.rendering import as_author, moment
from chat.throttle import posts

router = Router(auth=for_chat, tags=["messages"])


class Corrected(Schema):
    before: str
    after: str
    by: User
    created_at: str
    distance: int = Field(description="Levenshtein's, in characters")
    share: float = Field(description="The distance as a share of the longer text, 0 to 1")


class Corrections(Schema):
    corrections: list[Corrected]


class BetterWords(Schema):
    before: str = Field(description="What the reply said when you read it: nobody's words are overwritten unseen")
    body: str = Field(description=f"What it should say; at most {BODY_LIMIT:,} characters, not blank")


class NewFeedback(Schema):
    value: Literal[1, -1] = Field(description="1 is a thumb up, -1 a thumb down")
    reason: str = Field(default="", description=f"What was wrong; at most {rating.REASON_LIMIT} characters")
    expected: str = Field(
        default="", description=f"What you expected; at most {rating.EXPECTED_LIMIT:,} characters. With a thumb down only"
    )


class MyFeedback(Schema):
    value: Literal[1, 0, -1]
    reason: str
    expected: str


@router.get("/messages/{message_id}/corrections", response=Corrections, summary="How a bot's reply was corrected")
def corrections(request: ApiRequest, message_id: str) -> Any:
    """The oldest first. Each has the text before and after it; the newest `after` is what the room shows."""
    message = message_for(request.auth.user, message_id)
    correcting.check_correctable(message, request.auth.user)
    return {"corrections": [_corrected(each) for each in correcting.of(message)]}


@router.post("/messages/{message_id}/corrections", response={201: Corrected}, summary="Correct a bot's reply in its place")
def correct(request: ApiRequest, message_id: str, payload: BetterWords) -> Any:
    """For every member. 409 `changed_meanwhile` when the reply says something else than `before`."""
    user = request.auth.user
    message = message_for(user, message_id)
    posts.admit(user)
    return Status(201, _corrected(correcting.correct(message, user, payload.before, payload.body)))


@router.get("/messages/{message_id}/feedback", response=MyFeedback, summary="What you said of a bot's reply")
def feedback(request: ApiRequest, message_id: str) -> Any:
    """`value` is 0 when you said nothing."""
    message = message_for(request.auth.user, message_id)
    run_behind(message)
    return _said(rating.of(message, request.auth.user))


@router.put("/messages/{message_id}/feedback", response=MyFeedback, summary="Give a bot's reply a thumb up or down")
def rate(request: ApiRequest, message_id: str, payload: NewFeedback) -> Any:
    """For every member, one each: what you say again replaces what you said before."""
    user = request.auth.user
    message = message_for(user, message_id)
    posts.admit(user)
    return _said(rating.rate(message, user, payload.value, payload.reason, payload.expected))


@router.delete("/messages/{message_id}/feedback", response={204: None}, summary="Take your thumb back")
def take_back(request: ApiRequest, message_id: str) -> Any:
    user = request.auth.user
    message = message_for(user, message_id)
    posts.admit(user)
    rating.rate(message, user, rating.NONE)
    return HttpResponse(status=204)


def _corrected(one: Correction) -> dict[str, Any]:
    by, at = as_author(one.by), moment(one.created_at)
    return {"before": one.before, "after": one.after, "by": by, "created_at": at, "distance": one.distance, "share": one.share}


def _said(found: Feedback | None) -> dict[str, Any]:
    if found is None:
        return {"value": rating.NONE, "reason": "", "expected": ""}
    return {"value": found.value, "reason": found.reason, "expected": found.expected}
