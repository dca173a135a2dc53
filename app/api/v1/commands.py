"""What can be written as `/words` in a room."""

from __future__ import annotations

from typing import Any

from ninja import Router, Schema

from api.auth import ApiRequest, for_chat
from bots.commands import offered
from chat.access import room_for

router = Router(auth=for_chat, tags=["rooms"])


class Command(Schema):
    name: str
    about: str
    bots: list[str]


class Commands(Schema):
    commands: list[Command]


@router.get("/rooms/{room_id}/commands", response=Commands, summary="What one can write as /words")
def commands(request: ApiRequest, room_id: str) -> Any:
    """Those of the place, where there are bots, and those of the bots themselves: `bots` names who knows one."""
    return {"commands": offered(room_for(request.auth.user, room_id).pk)}
