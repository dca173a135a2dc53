"""Messages that bots send on a person's behalf, after that person approved them."""

from __future__ import annotations

from typing import Any

from ninja import Router
from ninja.responses import Status
from pydantic import Field

from api.auth import ApiRequest, for_bots
from api.v1.runs import Attempt, Replied
from bots import access, sending
from chat.rendering import message_json

router = Router(tags=["runs"])


class Sending(Attempt):
    key: str = Field(min_length=1, max_length=40, pattern=r"^[\w.:-]+$", description="The step and an ordinal, such as 4.0")
    approval: str = Field(min_length=1, max_length=64, description="The approval's id: recipient and text are read from what was approved")


@router.post(
    "/runs/{run_id}/sendings", auth=for_bots, response={200: Replied, 201: Replied}, exclude_unset=True,
    summary="Send what the asker approved, as the asker",
)  # fmt: skip
def send(request: ApiRequest, run_id: str, payload: Sending) -> Any:
    """201, and 200 with the sent message when the key is known. 403 without the asker's approval in this run."""
    found = access.own_run(request.auth.user, run_id)
    posted = sending.send(found, payload.attempt, payload.key, payload.approval)
    return Status(201 if posted.created else 200, {"message": message_json(posted.message)})
