"""./go bench [quick|tiny] [NAME ...]: Parley beside the bare stack, in rounds, on this machine."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench import report
from bench.plan import PLANS, Plan
from bench.scenarios import Figures, overhead, people, replies, rest, streams
from bench.systems import System, both

ROOT = Path(__file__).resolve().parents[1]
Measure = Callable[[System, Plan], Awaitable[Figures]]

SCENARIOS: dict[str, Measure] = {
    "rest": rest.measure,
    "overhead": overhead.measure,
    "streams": streams.measure,
    "replies": replies.measure,
    "people": people.measure,
}


def main(arguments: list[str]) -> int:
    """Times that miss a goal are said; a message that was lost fails."""
    parser = argparse.ArgumentParser(prog="./go bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"quick (a minute), tiny (seconds); {', '.join(SCENARIOS)}")
    parser.add_argument("--results", type=Path, default=ROOT / ".parley" / "bench", help="the folder for the file with all figures")
    chosen = parser.parse_args(arguments)
    unknown = set(chosen.names) - {*SCENARIOS, *PLANS}
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}. There are: {', '.join([*PLANS, *SCENARIOS])}")
    plan = next((PLANS[name] for name in chosen.names if name in PLANS), PLANS["full"])
    names = [name for name in SCENARIOS if name in chosen.names] or list(SCENARIOS)
    before = report.machine()
    with both(plan.people) as systems:
        rounds = asyncio.run(measured(systems, names, plan))
    print(report.table(rounds))
    print(f"load {before['load'][0]:.1f} before, {report.machine()['load'][0]:.1f} after, on {before['cores']} cores")
    print(f"all figures: {report.save(chosen.results, plan, rounds, before)}")
    return 1 if any(gone for gone, _ in report.lost(rounds).values()) else 0


async def measured(systems: list[System], names: list[str], plan: Plan) -> list[report.Round]:
    """Every scenario on both, straight after each other; which goes first changes with each round."""
    rounds = []
    for number in range(plan.rounds):
        for name in names:
            print(f"round {number + 1} of {plan.rounds}: {name}", file=sys.stderr, flush=True)
            order = systems if number % 2 == 0 else systems[::-1]
            found = {system.name: await SCENARIOS[name](system, plan) for system in order}
            rounds.append(report.Round(name, found["parley"], found["bare"]))
    return rounds


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
