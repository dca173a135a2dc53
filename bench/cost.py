"""What processes cost, as Linux counts it: processor time and memory, with all their children."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_ms(pids: Iterable[int]) -> float:
    """Processor time so far, also of children that have ended."""
    total = 0
    for pid in _with_children(pids):
        try:
            total += sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]))
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended; its parent counts it
    return total * 1000 / TICKS


def pss_mib(pids: Iterable[int]) -> float:
    """Memory, with what is shared shared out."""
    return sum(_pss(pid) for pid in _with_children(pids)) / 1024


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def _with_children(pids: Iterable[int]) -> list[int]:
    found, rest = [], list(pids)
    while rest:
        pid = rest.pop()
        found.append(pid)
        for listed in Path(f"/proc/{pid}/task").glob("*/children"):
            rest += map(int, listed.read_text().split())
    return found
