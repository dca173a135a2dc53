"""The steps of a run as rows of a timeline: what each did, when, for how long, what it cost; and those that have not come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from bots import secrecy
from bots.course import dollars, fine_duration
from bots.models.run import ACTIVE, DONE, WAITING
from bots.models.step import FAILED
from bots.prices import tokens_of

if TYPE_CHECKING:
    from bots.models import Run, RunStep

WIDTH = 1000
NARROWEST = 5
WORDS = {
    "done": "done",
    "failed": "failed",
    "kept": "kept from the run before",
    "hand": "done by a person",
    "now": "at work",
    "waiting": "waits",
    "passed": "done, not recorded yet",
    "next": "not begun",
}


@dataclass(frozen=True)
class Row:
    """One step. `x` and `width` are its place on the lane, in thousandths of the whole."""

    index: int
    name: str
    mark: str
    note: str = ""
    x: int = 0
    width: int = 0
    time: str = ""
    cost: str = ""
    extras: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        return WORDS[self.mark]

    @property
    def recorded(self) -> bool:
        return self.mark in ("done", "failed", "kept", "hand")

    @property
    def state(self) -> str:
        """What a page that is open already compares to see whether the row is still the same."""
        return "|".join((self.mark, self.time, self.cost, self.note, str(self.x), str(self.width)))


def rows_of(run: Run, steps: Sequence[RunStep], doing: str = "") -> list[Row]:
    """Recorded steps, and those to come by the names in the bot's file. `doing` is the step that the run's drafts speak of."""
    places = _places(steps)
    recorded = {step.index: _row(step, run.tried, *places.get(step.index, (0, 0))) for step in steps}
    planned = planned_names(run)
    at, mark = _at(run, steps)
    at = next((index for index, name in enumerate(planned) if index >= at and doing and name == doing and index not in recorded), at)
    rows = []
    for index in range(max([len(planned), *(index + 1 for index in recorded)], default=0)):
        name = planned[index] if index < len(planned) else ""
        # What is quick is recorded only when the run ends: what lies before the step at work has been done.
        to_come = Row(index, name or "Step", mark if index == at else "passed" if index < at else "next")
        rows.append(recorded.get(index, to_come))
    return rows


def planned_names(run: Run) -> list[str]:
    """The steps in the file of the version that the run goes by, as far as they are known."""
    if run.version is None or run.version_id == run.bot.live_id:
        return [str(step.get("name", "")) for step in run.bot.steps if isinstance(step, dict)]
    return names_in(run.version.yaml)


def names_in(text: str) -> list[str]:
    """The names of the steps in a bot file. Composed, not built: a file of an old version is read here and nothing of it is believed."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError):
        return []
    found = _under(node, "steps")
    return [_name_of(step) for step in found.value] if isinstance(found, yaml.SequenceNode) else []


def _under(node: yaml.Node | None, key: str) -> yaml.Node | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value for name, value in pairs if isinstance(name, yaml.ScalarNode) and name.value == key), None)


def _name_of(step: yaml.Node) -> str:
    """A step is a name, a map from its name, or the form with `class`."""
    if isinstance(step, yaml.MappingNode):
        return _name_of(_under(step, "class") or (step.value[0][0] if step.value else yaml.SequenceNode("", [])))
    return str(step.value).rpartition(".")[2] if isinstance(step, yaml.ScalarNode) else ""


def _at(run: Run, steps: Sequence[RunStep]) -> tuple[int, str]:
    """Where a run stands, and what it does there. A run that is over stands nowhere."""
    if run.state == DONE:
        return -1, "next"
    if run.state == WAITING and run.start:
        return int(run.start["step"]), "waiting"
    begins = int(run.start["step"]) if run.start else 0
    done = [step.index for step in steps if step.state != FAILED]
    return max([begins, *(index + 1 for index in done)]), "now" if run.state == ACTIVE else "next"


def _places(steps: Sequence[RunStep]) -> dict[int, tuple[int, int]]:
    """Where each step lies on the lane. An attempt counts its time from its own start: attempts follow each other."""
    timed = [step for step in steps if not step.carried and step.attempt]
    ends: dict[int, int] = {}
    for step in timed:
        ends[step.attempt] = max(ends.get(step.attempt, 0), step.started_ms + step.ms)
    before, total = {}, 0
    for attempt in sorted(ends):
        before[attempt], total = total, total + ends[attempt]
    if not total:
        return {}
    return {step.index: _piece(before[step.attempt] + step.started_ms, step.ms, total) for step in timed}


def _piece(start: int, ms: int, total: int) -> tuple[int, int]:
    width = max(NARROWEST, round(ms / total * WIDTH))
    return min(round(start / total * WIDTH), WIDTH - width), width


def _row(step: RunStep, tries: int, x: int, width: int) -> Row:
    """`tries`: a run that waited was delivered again, which is no second try."""
    by_hand = not step.attempt and not step.carried
    mark = "kept" if step.carried else "hand" if by_hand else step.state
    usage: dict[str, Any] = step.usage if isinstance(step.usage, dict) else {}
    tokens, retries = sum(tokens_of(usage)), usage.get("retries")
    extras = (
        ("not paid for again",)
        if step.carried
        else (
            f"{'about ' if usage.get('estimated') else ''}{tokens:,} tokens" if tokens else "",
            f"{retries} {'retry' if retries == 1 else 'retries'}" if isinstance(retries, int) and retries > 0 else "",
            f"attempt {step.attempt}" if step.attempt > 1 and tries > 1 else "",
        )
    )
    return Row(
        step.index, step.name, mark, str(secrecy.hidden(step.summary)), x, width, "" if step.carried or by_hand else fine_duration(step.ms),
        "" if step.carried else dollars(step.cost), tuple(part for part in extras if part),
    )  # fmt: skip
