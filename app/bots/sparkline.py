"""The gap of a month as one small line, drawn by the server: it stands beside a room, where no script should be needed for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bots.gap import Day, Gap

WIDTH, HEIGHT, MARGIN, TOP = 284, 56, 4, 12
# A single day of a bot that few people use says little: three days make a point.
TOGETHER = 3


@dataclass(frozen=True)
class Mark:
    """A version that went live; its words stand on the side with more room."""

    x: float
    version: int
    left: bool

    @property
    def words_x(self) -> float:
        return round(self.x + (-5 if self.left else 5), 1)


@dataclass(frozen=True)
class Sparkline:
    """`path` is an SVG path; empty when there are fewer than two points to join."""

    path: str
    end: tuple[float, float] | None
    marks: list[Mark]
    said: str

    width, height, top = WIDTH, HEIGHT, TOP


def of(gap: Gap) -> Sparkline:
    groups = [gap.days[start : start + TOGETHER] for start in range(0, len(gap.days), TOGETHER)]
    shares = [(place, share) for place, group in enumerate(groups) if (share := _share(group)) is not None]
    step = (WIDTH - 2 * MARGIN) / max(1, len(groups) - 1)
    # The line uses the height it has: from nothing to the worst of the month, a tenth at the least.
    highest = max([0.1, *(share for _, share in shares)])
    points = [(round(MARGIN + place * step, 1), _y(share / highest)) for place, share in shares]
    path = "M" + "L".join(f"{x} {y}" for x, y in points) if len(points) > 1 else ""
    return Sparkline(path, points[-1] if points else None, _marks(gap), _said(shares))


def _share(days: list[Day]) -> float | None:
    answers = sum(day.measure.answers for day in days)
    return 1 - sum(day.measure.accepted for day in days) / answers if answers else None


def _y(part: float) -> float:
    return round(HEIGHT - MARGIN - part * (HEIGHT - MARGIN - TOP), 1)


def _marks(gap: Gap) -> list[Mark]:
    """The newest version of each day; of days close together only the last, so that their words do not lie on each other."""
    found: list[Mark] = []
    for place, day in enumerate(gap.days):
        if not day.went_live:
            continue
        x = round(MARGIN + place * (WIDTH - 2 * MARGIN) / max(1, len(gap.days) - 1), 1)
        if found and x - found[-1].x < 70:
            found.pop()
        found.append(Mark(x, day.went_live[-1], left=x > WIDTH - 70))
    return found


def _said(shares: list[tuple[int, float]]) -> str:
    if not shares:
        return "No answers yet."
    first, last = shares[0][1], shares[-1][1]
    return f"The share of answers that people did not take as they were: {first:.0%} at first, {last:.0%} now."
