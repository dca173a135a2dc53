"""A question, the stored reply, and what was not the model's time; and how soon there is a first sign of work on it."""

from __future__ import annotations

import asyncio

from bench.model import since
from bench.plan import Plan
from bench.scenarios import Figures, median, percentile
from bench.systems import System
from bench.talkers import Talker, talking, with_bots

QUESTION = "[[tokens:100:0]] {}"
PAUSE = 0.1  # between questions: what is left of the last run must not stand in the way of the next


async def measure(system: System, plan: Plan) -> Figures:
    figures = Figures(sent=plan.questions)
    overheads, signs = [], []
    async with talking(system, with_bots(system, 1)) as [person]:
        await ask(person, "to warm up")
        for number in range(plan.questions):
            await asyncio.sleep(PAUSE)
            answer = await ask(person, str(number))
            if answer is None:
                figures.lost += 1
                continue
            overheads.append(answer[0])
            if person.first_sign:
                signs.append(answer[1])
    figures.values = {
        "bot overhead p50, ms": median(overheads),
        "bot overhead p95, ms": percentile(overheads, 95),
        "question to first step p50, ms": median(signs),
    }
    return figures


async def ask(person: Talker, name: str) -> tuple[float, float] | None:
    """Milliseconds from question to stored reply less the model's, and from question to the first sign of work."""
    said = await person.say(QUESTION.format(name))
    heard = await person.hear(bot=True)
    if heard is None:
        return None
    at, text = heard
    asked, *_, last = text.split()
    of_the_model = since(asked, at) - since(last, at)
    return (at - said) * 1000 - of_the_model, (person.first_sign - said) * 1000
