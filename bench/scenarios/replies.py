"""Many users at once, each asking again as soon as the answer is there."""

from __future__ import annotations

import time

from bench import cost
from bench.plan import Plan
from bench.scenarios import Figures, together
from bench.scenarios.overhead import QUESTION
from bench.systems import System
from bench.talkers import Talker, talking, with_bots


async def measure(system: System, plan: Plan) -> Figures:
    asked = plan.repliers * plan.replies_each
    async with talking(system, with_bots(system, plan.repliers)) as people:
        await together(_answers(person, 1) for person in people)
        busy, began = cost.cpu_ms(system.everything()), time.monotonic()
        answers = sum(await together(_answers(person, plan.replies_each) for person in people))
        seconds, busy = time.monotonic() - began, cost.cpu_ms(system.everything()) - busy
    values = {"replies/s, 32 users": answers / seconds, "CPU per reply, ms": busy / max(1, answers)}
    return Figures(values, sent=asked, lost=asked - answers)


async def _answers(person: Talker, questions: int) -> int:
    answers = 0
    for number in range(questions):
        await person.say(QUESTION.format(number))
        answers += await person.hear(bot=True) is not None
    return answers
