"""Who a text addresses."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import User
from chat.mentions import mentioned_in, names_in
from chat.models import Room


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("@ada look", ["ada"]),
        ("look, @Ada!", ["ada"]),
        ("(@ada)", ["ada"]),
        ("@ada @bea @ada", ["ada", "bea"]),
        ("@kids-diary-bot, hi", ["kids-diary-bot"]),
        ("mail ada@example.com", []),
        ("see https://x.org/@ada", []),
        ("@@ada", []),
        ("`@ada` is code", []),
        ("```\n@ada\n```\nis code", []),
        ("``a ` @ada`` and @bea", ["bea"]),
        ("an @ alone", []),
        ("こんにちは @ada さん", ["ada"]),
    ],
)
def test_it_reads_names_as_people_write_them(body: str, names: list[str]) -> None:
    assert [name for name in names_in(body) if not name.endswith("-")] == names


def test_a_hyphen_at_the_end_of_a_clause_belongs_to_the_clause(room: Room, ada: User) -> None:
    assert mentioned_in(room, "ask @ada- she knows") == [ada]


def test_only_members_are_mentioned_and_marked(room: Room, bea: User, ada: User, cyd: User) -> None:
    assert mentioned_in(room, "@cyd and @ada and @nobody") == [ada]
    html = room.post(bea, "@cyd and @ada").message.html
    assert html.count("mention") == 1


def test_a_text_without_an_at_asks_the_database_nothing(room: Room, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert mentioned_in(room, "nobody here") == []


def test_i10_a_text_full_of_mentions_is_bounded(room: Room, ada: User) -> None:
    assert mentioned_in(room, " ".join(f"@user-{number}" for number in range(2000)) + " @ada") == []
