"""Carries one parcel to one endpoint and says how it went. Runs in a thread of the relay's pool; never raises."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import structlog

from bots.signing import signed
from lib.errors import OutboundError
from lib.outbound import Answer, post_json

if TYPE_CHECKING:
    from bots.models import Run

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Parcel:
    """What a thread needs, so that it asks nobody. Without a run it is a message that may be lost (a cancellation).

    `sent` counts how often it was carried before.
    """

    endpoint: str
    secret: str
    body: dict[str, Any]
    run: Run | None = None
    sent: int = 0


@dataclass(frozen=True)
class Verdict:
    """`away`: the endpoint itself did not answer, or only to say that it cannot; its other deliveries would fare the same."""

    taken: bool
    away: bool = False
    reason: str = ""
    detail: str = ""
    ms: float = 0.0


def carry(parcel: Parcel) -> Verdict:
    begun = time.monotonic()
    verdict = _carried(parcel)
    return replace(verdict, ms=(time.monotonic() - begun) * 1000)


def _carried(parcel: Parcel) -> Verdict:
    body = json.dumps(parcel.body, ensure_ascii=False, separators=(",", ":")).encode()
    try:
        answer = post_json(parcel.endpoint, body, signed(parcel.secret, body))
    except OutboundError as error:
        return Verdict(taken=False, away=True, reason=error.code, detail=str(error))
    except Exception as error:
        log.exception("courier_failed", run=parcel.body["run"])
        return Verdict(taken=False, reason="relay_error", detail=str(error))
    return judged(answer)


def judged(answer: Answer) -> Verdict:
    """202: enqueued. 200: known already. Anything else is no. What was answered is read, but never shown to anybody (W8)."""
    if answer.status == 202 or (answer.status == 200 and _is_known(answer.body)):
        return Verdict(taken=True)
    if answer.status == 200:
        return Verdict(taken=False, reason="bad_answer", detail="200 without an answer of the contract")
    away = answer.status >= 500 or answer.status == 429
    return Verdict(taken=False, away=away, reason=f"answered_{answer.status}", detail="")


def _is_known(body: bytes) -> bool:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(said, dict) and (said.get("duplicate") is True or said.get("accepted") is True)
