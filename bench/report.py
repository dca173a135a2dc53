"""What came of a run: a table for people, a file for programs."""

from __future__ import annotations

import json
import math
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.plan import GOALS, Plan
from bench.scenarios import Figures, median


@dataclass
class Round:
    """One scenario, on both, one straight after the other."""

    scenario: str
    parley: Figures
    bare: Figures


@dataclass
class Row:
    name: str
    parley: float
    bare: float
    ratio: float
    lowest: float
    highest: float
    goal: str = ""
    met: bool | None = None


def rows(rounds: Sequence[Round]) -> list[Row]:
    """The medians, and the median of the ratios within rounds: the machine was the same for both only there."""
    found = []
    for name in dict.fromkeys(name for each in rounds for name in each.parley.values):
        pairs = [(each.parley.values[name], each.bare.values[name]) for each in rounds if name in each.parley.values]
        ratios = [parley / bare for parley, bare in pairs if bare and math.isfinite(parley / bare)] or [math.nan]
        row = Row(name, median(p for p, _ in pairs), median(b for _, b in pairs), median(ratios), min(ratios), max(ratios))
        if goal := GOALS.get(name):
            row.goal, row.met = str(goal), goal.met_by(row.ratio)
        found.append(row)
    return found


def lost(rounds: Sequence[Round]) -> dict[str, tuple[int, int]]:
    """By system: how many never came, of how many."""
    both = {"parley": [each.parley for each in rounds], "bare": [each.bare for each in rounds]}
    return {name: (sum(one.lost for one in some), sum(one.sent for one in some)) for name, some in both.items()}


def table(rounds: Sequence[Round]) -> str:
    lines = [f"{'figure':34}{'Parley':>10}{'bare':>10}{'ratio':>8}  {'(lowest-highest)':18}{'goal':9}"]
    for row in rows(rounds):
        spread = f"({row.lowest:.2f}-{row.highest:.2f})"
        verdict = {None: "", True: "met", False: "MISSED"}[row.met]
        lines.append(f"{row.name:34}{row.parley:10.2f}{row.bare:10.2f}{row.ratio:8.2f}  {spread:18}{row.goal:9}{verdict}")
    lines += [f"lost: {name} {gone} of {sent}" for name, (gone, sent) in lost(rounds).items()]
    return "\n".join(lines)


def machine() -> dict[str, Any]:
    return {"cores": os.cpu_count(), "load": os.getloadavg(), "kernel": platform.release(), "python": platform.python_version()}


def save(folder: Path, plan: Plan, rounds: Sequence[Round], before: dict[str, Any]) -> Path:
    """The file with everything in it."""
    now = datetime.now(UTC)
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], check=False, capture_output=True, text=True, cwd=Path(__file__).parent
    ).stdout.strip()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{now:%Y%m%d-%H%M%S}.json"
    told = {
        "at": now.isoformat(), "commit": commit, "before": before, "after": machine(), "plan": asdict(plan), "lost": lost(rounds),
        "rows": [asdict(row) for row in rows(rounds)], "rounds": [asdict(each) for each in rounds],
    }  # fmt: skip
    path.write_text(json.dumps(told, indent=1) + "\n")
    return path
