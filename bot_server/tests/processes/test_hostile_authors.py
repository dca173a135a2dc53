"""W19, W22: what somebody who writes bots in a browser tries with the names, files and budgets of other bots."""

from __future__ import annotations

import hashlib

import pytest

from .conftest import Rig
from .test_editing import ECHO, ask, save

PAID = "name: paid\npermissions: {services: true}\nBUDGETsteps: [{Chat: {module: OpenAIChat, model: hello}}, Reply]\n"
ASKS_PAID = "name: echo\ndelegates: [paid]\nsteps: [{Delegate: {to: paid, say: hi, into: draft.body}}, Reply]\n"
CASE = "tests: [{say: hi, expect: {contains: anything}}]\n"


def begin(rig: Rig, **files: str) -> Rig:
    for name, text in {"echo": ECHO, **files}.items():
        rig.write(f"{name}.yaml", text)
    rig.manager()
    assert rig.room.wait(lambda: len(rig.room.bots) == 1 + len(files))
    return rig


def test_w19_a_new_bot_takes_no_file_that_another_bot_lives_in(rig: Rig) -> None:
    """Whoever has read the other bot's text, as everybody may, could say that they have `seen` it."""
    theirs = "name: diary\nsteps: [Chat, Reply]\n"
    begin(rig, notes=theirs)
    answer = save(rig, "name: notes\nsteps: [Draft, Reply]\n", None, name="notes", seen=hashlib.sha256(theirs.encode()).hexdigest())
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "changed_meanwhile")
    assert (rig.folder / "notes.yaml").read_text() == theirs


@pytest.mark.parametrize("budget", ["", "budget: {tokens_per_person: 10}\n"], ids=["without a budget", "with a budget"])
def test_w22_what_a_case_has_another_bot_do_is_counted_or_not_done(rig: Rig, budget: str) -> None:
    begin(rig, paid=PAID.replace("BUDGET", budget))
    said = ask(rig, "POST", "/cases", {"yaml": ASKS_PAID + CASE, "name": "echo"}).json()
    if budget:
        assert "counts what it uses in rooms only" in said["cases"][0]["missed"]
        assert (said["used"], rig.models.journal.requests) == ([], [])
    else:
        assert sum(one["tokens_out"] for one in said["used"]) > 0


def test_w22_a_bot_that_is_not_there_yet_spends_nothing_since_nobody_would_count_it(rig: Rig) -> None:
    """The operator may have allowed a name before its bot is made; and other bots may have what it has not."""
    begin(rig)
    paid = PAID.replace("BUDGET", "") + CASE
    tried = {"yaml": paid, "name": None, "messages": [{"by": "you", "text": "hi"}], "asker": {"username": "bea"}}
    for answer in (
        ask(rig, "POST", "/trials", tried),
        ask(rig, "POST", "/cases", {"yaml": paid, "name": None}),
        save(rig, paid, None, name="paid"),
    ):
        assert (answer.status_code, answer.json()["problems"][0]["key"]) == (422, "permissions")
        assert "save it" in answer.json()["problems"][0]["message"]
    assert not (rig.folder / "paid.yaml").exists()
    without = ask(rig, "POST", "/cases", {"yaml": PAID.replace("BUDGET", ""), "name": None})
    assert (without.status_code, without.json()) == (200, {"cases": [], "used": []}), "So it can be proposed."
    assert save(rig, PAID.replace("BUDGET", ""), None, name="paid").status_code == 200
    fresh = ASKS_PAID.replace("name: echo", "name: fresh") + CASE
    (case,) = ask(rig, "POST", "/cases", {"yaml": fresh, "name": None}).json()["cases"]
    assert "counts what it uses in rooms only" in case["missed"]
    assert rig.models.journal.requests == []
