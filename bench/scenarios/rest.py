"""What it takes to be there: memory at rest and for sockets that say nothing, and the time from start to a first page."""

from __future__ import annotations

import asyncio

from bench import cost
from bench.plan import Plan
from bench.scenarios import Figures
from bench.systems import System
from bench.talkers import talking


async def measure(system: System, plan: Plan) -> Figures:
    at_rest = cost.pss_mib(system.programs())
    some = [(n % plan.people, system.places.with_bot[n % plan.people]) for n in range(plan.sockets)]
    async with talking(system, some[:2]):
        pass  # what the first sockets bring with them is no part of a socket
    before = cost.pss_mib(system.programs())
    async with talking(system, some):
        for_sockets = cost.pss_mib(system.programs()) - before
    first_page = await asyncio.to_thread(system.first_page)
    values = {
        "PSS at rest, MiB": at_rest,
        "PSS per 1000 sockets, MiB": max(0.0, for_sockets) * 1000 / plan.sockets,
        "start to first page, ms": first_page,
    }
    return Figures(values)
