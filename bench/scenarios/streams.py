"""How late the words of an answer are: with one stream, and with many at 50 tokens a second each."""

from __future__ import annotations

from bench.plan import Plan
from bench.scenarios import Figures, median, percentile, together
from bench.systems import System
from bench.talkers import Talker, talking, with_bots

QUESTION = "[[tokens:{}:20]]"


async def measure(system: System, plan: Plan) -> Figures:
    figures = Figures(sent=plan.single_streams + plan.streams)
    async with talking(system, with_bots(system, 1)) as [person]:
        alone = [await _followed(person, plan) for _ in range(plan.single_streams)]
    async with talking(system, with_bots(system, plan.streams)) as people:
        many = await together(_followed(person, plan) for person in people)
    figures.lost = sum(seconds is None for _, seconds in [*alone, *many])
    lags = [lag for found, _ in alone for lag in found]
    crowded = [lag for found, _ in many for lag in found]
    figures.values = {
        "stream lag p50, 1 stream, ms": median(lags),
        "stream lag p95, 1 stream, ms": percentile(lags, 95),
        "stream lag p50, 32 at 50/s, ms": median(crowded),
        "stream lag p95, 32 at 50/s, ms": percentile(crowded, 95),
        "a 2 s reply, 32 at once, s": median(seconds for _, seconds in many if seconds),
    }
    return figures


async def _followed(person: Talker, plan: Plan) -> tuple[list[float], float | None]:
    """The lag of each word of one answer, and the seconds until it was stored."""
    said = await person.say(QUESTION.format(plan.tokens))
    heard = await person.hear(bot=True)
    return person.lags, heard and heard[0] - said
