"""What a text may be. Every door (pages, API, sockets, bots' replies) checks here."""

from __future__ import annotations

import re

from chat.errors import BadInput

BODY_LIMIT = 20_000
NAME_LIMIT = 80
CLIENT_ID_LIMIT = 100
MEMBERS_LIMIT = 200

# Text that PostgreSQL (NUL) or UTF-8 (half of a surrogate pair) cannot hold.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str, field: str) -> str:
    if found := UNSTORABLE.search(text):
        name = "a NUL character" if found[0] == "\x00" else "half of a character (a lone surrogate)"
        raise BadInput(f"The text holds {name}, which cannot be stored. Take it out and send again.", **{field: "cannot be stored"})
    return text


def clean_body(body: str, *, blank: bool = False) -> str:
    """The text of a message, refused rather than cut when it cannot be stored whole. Blank only where something else says what is meant."""
    storable(body, "body")
    if not blank and not body.strip():
        raise BadInput("A message needs some text.", body="is blank")
    if len(body) > BODY_LIMIT:
        raise BadInput(f"This message has {len(body):,} characters; {BODY_LIMIT:,} is the most one can have.", body="is too long")
    return body if body.strip() else ""


def clean_name(name: str) -> str:
    """A room's name: one line."""
    name = " ".join(storable(name, "name").split())
    if len(name) > NAME_LIMIT:
        raise BadInput(f"This name has {len(name)} characters; {NAME_LIMIT} is the most a room's name can have.", name="is too long")
    return name


def clean_client_id(client_id: str | None) -> str | None:
    if not client_id:
        return None
    storable(client_id, "client_id")
    if len(client_id) > CLIENT_ID_LIMIT:
        raise BadInput(f"A client_id has at most {CLIENT_ID_LIMIT} characters.", client_id="is too long")
    return client_id
