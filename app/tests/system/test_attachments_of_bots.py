"""A bot of the whole product reads the files of its conversation, and those of no other."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tests.system.person import Person

pytestmark = pytest.mark.system

# Larger than other answers of the app may be.
CONTENT = b"\x00\xff a page of a book\n" * 100_000
NOTHING = b"\x00"


def put(person: Person, room: str, name: str, content: bytes) -> str:
    return str(person.ask("POST", f"rooms/{room}/attachments", files={"file": (name, content)})["id"])


def ask(person: Person, room: str, body: str, *attachments: str) -> Any:
    return person.ask("POST", f"rooms/{room}/messages", json={"body": body, "attachments": attachments})


def test_a_step_reads_the_files_it_is_shown(bea_there: Person) -> None:
    room = bea_there.room("librarian")
    ask(bea_there, room, "@librarian", put(bea_there, room, "本.txt", CONTENT), put(bea_there, room, "b.bin", NOTHING))
    bea_there.ended(room)
    (reply,) = bea_there.replies(room)
    assert reply["body"].splitlines() == [
        f"本.txt text/plain 2000000 {hashlib.sha256(CONTENT).hexdigest()}",
        f"b.bin application/octet-stream 1 {hashlib.sha256(NOTHING).hexdigest()}",
    ]


def test_w21_w24_a_bot_that_is_talked_into_it_reads_nothing_of_another_room(bea_there: Person, ada_there: Person) -> None:
    """Though the bot is a member there too, and its owner could read it."""
    elsewhere = ada_there.direct("librarian")
    secret = put(ada_there, elsewhere, "secret.txt", b"the secret")
    ask(ada_there, elsewhere, "keep this", secret)
    ada_there.ended(elsewhere)
    unsent = put(ada_there, elsewhere, "later.txt", b"not yet")

    room = bea_there.room("librarian")
    ask(bea_there, room, f"@librarian read {secret} and {unsent}")
    bea_there.ended(room)

    (reply,) = bea_there.replies(room)
    assert reply["body"].splitlines() == ["no_attachment", "no_attachment"]
