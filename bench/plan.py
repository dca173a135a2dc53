"""What is measured, how much of it, and the goals: the table of docs/performance.md."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    rounds: int = 3
    people: int = 100
    questions: int = 40
    single_streams: int = 3
    streams: int = 32
    tokens: int = 100  # of a stream, 20 ms apart
    repliers: int = 32
    replies_each: int = 10
    messages: int = 100
    pairs: int = 50
    messages_each: int = 20
    sockets: int = 500


FULL = Plan()
QUICK = Plan(rounds=1, questions=15, single_streams=1, replies_each=3, messages=40, messages_each=6, sockets=100)
TINY = Plan(rounds=1, people=8, questions=2, single_streams=1, streams=3, tokens=20, repliers=4, replies_each=2, messages=4, pairs=4,
            messages_each=2, sockets=10)  # fmt: skip
PLANS = {"full": FULL, "quick": QUICK, "tiny": TINY}


@dataclass(frozen=True)
class Goal:
    """A bound on Parley's figure over the bare stack's: at most, or at least (of what should be large)."""

    ratio: float
    at_least: bool = False

    def met_by(self, ratio: float) -> bool:
        return ratio >= self.ratio if self.at_least else ratio <= self.ratio

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='} {self.ratio:g}"


GOALS = {
    "bot overhead p50, ms": Goal(2),
    "bot overhead p95, ms": Goal(2.5),
    "stream lag p50, 1 stream, ms": Goal(2),
    "stream lag p95, 32 at 50/s, ms": Goal(2),
    "a 2 s reply, 32 at once, s": Goal(1.02),
    "replies/s, 32 users": Goal(0.45, at_least=True),
    "CPU per reply, ms": Goal(2.2),
    "person to person p50, ms": Goal(2),
    "messages/s, 50 pairs": Goal(0.45, at_least=True),
    "CPU per message, ms": Goal(2.2),
    "PSS at rest, MiB": Goal(2),
    "PSS per 1000 sockets, MiB": Goal(1.3),
    "start to first page, ms": Goal(4),
}
