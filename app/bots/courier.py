"""Carries one parcel to one endpoint and says how it went. Runs in a thread of the relay's pool; never raises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bots.models import Run


@dataclass(frozen=True)
class Parcel:
    """What a thread needs, so that it asks nobody. Without a run it is a message that may be lost (a cancellation)."""

    endpoint: str
    secret: str
    body: dict[str, Any]
    run: Run | None = None


@dataclass(frozen=True)
class Verdict:
    """`away`: the endpoint itself did not answer, or only to say that it cannot; its other deliveries would fare the same."""

    taken: bool
    away: bool = False
    reason: str = ""
    detail: str = ""
    ms: float = 0.0
