"""One file for each thing that is measured: ``async def measure(system, plan) -> Figures``."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass
class Figures:
    """By name; and of how many messages or replies how many never came."""

    values: dict[str, float] = field(default_factory=dict)
    sent: int = 0
    lost: int = 0


def percentile(values: Iterable[float], share: int) -> float:
    """Nearest rank: a value that was measured."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * share // 100)] if ordered else float("nan")


def median(values: Iterable[float]) -> float:
    known = list(values)
    return statistics.median(known) if known else float("nan")


async def together(work: Iterable[Awaitable[T]]) -> list[T]:
    return list(await asyncio.gather(*work))
