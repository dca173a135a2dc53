"""A case that hangs fails, and holds up nobody."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest

from manager import trials
from manager.library import Library
from manager.patience import Hangs, Patience
from pipeline.payload import NO_SECRETS

STUCK = """import threading
from steps import Step

GO = threading.Event()


class Stuck(Step):
    \"\"\"Hangs as soon as somebody says so.\"\"\"

    def process(self, payload):
        body = payload["messages"][-1]["body"]
        if body == "hang":
            GO.wait()
        payload["draft"] = {"body": body, "metadata": {}}
        return payload
"""
FILE = """name: stuck
steps: [Stuck, Reply]
tests:
  - {say: hello, expect: {contains: hello}}
  - {say: hang, expect: {contains: hang}}
  - {say: bye, expect: {contains: bye}}
"""


@pytest.fixture
def stuck(library: Library) -> Iterator[Library]:
    """A folder with a bot that hangs; afterwards it does so no more."""
    (library.folder / "stuck.py").write_text(STUCK)
    (library.folder / "stuck.yaml").write_text(FILE)
    library.load_all()
    yield library
    for name, module in list(sys.modules.items()):
        if name.startswith("bot_config_step_stuck_"):
            module.GO.set()


def test_a_case_that_hangs_fails_in_plain_words_and_the_others_are_told_of(stuck: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a save would wait for ever, and so would the cases of every other bot that changes on the disk."""
    monkeypatch.setattr(trials, "CASES_SECONDS", 1.0)
    bot = stuck.get("stuck")
    assert bot is not None
    assert bot.live is not None

    cases, _ = trials.cases_of(bot.live, stuck.loader, NO_SECRETS)

    assert [(case["case"], case["passed"]) for case in cases] == [("hello", True), ("hang", False), ("bye", False)]
    assert cases[1]["missed"] == "it did not end within 1 s"
    assert cases[2]["missed"] == "it was not run: the cases before it took too long"


def test_only_so_much_may_hang() -> None:
    go, patience = threading.Event(), Patience(at_once=2)
    for _ in range(2):
        with pytest.raises(Hangs, match="did not end within 0 s"):
            patience.wait_for(go.wait, 0.01)
    with pytest.raises(Hangs, match="was not run"):
        patience.wait_for(lambda: True, 5)
    go.set()


def test_what_the_work_raises_is_raised() -> None:
    def work() -> None:
        raise TimeoutError("the model")

    patience = Patience(at_once=1)
    for _ in range(2):
        with pytest.raises(TimeoutError, match="the model"):
            patience.wait_for(work, 5)
