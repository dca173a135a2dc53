"""What tokens cost: a table by model and date. A model without a price costs tokens, not money: a guess would look like a bill."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from django.conf import settings

# US dollars for a million tokens, as the vendor publishes them for prompts below 272,000 tokens.
DEFAULTS: dict[str, Any] = {
    "gpt-6-luna": [{"from": "2026-09-22", "in": 0.10, "out": 0.50}],
    "gpt-5.6-sol": [{"from": "2026-07-09", "in": 5, "out": 30}, {"from": "2026-08-21", "in": 4, "out": 20}],
}
MILLION = 1_000_000
# As many digits as the columns keep.
SMALLEST = Decimal("0.00000001")
SHAPE = 'PRICES must be like {"model": [{"from": "2026-01-01", "in": 1.0, "out": 6.0}]}, in US dollars for a million tokens'


class Price(NamedTuple):
    since: date
    read: Decimal
    written: Decimal


class BadPrices(ValueError):
    """The operator's table cannot be read. Says where."""


def cost_of(usage: Mapping[str, Any], when: datetime) -> Decimal | None:
    """US dollars for what a step used then, or None without a price for its model."""
    price = _price_of(str(usage.get("model") or ""), when.astimezone(UTC).date())
    if price is None:
        return None
    tokens_in, tokens_out = tokens_of(usage)
    return ((price.read * tokens_in + price.written * tokens_out) / MILLION).quantize(SMALLEST)


def tokens_of(usage: Mapping[str, Any]) -> tuple[int, int]:
    """Read and written. A bot in any language sends this: whatever is no count of tokens counts as none."""
    return _count(usage.get("tokens_in")), _count(usage.get("tokens_out"))


def parsed(table: Mapping[str, Any]) -> dict[str, list[Price]]:
    """The table, each model's prices in the order of their dates."""
    return {model: sorted(_row(model, row) for row in _rows(model, rows)) for model, rows in table.items()}


def _price_of(model: str, day: date) -> Price | None:
    known = _table(json.dumps(settings.PRICES, sort_keys=True)).get(model, [])
    return next((price for price in reversed(known) if price.since <= day), None)


@functools.lru_cache(maxsize=8)
def _table(own: str) -> dict[str, list[Price]]:
    return parsed(DEFAULTS | json.loads(own))


def _rows(model: str, rows: Any) -> list[Any]:
    if not isinstance(rows, list):
        raise BadPrices(f"{SHAPE}; {model} has no list.")
    return rows


def _row(model: str, row: Any) -> Price:
    try:
        price = Price(date.fromisoformat(row["from"]), Decimal(str(row["in"])), Decimal(str(row["out"])))
    except (KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise BadPrices(f"{SHAPE}; {model} has {json.dumps(row)}.") from error
    if not (price.read >= 0 and price.written >= 0 and price.read.is_finite() and price.written.is_finite()):
        raise BadPrices(f"{SHAPE}; {model} has {json.dumps(row)}.")
    return price


# What fits the columns with room to spare; no model reads more.
MOST = 1_000_000_000


def _count(value: Any) -> int:
    return min(value, MOST) if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
