"""Finding people and bots to talk to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

from chat.limits import UNSTORABLE

if TYPE_CHECKING:
    from accounts.models import User

PAGE = 20
# Nobody turns a hundred pages; whoever would should search.
MOST_PAGES = 100
LONGEST = 80


@dataclass
class People:
    users: list[User]
    page: int
    more: bool


def search(user: User, text: str = "", page: int = 1) -> People:
    """Everybody who can be written to, but oneself, whose name or username holds the text."""
    found = get_user_model().objects.filter(is_active=True).exclude(pk=user.pk)
    return _page(_matching(found, text), page)


def members(room_members: QuerySet[User], text: str = "", page: int = 1) -> People:
    """The same among the members of a room: for mentions."""
    return _page(_matching(room_members, text), page)


def _matching(users: QuerySet[User], text: str) -> QuerySet[User]:
    text = UNSTORABLE.sub("", text).strip().removeprefix("@")[:LONGEST]
    if text:
        users = users.filter(Q(username__icontains=text) | Q(name__icontains=text))
    return users.order_by("username")


def _page(users: QuerySet[User], page: int) -> People:
    page = max(1, min(page, MOST_PAGES))
    found = list(users[(page - 1) * PAGE : page * PAGE + 1])
    return People(found[:PAGE], page, more=len(found) > PAGE)
