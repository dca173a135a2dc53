"""Choosing people and bots for a room."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db.models import Q
from django.http import QueryDict

from chat.errors import BadInput
from chat.limits import UNSTORABLE
from chat.shelves import Entry, entries_of

if TYPE_CHECKING:
    from accounts.models import User
    from chat.models import Room

MOST = 200


def choices(user: User, beside: Room | None = None) -> list[Entry]:
    """Whom to choose from, people first: at most 200, the rest by username. `beside`: those who are not in this room yet."""
    others = get_user_model().objects.filter(is_active=True).exclude(pk=user.pk)
    if beside is not None:
        others = others.exclude(memberships__room=beside)
    return entries_of(list(others.order_by("is_bot", "username")[:MOST]))


def context(user: User, form: QueryDict, beside: Room | None = None) -> dict[str, Any]:
    """What a form to choose by shows: whom there is to choose, and what is filled in."""
    filled = {"chosen": form.getlist("member"), "others": form.get("others", ""), "name": form.get("name", "")}
    return {"choices": choices(user, beside), **filled}


def chosen(usernames: Iterable[str], others: str = "") -> list[User]:
    """The users of these names; `others` is free text with more of them. A name nobody has is said, not skipped."""
    names = [name.strip().lower() for name in (*usernames, *re.split(r"[\s,;]+", others))]
    wanted = list(dict.fromkeys(name.removeprefix("@") for name in names if name))
    found = {user.username: user for user in get_user_model().objects.filter(_named(wanted), is_active=True)}
    if missing := [name for name in wanted if name not in found]:
        raise BadInput(f"Nobody here has the username {missing[0][:50]!r}.", members="is unknown")
    if not wanted:
        raise BadInput("Choose at least one person or bot.", members="is empty")
    return [found[name] for name in wanted]


def _named(names: list[str]) -> Q:
    return Q(username__in=[name for name in names if not UNSTORABLE.search(name)])
