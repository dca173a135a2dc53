"""Numbers on pages of bots: shares, seconds, money, tokens. What there is nothing to measure of is a dash."""

from __future__ import annotations

from decimal import Decimal

from django import template

from bots.course import dollars, duration

register = template.Library()

NONE = "–"


@register.filter
def percent(share: float | None) -> str:
    """Whole percents, and a digit more where a whole one would say nothing."""
    if share is None:
        return NONE
    value = share * 100
    return f"{value:.1f} %" if 0 < value < 1 or 99 < value < 100 else f"{value:.0f} %"


@register.filter
def seconds(value: float | None) -> str:
    return NONE if value is None else duration(round(value * 1000))


@register.filter
def money(value: Decimal | None) -> str:
    return dollars(value) or NONE


@register.filter
def thousands(value: int) -> str:
    return f"{value:,}"
