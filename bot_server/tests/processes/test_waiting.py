"""Workers and runs that wait, as they really run: processes are killed around every moment that counts."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

import pytest
import redis

from pipeline.approving import canonical, sha256_of

from .conftest import Rig, wait_for
from .test_worker import GATE, paid

SEND = "name: echo\nsteps:\n  - Draft: {fallback: Dear Luke}\n  - Reply: {to: luke}\n"
TALK = """\
name: echo
steps:
  - Draft: {fallback: one}
  - Approve
  - Gate
  - Draft: {fallback: two}
  - Approve: {say: "And this?"}
  - Reply
"""


def approved(told: dict[str, Any], **texts: str) -> dict[str, Any]:
    """What the app says of an approval of what a run asked for."""
    content = json.loads(told["content"])
    for part in content["parts"]:
        part["text"] = texts.get(part.get("name", ""), part["text"])
    decided = canonical(content)
    return {"kind": "approval", "id": "a1", "content": decided, "sha256": sha256_of(decided), "by": "bea"}


def resume(told: dict[str, Any], answer: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"step": told["step"], "payload": told["payload"], "answer": answer} | more


def asked(rig: Rig, run: str, times: int = 1) -> dict[str, Any]:
    assert rig.room.wait(lambda: len(rig.room.waits.get(run, [])) >= times)
    return rig.room.waits[run][-1]


def kill(rig: Rig, process: Any) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_a_run_asks_lets_go_of_its_worker_and_goes_on_with_the_answer(rig: Rig) -> None:
    """I5, C37: what is sent is named by its approval; no text and no recipient goes along."""
    rig.room.publish("echo", SEND)
    rig.worker()
    run = rig.enqueue(rig.delivery("echo", "write to luke"))
    told = asked(rig, run)
    assert (told["kind"], told["step"], told["by"]) == ("approval", 1, "asker")
    assert (rig.room.sent, run in rig.room.outcomes) == ({}, False)
    wait_for(lambda: not _keys(rig, "parley:claim:*"), "the worker to let go of it")
    rig.enqueue(rig.delivery("echo", "write to luke", run=run, attempt=2, resume=resume(told, approved(told))))
    assert rig.room.wait(lambda: run in rig.room.outcomes)
    assert (rig.room.outcomes[run]["outcome"], rig.room.sent[run]) == ("silent", {"1.0": "a1"})
    sendings = [body for body in rig.room.bodies if '"approval":"a1"' in body]
    assert [json.loads(body).keys() for body in sendings] == [{"attempt", "key", "approval"}]
    assert rig.room.wrong == []


def test_a_worker_killed_right_after_it_asked_asks_the_same_once_more(rig: Rig) -> None:
    """I1: killed after the app took it, before the job was acknowledged; the broker hands out the job again."""
    rig.room.publish("echo", SEND)
    rig.write("gate.py", GATE)
    first = rig.worker()
    delivery = rig.delivery("echo", "hi")
    run = rig.enqueue(delivery)
    told = asked(rig, run)
    kill(rig, first)
    _forget(rig, f"parley:claim:{run}:1")  # as when the dead worker's claim has run out
    rig.worker()
    rig.enqueue(delivery)
    again = asked(rig, run, times=2)
    assert again == told
    assert (rig.room.sent, run in rig.room.outcomes) == ({}, False)


def test_a_worker_killed_while_the_app_could_not_hear_asks_with_the_next_attempt(rig: Rig) -> None:
    """I1: the first attempt never got through; its lease runs out."""
    rig.room.publish("echo", SEND)
    first = rig.worker()
    rig.room.refuse_waits = 503
    run = rig.enqueue(rig.delivery("echo", "hi"))
    assert rig.room.wait(lambda: sum(f"runs/{run}/outcome" in request for request in rig.room.requests) >= 2)
    kill(rig, first)
    assert run not in rig.room.waits
    rig.room.refuse_waits = 0
    rig.worker()
    rig.enqueue(rig.delivery("echo", "hi", run=run, attempt=2))
    told = asked(rig, run)
    assert (told["step"], rig.room.sent) == (1, {})


def test_a_checkpoint_never_outweighs_an_answer(rig: Rig) -> None:
    """W23: what Redis keeps from before the question, or of another answer, counts for nothing."""
    rig.write("gate.py", GATE)
    rig.room.publish("echo", TALK)
    first = rig.worker()
    run = rig.enqueue(rig.delivery("echo", "hi"))
    told = asked(rig, run)
    answer = approved(told, shown="edited by Bea")
    rig.enqueue(rig.delivery("echo", "hi", run=run, attempt=2, resume=resume(told, answer)))
    assert rig.room.wait(lambda: any(frame["activity"] == "waiting at the gate" for frame in rig.room.frames))
    wait_for(lambda: b'"step":2' in _checkpoint(rig, run), "the checkpoint behind the answer")
    kill(rig, first)
    # The app has another answer now, as after a restored backup: the checkpoint of the first one must not be gone on from.
    rig.write("open", "")
    rig.worker()
    other = approved(told, shown="edited by Ada") | {"id": "a2"}
    rig.enqueue(rig.delivery("echo", "hi", run=run, attempt=3, resume=resume(told, other)))
    second = asked(rig, run, times=2)
    assert (second["step"], second["title"]) == (4, "And this?")
    assert [one["id"] for one in second["payload"]["approvals"]] == ["a2"]


def test_a_worker_killed_after_an_answer_goes_on_from_its_checkpoint_and_not_from_the_question(rig: Rig) -> None:
    """I2, F4: the paid step behind the approval is paid once."""
    rig.write("gate.py", GATE)
    rig.room.publish("paid", paid("hello", "Gate").replace("  - Format\n", "  - Format\n  - Approve: {show: asker}\n"))
    first = rig.worker()
    run = rig.enqueue(rig.delivery("paid", "hi"))
    told = asked(rig, run)
    resumed = resume(told, approved(told))
    rig.enqueue(rig.delivery("paid", "hi", run=run, attempt=2, resume=resumed))
    assert rig.room.wait(lambda: any(frame["activity"] == "waiting at the gate" for frame in rig.room.frames))
    kill(rig, first)
    rig.write("open", "")
    rig.worker()
    rig.enqueue(rig.delivery("paid", "hi", run=run, attempt=3, resume=resumed))
    assert rig.room.wait(lambda: run in rig.room.outcomes)
    assert (rig.room.outcomes[run]["outcome"], rig.models.journal.counts()["total"]) == ("replied", 1)


def test_a_sending_survives_an_app_that_is_away(rig: Rig) -> None:
    """P8: it is said again under the same key."""
    rig.write("gate.py", GATE)
    rig.room.publish("echo", SEND.replace("  - Reply", "  - Gate\n  - Reply"))
    rig.write("open", "")
    rig.worker()
    run = rig.enqueue(rig.delivery("echo", "hi"))
    told = asked(rig, run)
    rig.room.away = True
    rig.enqueue(rig.delivery("echo", "hi", run=run, attempt=2, resume=resume(told, approved(told))))
    assert rig.room.wait(lambda: sum(f"runs/{run}/sendings" in request for request in rig.room.requests) >= 2)
    rig.room.away = False
    assert rig.room.wait(lambda: run in rig.room.outcomes)
    assert rig.room.sent[run] == {"2.0": "a1"}


def test_a_forged_answer_sends_nothing(rig: Rig) -> None:
    """W23, W28: whoever could put a job into the queue, or change one, cannot change what was approved."""
    rig.room.publish("echo", SEND)
    rig.worker()
    run = rig.enqueue(rig.delivery("echo", "hi"))
    told = asked(rig, run)
    forged = approved(told) | {"content": told["content"].replace("luke", "cyd")}
    rig.enqueue(rig.delivery("echo", "hi", run=run, attempt=2, resume=resume(told, forged)))
    assert rig.room.wait(lambda: run in rig.room.outcomes)
    assert (rig.room.outcomes[run]["reason"], rig.room.sent) == ("approval_unfit", {})


def test_what_nobody_can_be_asked_fails_with_its_trace(rig: Rig) -> None:
    """I9."""
    rig.room.publish("echo", SEND)
    rig.room.refuse_waits = 422
    rig.worker()
    run = rig.enqueue(rig.delivery("echo", "hi"))
    assert rig.room.wait(lambda: run in rig.room.outcomes)
    told = rig.room.outcomes[run]
    assert (told["outcome"], told["reason"], told["permanent"]) == ("failed", "not_asked", True)
    assert told["explanation"] == "I could not ask. The chat app answered 422: This cannot be shown to anybody."
    assert sorted(rig.room.steps[run]) == [0]


@pytest.mark.parametrize(("left", "outcome", "calls"), [(1000, "replied", 1), (0, "failed", 0), (None, "replied", 1)])
def test_a_spent_budget_keeps_the_service_from_being_asked(rig: Rig, left: int | None, outcome: str, calls: int) -> None:
    """W22."""
    rig.room.left = left
    rig.room.publish("paid", paid("hello"))
    rig.worker()
    run = rig.enqueue(rig.delivery("paid", "hi", budgeted=True))
    assert rig.room.wait(lambda: run in rig.room.outcomes)
    assert (rig.room.outcomes[run]["outcome"], rig.models.journal.counts()["total"]) == (outcome, calls)
    if outcome == "failed":
        assert rig.room.outcomes[run]["explanation"] == "My budget for today is spent."


def test_a_run_without_a_budget_does_not_ask_for_it(rig: Rig) -> None:
    rig.room.publish("paid", paid("hello"))
    rig.worker()
    run = rig.enqueue(rig.delivery("paid", "hi"))
    assert rig.room.wait(lambda: run in rig.room.outcomes)
    assert not [request for request in rig.room.requests if "budget" in request]


def test_a_handmade_payload_is_gone_on_with_and_gives_nobodys_rights(rig: Rig) -> None:
    """C26, W24."""
    rig.room.publish("echo", "name: echo\nsteps:\n  - Draft\n  - Who\n")
    rig.write(
        "who.py",
        "from steps import Step\n\nclass Who(Step):\n    def process(self, payload):\n"
        "        payload['reply'] = payload['draft']['body'] + ' for ' + payload['asker']['username']\n        return payload\n",
    )
    rig.worker()
    payload = {"draft": {"body": "by hand", "metadata": {}}, "asker": {"username": "ada"}}
    run = rig.enqueue(rig.delivery("echo", "hi", resume={"step": 1, "payload": payload, "handmade": True}))
    assert rig.room.wait(lambda: run in rig.room.outcomes)
    assert rig.room.replies[run] == {"1.0": "by hand for bea"}


def _checkpoint(rig: Rig, run: str) -> bytes:
    with redis.Redis.from_url(f"{rig.redis.url}/2") as client:
        return bytes(client.get(f"parley:checkpoint:{run}") or b"")


def _keys(rig: Rig, pattern: str) -> list[Any]:
    with redis.Redis.from_url(f"{rig.redis.url}/2") as client:
        return list(client.keys(pattern))


def _forget(rig: Rig, key: str) -> None:
    with redis.Redis.from_url(f"{rig.redis.url}/2") as client:
        client.delete(key)


BUY = """\
import time
from pathlib import Path
from steps import Step

