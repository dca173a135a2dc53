"""Who a message addresses by @username."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lib.markdown import MENTION

if TYPE_CHECKING:
    from accounts.models import User
    from chat.models import Room

# What stands in code is quoted, not said.
CODE = re.compile(r"^(```|~~~).*?^\1[^\n]*$|(`+)(?!`).+?(?<!`)\2(?!`)", re.MULTILINE | re.DOTALL)
MOST = 50


def names_in(body: str) -> list[str]:
    """The usernames a text mentions, in order, each once."""
    if "@" not in body:
        return []
    found = (match[1].lower() for match in MENTION.finditer(CODE.sub(" ", body)))
    # "@bea-" at the end of a clause means bea; a name may hold hyphens but is not known to end with one.
    both = (name for word in found for name in (word, word.rstrip("-")))
    return list(dict.fromkeys(both))[: MOST * 2]


def mentioned_in(room: Room, body: str) -> list[User]:
    """The members of the room that a text mentions. Nobody outside of it is addressed, or even looked up."""
    names = names_in(body)
    if not names:
        return []
    members = {user.username: user for user in room.members.filter(username__in=names)}
    return [members[name] for name in names if name in members][:MOST]


def labels(users: list[User]) -> dict[str, str]:
    """What the mentioned are called where a text is shown."""
    return {user.username: user.label for user in users}
