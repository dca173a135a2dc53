"""The ruler itself: every figure is there, and nothing was lost on the way."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
from bench.model import TURN, since
from bench.plan import GOALS
from bench.report import Round, lost, rows, table
from bench.scenarios import Figures, percentile

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(240)  # two whole systems start first
def test_a_run_measures_every_goal_on_both_and_loses_nothing(tmp_path: Path) -> None:
    paths = (ROOT, ROOT / "app", ROOT / "deploy" / "local")
    env = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths))}
    done = subprocess.run([sys.executable, "-m", "bench", "tiny", "--results", str(tmp_path)], check=False, env=env, cwd=ROOT,
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(next(tmp_path.glob("*.json")).read_text())
    assert {name: gone for name, (gone, _) in told["lost"].items()} == {"parley": 0, "bare": 0}
    assert all(sent >= 20 for _, sent in told["lost"].values())
    measured = {row["name"]: (row["parley"], row["bare"]) for row in told["rows"]}
    assert GOALS.keys() <= measured.keys()
    assert all(math.isfinite(figure) for figures in measured.values() for figure in figures)
    # Ten sockets may fit into what was free, and eight messages into one tick of the processor's clock.
    assert all(min(measured[name]) > 0 for name in GOALS if "sockets" not in name and "CPU" not in name)


def round_of(parley: float, bare: float, gone: int = 0) -> Round:
    name = "replies/s, 32 users"
    return Round("replies", Figures({name: parley}, sent=10, lost=gone), Figures({name: bare}, sent=10))


def test_the_ratio_is_the_median_of_those_within_rounds() -> None:
    [row] = rows([round_of(5, 10), round_of(30, 100), round_of(9, 10)])
    assert (row.parley, row.bare, row.ratio, row.lowest, row.highest) == (9, 10, 0.5, 0.3, 0.9)


@pytest.mark.parametrize(("parley", "met", "said"), [(4.6, True, "met"), (4.4, False, "MISSED")])
def test_a_goal_is_met_or_missed(parley: float, met: bool, said: str) -> None:
    some = [round_of(parley, 10)]
    assert rows(some)[0].met is met
    assert said in table(some)


def test_what_is_lost_is_counted_over_all_rounds() -> None:
    assert lost([round_of(1, 1, gone=2), round_of(1, 1, gone=1)]) == {"parley": (3, 20), "bare": (0, 20)}


def test_a_stamp_is_read_also_when_stamps_have_begun_anew() -> None:
    assert since(f"{1_000_000:x}", 1.25) == 250
    assert since(f"{TURN - 1000:x}", TURN / 1e6 + 0.001) == pytest.approx(2, abs=0.01)


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert percentile(range(1, 101), 95) == 96
    assert percentile([3.0], 99) == 3.0
