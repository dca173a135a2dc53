"""From one person to another: how long it takes, and how many messages many pairs get through."""

from __future__ import annotations

import asyncio
import time

from bench import cost
from bench.plan import Plan
from bench.scenarios import Figures, median, percentile, together
from bench.systems import System
from bench.talkers import Talker, in_pairs, talking

PAUSE = 0.03  # a socket of Parley's takes 50 frames a second


async def measure(system: System, plan: Plan) -> Figures:
    async with talking(system, in_pairs(system, 1)) as [one, other]:
        times = [await _passed(one, other, str(number), PAUSE) for number in range(plan.messages)]
    known = [ms for ms in times if ms is not None]
    async with talking(system, in_pairs(system, plan.pairs)) as people:
        pairs = list(zip(people[::2], people[1::2], strict=True))
        await together(_chat(one, other, 1) for one, other in pairs)
        busy, began = cost.cpu_ms(system.everything()), time.monotonic()
        seen = sum(await together(_chat(one, other, plan.messages_each) for one, other in pairs))
        seconds, busy = time.monotonic() - began, cost.cpu_ms(system.everything()) - busy
    values = {
        "person to person p50, ms": median(known),
        "person to person p99, ms": percentile(known, 99),
        "messages/s, 50 pairs": seen / seconds,
        "CPU per message, ms": busy / max(1, seen),
    }
    sent = plan.messages + plan.pairs * plan.messages_each
    return Figures(values, sent=sent, lost=sent - len(known) - seen)


async def _chat(one: Talker, other: Talker, messages: int) -> int:
    return sum([await _passed(one, other, f"again {number}", 0) is not None for number in range(messages)])


async def _passed(one: Talker, other: Talker, text: str, pause: float) -> float | None:
    """Milliseconds until the other one saw it."""
    said = await one.say(text)
    heard = await other.hear(text)
    await asyncio.sleep(pause)
    return heard and (heard[0] - said) * 1000
