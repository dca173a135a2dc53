"""The course of a run, as people read it: its state, how long it took and where the time went, what it cost, its steps."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bots import secrecy
from bots.prices import tokens_of

if TYPE_CHECKING:
    from bots.glances import Glance

LIVE, WAITING, DONE, FAILED, STOPPED = "live", "waiting", "done", "failed", "stopped"
ENDED = {"replied": DONE, "silent": DONE, "failed": FAILED, "cancelled": STOPPED}
NOW, NEXT = "now", "next"
BAR = 132.0
NARROWEST = 3.0
NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine"}


@dataclass(frozen=True)
class Row:
    """One step: done, failed, now (it is at work) or next (it has not come yet)."""

    mark: str
    name: str
    note: str = ""
    time: str = ""


@dataclass(frozen=True)
class Piece:
    """A step's part of the bar. The longest stands out."""

    x: str
    width: str
    longest: bool


class Course:
    """`at` names the step that the run is at, as its drafts tell."""

    def __init__(self, run: Glance, at: str = "") -> None:
        self.run = run
        self.trace = run.trace
        self.at = at

    @property
    def state(self) -> str:
        if self.run.state == "waiting":
            return WAITING
        return ENDED.get(self.run.outcome, LIVE) if self.run.state == "done" else LIVE

    @property
    def words(self) -> str:
        """The state in a word, for those who do not see its mark."""
        return {LIVE: "at work", WAITING: "waits for an answer", DONE: "done", FAILED: "failed", STOPPED: "stopped"}[self.state]

    @property
    def time(self) -> str:
        """How long its steps worked: what it waited for people is not its time."""
        return duration(sum(step["ms"] for step in self.trace if not step["carried"]))

    @property
    def tokens(self) -> str:
        usage = self.run.usage if isinstance(self.run.usage, dict) else {}
        count = sum(tokens_of(usage))
        if not count:
            return ""
        return f"{'about ' if usage.get('estimated') else ''}{count:,} token{'' if count == 1 else 's'}"

    @property
    def cost(self) -> str:
        return dollars(self.run.cost)

    @property
    def spent(self) -> str:
        return " · ".join(part for part in (self.tokens, self.cost) if part)

    @cached_property
    def bar(self) -> list[Piece]:
        """Where the time went: a piece for each step that took any, none so small that nobody sees it."""
        took = [step["ms"] for step in self.trace if step["ms"] and not step["carried"]]
        if not took:
            return []
        widths = [max(ms / sum(took) * BAR, NARROWEST) for ms in took]
        scale, x, pieces = BAR / sum(widths), 0.0, []
        for ms, width in zip(took, widths, strict=True):
            pieces.append(Piece(f"{x:.1f}", f"{width * scale:.1f}", longest=ms == max(took)))
            x += width * scale
        return pieces

    @property
    def rows(self) -> list[Row]:
        """The steps as far as they are recorded; of a run under way also those to come."""
        recorded = {step["index"]: step for step in self.trace}
        if self.state not in (LIVE, WAITING):
            return [_row(step) for step in self.trace]
        names = [str(step.get("name", "")) for step in self.run.steps]
        at = next((index for index, name in enumerate(names) if name == self.at and index not in recorded), -1)
        total = max([len(names), *(index + 1 for index in recorded)])
        return [_row(recorded[index]) if index in recorded else _to_come(names[index], index, at) for index in range(total) if
                index in recorded or index < len(names)]  # fmt: skip

    @property
    def failed_step(self) -> dict[str, Any] | None:
        """The step at which it broke off, if it was one."""
        failed = [step for step in self.trace if step["state"] == FAILED]
        return failed[-1] if self.state == FAILED and failed else None

    @property
    def failed_at(self) -> str:
        """The name of that step, and which one it is where several have that name."""
        if not (step := self.failed_step):
            return ""
        names = dict(enumerate(str(other.get("name", "")) for other in self.run.steps)) | {one["index"]: one["name"] for one in self.trace}
        several = list(names.values()).count(step["name"]) > 1
        return f"{step['name']} (step {step['index'] + 1})" if several else str(step["name"])

    @property
    def resumable(self) -> bool:
        """Whether another try can begin at the step that failed. Of a bot that records no payloads all is asked again."""
        return self.failed_step is not None and any(step["known"] for step in self.trace)

    @property
    def kept(self) -> str:
        """What another try will not have to do again."""
        done = 0 if self.run.passed else sum(step["state"] == DONE for step in self.trace)
        tried = f"Tried {self.run.tries} times. " if self.run.tries > 1 else ""
        if not done or not self.resumable:
            return tried.strip()
        steps = "The first step is kept" if done == 1 else f"The first {NUMBERS.get(done, str(done))} steps are kept"
        return f"{tried}{steps} and will not be paid for again."

    @property
    def told(self) -> str:
        """Who else knows of the failure."""
        return "" if self.run.owner_id == self.run.asker_id else f"{self.run.owner}, who owns this bot, has been told."


def _row(step: dict[str, Any]) -> Row:
    failed = step["state"] == FAILED
    note = str(step["error"] or step["summary"]) if failed else step["summary"]
    if step["carried"]:
        note = f"{note} · kept from before, not paid for again" if note else "kept from before, not paid for again"
    return Row(FAILED if failed else DONE, step["name"], str(secrecy.hidden(note)), "" if step["carried"] else fine_duration(step["ms"]))


def _to_come(name: str, index: int, at: int) -> Row:
    """What is quick is recorded only when the run ends: what lies before the step at work has been done."""
    return Row(DONE if index < at else NOW if index == at else NEXT, name)


def duration(ms: int) -> str:
    """At a glance: < 1 ms, 860 ms, 1.9 s, 2 min 5 s."""
    if ms < 1000:
        return f"{ms} ms" if ms else "< 1 ms"
    if ms < 59_950:
        return f"{ms / 1000:.1f} s"
    minutes, seconds = divmod(round(ms / 1000), 60)
    return f"{minutes} min {seconds} s"


def fine_duration(ms: int) -> str:
    """To compare steps: in milliseconds up to ten seconds."""
    return f"{ms:,} ms" if 0 < ms < 10_000 else duration(ms)


def dollars(cost: Decimal | None) -> str:
    """Empty without a price. Small sums keep two digits that say something."""
    if cost is None:
        return ""
    if 0 < cost < Decimal("0.0001"):
        return "< $0.0001"
    return f"${cost:.2f}" if cost >= 1 or cost == 0 else f"${cost:.4f}"
