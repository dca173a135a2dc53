"""What tokens cost: by model and by date, and no money without a price."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.conf import LazySettings
from hypothesis import given, settings
from hypothesis import strategies as st

from bots import prices
from config.checks import check_settings

SUMMER = datetime(2026, 8, 1, tzinfo=UTC)
AUTUMN = datetime(2026, 11, 20, tzinfo=UTC)


def used(model: str = "gpt-5.6-sol", tokens_in: Any = 1_000_000, tokens_out: Any = 100_000) -> dict[str, Any]:
    return {"model": model, "tokens_in": tokens_in, "tokens_out": tokens_out}


def test_tokens_cost_what_their_model_cost_on_that_day() -> None:
    assert prices.cost_of(used(), SUMMER) == Decimal(8)
    assert prices.cost_of(used(), AUTUMN) == Decimal(6)
    assert prices.cost_of(used("gpt-6-luna", 388, 24), AUTUMN) == Decimal("0.0000508")


def test_a_price_holds_from_its_first_day_in_utc() -> None:
    assert prices.cost_of(used("gpt-6-luna"), datetime(2026, 9, 21, 23, 59, tzinfo=UTC)) is None
    assert prices.cost_of(used("gpt-6-luna"), datetime(2026, 9, 22, 0, 0, tzinfo=UTC)) == Decimal("0.15")


def test_a_model_without_a_price_costs_tokens_and_no_money() -> None:
    assert prices.cost_of(used("of-our-own"), AUTUMN) is None
    assert prices.cost_of({}, AUTUMN) is None


def test_the_operator_replaces_the_prices_of_a_model(settings: LazySettings) -> None:
    settings.PRICES = {"gpt-6-luna": [{"from": "2026-01-01", "in": 1, "out": 2}], "of-our-own": [{"from": "2026-01-01", "in": 0, "out": 0}]}

    assert prices.cost_of(used("gpt-6-luna", 1_000_000, 1_000_000), SUMMER) == Decimal(3)
    assert prices.cost_of(used("of-our-own"), AUTUMN) == 0
    assert prices.cost_of(used(), AUTUMN) == Decimal(6)


@pytest.mark.parametrize(
    "table",
    [
        {"m": 3},
        {"m": [{"from": "yesterday", "in": 1, "out": 2}]},
        {"m": [{"in": 1, "out": 2}]},
        {"m": [{"from": "2026-01-01", "in": "dear", "out": 2}]},
        {"m": [{"from": "2026-01-01", "in": -1, "out": 2}]},
        {"m": [{"from": "2026-01-01", "in": "Infinity", "out": 2}]},
        {"m": ["2026-01-01"]},
    ],
    ids=["no-list", "no-date", "no-from", "no-number", "below-zero", "endless", "no-object"],
)
def test_a_table_that_cannot_be_read_is_said_at_start_with_its_place(settings: LazySettings, table: dict[str, Any]) -> None:
    """I10."""
    settings.PRICES = table

    (wrong,) = [message for message in check_settings() if message.id == "parley.E009"]
    assert "PRICES must be like" in wrong.msg
    assert "m has" in wrong.msg


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["model", "tokens_in", "tokens_out"]),
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=True), st.text(), st.just("gpt-6-luna")),
    )
)
def test_whatever_a_bot_says_it_used_is_counted_or_ignored(usage: dict[str, Any]) -> None:
    """C36."""
    cost = prices.cost_of(usage, AUTUMN)

    assert cost is None or 0 <= cost < 1_000_000
    assert all(0 <= count <= prices.MOST for count in prices.tokens_of(usage))
