"""The batcher of text in flight."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from errors import Unreachable
from pipeline.drafts import Drafts


@dataclass
class App:
    """Puts frames together as the chat app does, and can be slow, forgetful or away."""

    texts: dict[str, str] = field(default_factory=dict)
    requests: list[list[dict[str, Any]]] = field(default_factory=list)
    stale: set[str] = field(default_factory=set)
    changed: threading.Condition = field(default_factory=threading.Condition)
    gate: threading.Event = field(default_factory=threading.Event)
    away: bool = False

    def __post_init__(self) -> None:
        self.gate.set()

    def take(self, frames: Sequence[dict[str, Any]]) -> tuple[list[str], list[str]]:
        self.gate.wait(10)
        with self.changed:
            self.requests.append(list(frames))
            self.changed.notify_all()
            if self.away:
                raise Unreachable("away")
            resend = [frame["run"] for frame in frames if not self._fits(frame)]
            return [frame["run"] for frame in frames if frame["run"] in self.stale], resend

    def _fits(self, frame: dict[str, Any]) -> bool:
        known = self.texts.get(frame["run"], "")
        if not frame["text"]:
            return True
        if frame["offset"] == 0:
            self.texts[frame["run"]] = frame["text"]
        elif frame["offset"] == len(known):
            self.texts[frame["run"]] = known + frame["text"]
        else:
            return False
        return True

    def wait(self, condition: Callable[[], bool]) -> bool:
        with self.changed:
            return self.changed.wait_for(condition, 10)


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
def told() -> list[tuple[str, int]]:
    return []


@pytest.fixture
def drafts(app: App, told: list[tuple[str, int]]) -> Iterator[Drafts]:
    batcher = Drafts(app.take, lambda run, attempt: told.append((run, attempt))).start()
    yield batcher
    app.gate.set()
    batcher.stop()


def test_the_first_frame_goes_at_once_and_the_next_ones_together(app: App, drafts: Drafts) -> None:
    app.gate.clear()
    line, other = drafts.open("r1", 1), drafts.open("r2", 1)
    line.show("a", "Chat", "thinking")
    for end in range(2, 50):
        line.show("a" * end, "Chat", "thinking")
    other.show("b", "Chat", "thinking")
    app.gate.set()
    assert app.wait(lambda: app.texts.get("r1") == "a" * 49 and app.texts.get("r2") == "b")
    assert len(app.requests) <= 3


def test_frames_carry_only_what_is_new_counted_in_characters(app: App, drafts: Drafts) -> None:
    line = drafts.open("r1", 7)
    line.show("歩き", "Chat", "thinking")
    assert app.wait(lambda: app.texts.get("r1") == "歩き")
    line.show("歩きましょう", "Chat", "thinking")
    assert app.wait(lambda: app.texts.get("r1") == "歩きましょう")
    assert app.requests[-1] == [{"run": "r1", "attempt": 7, "offset": 2, "text": "ましょう", "step": "Chat", "activity": "thinking"}]


def test_text_that_does_not_go_on_starts_anew(app: App, drafts: Drafts) -> None:
    line = drafts.open("r1", 1)
    line.show("wrong way", "Chat", "")
    assert app.wait(lambda: "r1" in app.texts)
    line.show("better", "Chat", "")
    assert app.wait(lambda: app.texts["r1"] == "better")


def test_an_app_that_lost_the_thread_gets_the_whole_text(app: App, drafts: Drafts) -> None:
    line = drafts.open("r1", 1)
    line.show("one ", "Chat", "")
    assert app.wait(lambda: app.texts.get("r1") == "one ")
    with app.changed:
        app.texts.clear()
    line.show("one two", "Chat", "")
    assert app.wait(lambda: app.texts.get("r1") == "one two")


def test_an_app_that_was_away_gets_the_whole_text_when_it_is_back(app: App, drafts: Drafts) -> None:
    app.away = True
    line = drafts.open("r1", 1)
    line.show("hello", "Chat", "")
    assert app.wait(lambda: len(app.requests) >= 1)
    app.away = False
    assert app.wait(lambda: app.texts.get("r1") == "hello")


def test_a_stale_run_is_told_of(app: App, drafts: Drafts, told: list[tuple[str, int]]) -> None:
    app.stale.add("r1")
    drafts.open("r1", 3).show("x", "Chat", "")
    assert app.wait(lambda: bool(app.requests))
    drafts.settle(drafts.open("r2", 1))
    line = drafts.open("r3", 1)
    line.show("y", "Chat", "")
    assert app.wait(lambda: "r3" in app.texts)
    assert told == [("r1", 3)]


def test_nothing_of_a_settled_line_overtakes_its_reply(app: App, drafts: Drafts) -> None:
    app.gate.clear()
    line = drafts.open("r1", 1)
    line.show("on its way", "Chat", "")
    with drafts._changed:
        assert drafts._changed.wait_for(lambda: line.in_flight, 10) or line.in_flight or not line.dirty
    line.show("on its way, and more", "Chat", "")
    settled = threading.Thread(target=drafts.settle, args=(line, 10))
    settled.start()
    app.gate.set()
    settled.join(10)
    assert not settled.is_alive()
    count = len(app.requests)
    other = drafts.open("r2", 1)
    other.show("later", "Chat", "")
    assert app.wait(lambda: "r2" in app.texts)
    assert all(frame["run"] == "r2" for request in app.requests[count:] for frame in request)


def test_a_closed_line_sends_nothing_more(app: App, drafts: Drafts) -> None:
    line = drafts.open("r1", 1)
    drafts.close(line)
    line.show("too late", "Chat", "")
    drafts.open("r2", 1).show("x", "Chat", "")
    assert app.wait(lambda: "r2" in app.texts)
    assert "r1" not in app.texts
