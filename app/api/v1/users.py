"""People and bots one can write to."""

from __future__ import annotations

from typing import Any

from ninja import Router, Schema

from api.auth import ApiRequest, for_chat
from chat import people
from chat.rendering import as_author

router = Router(auth=for_chat, tags=["users"])


class User(Schema):
    id: int
    username: str
    name: str
    is_bot: bool


class Users(Schema):
    users: list[User]
    page: int
    more: bool


@router.get("", response=Users, summary="Find people and bots")
def find(request: ApiRequest, search: str = "", page: int = 1) -> Any:
    """Twenty to a page, by username."""
    found = people.search(request.auth.user, search, page)
    return {"users": [as_author(user) for user in found.users], "page": found.page, "more": found.more}


@router.get("/me", response=User, summary="Who this token or session is")
def me(request: ApiRequest) -> Any:
    return as_author(request.auth.user)
