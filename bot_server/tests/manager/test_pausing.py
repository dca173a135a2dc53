"""What a browser carries while a trial waits."""

from __future__ import annotations

import random
import time

import pytest

from manager.pausing import SECONDS, NotAsked, Pause, Seal, TooLong

PAUSE = Pause({"kind": "question", "text": "When?", "question": "text", "step": 1, "payload": {"draft": "Zoë"}}, True, {"a": "text"})


def seal(key: str = "key", yaml: str = "name: echo", name: str | None = "echo", username: str = "bea") -> Seal:
    return Seal(key, yaml, name, username)


def test_w21_a_pause_is_opened_by_what_it_was_closed_for_and_nothing_else() -> None:
    state = seal().closed(PAUSE)
    assert seal().opened(state) == PAUSE
    for other in (seal(key="guess"), seal(yaml="name: echo "), seal(name=None), seal(name="other"), seal(username="ada")):
        with pytest.raises(NotAsked):
            other.opened(state)


def test_w21_a_pause_is_over_after_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    state, now = seal().closed(PAUSE), time.time()
    monkeypatch.setattr(time, "time", lambda: now + SECONDS + 1)
    with pytest.raises(NotAsked, match="more than a day ago"):
        seal().opened(state)


def test_w19_no_browser_carries_more_than_fits_into_a_request() -> None:
    noise = random.Random(1).randbytes(300_000).hex()
    with pytest.raises(TooLong):
        seal().closed(Pause({"kind": "question", "payload": {"noise": noise}}))
