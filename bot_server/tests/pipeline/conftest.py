"""A bot folder of the test's own, and what a run needs around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pipeline.context import Surroundings
from pipeline.loader import Loader, Trust
from pipeline.pipeline import Pipeline
from pipeline.run import Point, run
from pipeline.trace import Outcome
from testing.steps import payload_of


@dataclass
class Ports:
    """Keeps what a run did outside. `before_reply` may raise, as the app does; `together`: it takes the last reply with the outcome."""

    replies: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    recorded: list[list[dict[str, Any]]] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    sent: list[tuple[str, str]] = field(default_factory=list)
    begun: set[str] = field(default_factory=set)
    left: tuple[int | None, str] = (None, "")
    concluded: list[Outcome] = field(default_factory=list)
    together: bool = False
    before_reply: Callable[[], None] = lambda: None

    def reply(self, key: str, body: str, metadata: dict[str, Any]) -> None:
        self.before_reply()
        self.replies.append((key, body, metadata))

    def conclude(self, key: str, body: str, metadata: dict[str, Any], outcome: Outcome) -> bool:
        if self.together:
            self.reply(key, body, metadata)
            self.concluded.append(outcome)
        return self.together

    def send(self, key: str, approval: str) -> None:
        self.sent.append((key, approval))

    def begin(self, approval: str) -> bool:
        known = approval in self.begun
        self.begun.add(approval)
        return not known

    def broke_off(self, approval: str) -> None:
        self.begun.discard(approval)

    def tokens_left(self) -> tuple[int | None, str]:
        return self.left

    def record(self, steps: list[dict[str, Any]]) -> None:
        self.recorded.append(steps)

    def checkpoint(self, point: Point) -> None:
        self.points.append(point)


@dataclass
class Screen:
    """Keeps what a run showed."""

    shown: list[tuple[str, str, str]] = field(default_factory=list)

    def show(self, text: str, step: str, activity: str) -> None:
        self.shown.append((text, step, activity))


@dataclass
class Bench:
    """Writes files, loads bots, runs them."""

    folder: Path
    loader: Loader
    ports: Ports = field(default_factory=Ports)
    screen: Screen = field(default_factory=Screen)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def step(self, name: str, body: str, *, head: str = "", method: str = "def process(self, p)") -> Path:
        """A custom step `class X(Step)` whose process has this body; `p` is the payload. `head` stands in the class, before it."""
        inner = "\n".join(f"        {line}" for line in body.splitlines())
        camel = "".join(part.capitalize() for part in name.split("_"))
        text = f"from steps import Step\n\nclass {camel}(Step):\n    {head}\n    {method}:\n{inner}\n        return p\n"
        return self.write(f"{name}.py", text)

    def load(self, steps: str, more: str = "", name: str = "echo") -> Pipeline:
        return self.loader.load(f"name: {name}\n{more}steps: {steps}\n", f"{name}.yaml")

    def surroundings(self, pipeline: Pipeline, **more: Any) -> Surroundings:
        return Surroundings(pipeline.name, "UTC", lambda: self.loader.agent(pipeline.granted), screen=self.screen, **more)

    def run(self, steps: str, said: str = "hello", start: Point | None = None, more: str = "", **around: Any) -> Outcome:
        pipeline = self.load(steps, more)
        point = start or Point(0, payload_of(said))
        return run(pipeline, point, self.ports, self.surroundings(pipeline, **around))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, Loader(tmp_path, Trust()))