class Buy(Step):
    effect = True

    def process(self, payload):
        with Path(__file__).with_name("bought").open("a") as file:
            file.write("x")
        self.context.activity("buying")
        while not Path(__file__).with_name("open").exists():
            self.stop_if_cancelled()
            time.sleep(0.02)
        return payload
"""


def test_a_worker_killed_in_the_middle_of_an_approved_deed_does_not_repeat_it(rig: Rig) -> None:
    """I5: one yes, one deed; the room hears that nobody knows."""
    rig.write("buy.py", BUY)
    rig.room.publish("echo", "name: echo\nsteps:\n  - Draft\n  - Buy: {approve: true}\n  - Reply\n")
    first = rig.worker()
    run = rig.enqueue(rig.delivery("echo", "hi"))
    told = asked(rig, run)
    resumed = resume(told, approved(told))
    rig.enqueue(rig.delivery("echo", "hi", run=run, attempt=2, resume=resumed))
    assert rig.room.wait(lambda: any(frame["activity"] == "buying" for frame in rig.room.frames))
    kill(rig, first)
    rig.write("open", "")
    rig.worker()
    rig.enqueue(rig.delivery("echo", "hi", run=run, attempt=3, resume=resumed))
    assert rig.room.wait(lambda: run in rig.room.outcomes)
    assert rig.room.outcomes[run]["reason"] == "maybe_done"
    assert (rig.folder / "bought").read_text() == "x"
