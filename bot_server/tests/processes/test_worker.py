"""A worker as it really runs: Celery, Redis, HTTP, signals."""

from __future__ import annotations

import os
import signal
import time

import pytest
import redis

from .conftest import CANARY, Rig, wait_for

ECHO = "name: echo\nsteps: [Chat, Reply]\n"
PAID = """\
name: paid
permissions: {{services: true}}
steps:
  - Format
  - Chat: {{module: OpenAIChat, model: {model}}}
  - Metadata
{more}  - Reply
"""
GATE = """\
import time
from pathlib import Path
from steps import Step

class Gate(Step):
    def process(self, payload):
        self.context.activity("waiting at the gate")
        while not Path(__file__).with_name("open").exists():
            self.stop_if_cancelled()
            time.sleep(0.02)
        return payload
"""


def paid(model: str, *more: str) -> str:
    return PAID.format(model=model, more="".join(f"  - {step}\n" for step in more))


def test_a_worker_answers_and_tells_how_it_went(rig: Rig) -> None:
    rig.room.publish("echo", ECHO)
    rig.worker()
    run = rig.enqueue(rig.delivery("echo", "good morning"))
    assert rig.room.wait(lambda: run in rig.room.outcomes)
    assert rig.room.outcomes[run]["outcome"] == "replied"
    assert "good morning" in rig.room.replies[run]["1.0"]
    assert sorted(rig.room.steps[run]) == [0, 1]
    assert rig.room.wrong == []


def test_a_trace_that_the_app_refuses_ends_the_run_in_plain_words(rig: Rig) -> None:
    """I9: said at once, and not again and again until the run looks like poison."""
    rig.room.publish("echo", ECHO)
    rig.room.refuse_steps = 400
    rig.worker()
    run = rig.enqueue(rig.delivery("echo", "hi"))
    assert rig.room.wait(lambda: run in rig.room.outcomes)
    told = rig.room.outcomes[run]
    assert (told["outcome"], told["reason"], told["permanent"], told["steps"]) == ("failed", "not_taken", True, [])
    assert told["explanation"].startswith("What I wrote could not be stored. The chat app answered 400")


def test_a_worker_that_meets_a_fault_of_its_own_says_so(rig: Rig) -> None:
    """I9."""
    rig.room.versions["echo"] = [{"number": 1}]
    rig.worker()
    run = rig.enqueue(rig.delivery("echo", "hi"))
    assert rig.room.wait(lambda: f"POST runs/{run}/outcome" in rig.room.requests)
    assert '"reason":"worker_fault","explanation":"The bot server met a fault of its own (KeyError)."' in rig.room.bodies[-1]


def test_text_streams_to_the_app_while_it_is_made(rig: Rig) -> None:
    rig.room.publish("paid", paid("tokens-20-30"))
    rig.worker()
    run = rig.enqueue(rig.delivery("paid", "tell me a story"))
    assert rig.room.wait(lambda: run in rig.room.outcomes)
    texts = [frame for frame in rig.room.frames if frame["text"]]
    assert len(texts) >= 5
    assert rig.room.frames[0]["activity"] == "thinking with tokens-20-30"
    assert rig.room.drafts[run].strip() == rig.room.replies[run]["3.0"].strip()
    assert rig.room.steps[run][1]["usage"]["tokens_out"] > 0
    assert rig.room.wrong == []


def test_a_killed_workers_run_goes_on_from_its_checkpoint_and_pays_once(rig: Rig) -> None:
    """I2, F4: kill -9 after the paid step; attempt 2, on another worker, does not ask the model again."""
    rig.write("gate.py", GATE)
    rig.room.publish("paid", paid("hello", "Gate"))
    first = rig.worker()
    run = rig.enqueue(rig.delivery("paid", "hi"))
    assert rig.room.wait(lambda: any(frame["activity"] == "waiting at the gate" for frame in rig.room.frames))
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    rig.write("open", "")
    rig.worker()
    rig.enqueue(rig.delivery("paid", "hi", run=run, attempt=2))
    assert rig.room.wait(lambda: run in rig.room.outcomes)
    assert rig.room.outcomes[run]["outcome"] == "replied"
    assert rig.models.journal.counts()["total"] == 1
    assert sorted(rig.room.steps[run]) == [0, 1, 2, 3, 4]


def test_after_a_flushed_redis_the_recorded_step_is_not_paid_again(rig: Rig) -> None:
    """I1, F7: the app's record of the paid step is enough."""
    rig.write("gate.py", GATE)
    rig.room.publish("paid", paid("hello", "Gate"))
    first = rig.worker()
    run = rig.enqueue(rig.delivery("paid", "hi"))
    assert rig.room.wait(lambda: any(frame["activity"] == "waiting at the gate" for frame in rig.room.frames))
    os.killpg(first.pid, signal.SIGKILL)
    with redis.Redis.from_url(f"{rig.redis.url}/0") as client:
        client.flushall()
    rig.write("open", "")
    rig.worker()
    resume = {"step": 2, "payload": rig.room.steps[run][1]["payload"]}
    rig.enqueue(rig.delivery("paid", "hi", run=run, attempt=2, resume=resume))
    assert rig.room.wait(lambda: run in rig.room.outcomes)
    assert (rig.room.outcomes[run]["outcome"], rig.models.journal.counts()["total"]) == ("replied", 1)


def test_a_flushed_redis_does_not_disturb_runs_under_way(rig: Rig) -> None:
    """F7."""
    rig.room.publish("paid", paid("tokens-20-50"))
    rig.worker()
    run = rig.enqueue(rig.delivery("paid", "hi"))
    assert rig.room.wait(lambda: rig.room.drafts.get(run))
    with redis.Redis.from_url(f"{rig.redis.url}/0") as client:
        client.flushall()
    assert rig.room.wait(lambda: run in rig.room.outcomes)
    rig.room.publish("echo", ECHO)
    after = rig.enqueue(rig.delivery("echo", "still there?"))
    assert rig.room.wait(lambda: after in rig.room.outcomes)
    assert rig.room.outcomes[run]["outcome"] == rig.room.outcomes[after]["outcome"] == "replied"


def test_a_restarted_redis_does_not_make_the_worker_deaf(rig: Rig) -> None:
    """F7: killed, away for a moment, and back."""
    rig.room.publish("echo", ECHO)
    worker = rig.worker()
    rig.redis.kill()
    rig.redis.start()
    run = rig.enqueue(rig.delivery("echo", "anybody there?"))
    assert rig.room.wait(lambda: run in rig.room.outcomes, 30)
    assert worker.poll() is None


def test_two_copies_of_a_job_make_one_run(rig: Rig) -> None:
    """F11: the broker may deliver twice."""
    rig.room.publish("paid", paid("tokens-10-50"))
    rig.worker()
    delivery = rig.delivery("paid", "hi")
    for _ in range(3):
        rig.enqueue(delivery)
    run = delivery["run"]
    assert rig.room.wait(lambda: run in rig.room.outcomes)
    last = rig.enqueue(rig.delivery("paid", "bye"))
    assert rig.room.wait(lambda: last in rig.room.outcomes)
    assert rig.models.journal.counts()["by_prompt"] == {"hi": 1, "bye": 1}
    assert sum(f"runs/{run}/" in request for request in rig.room.requests if not request.endswith("/steps")) == 1


def test_stopping_ends_the_model_call_within_a_second(rig: Rig) -> None:
    rig.room.publish("paid", paid("slow"))
    rig.worker()
    run = rig.enqueue(rig.delivery("paid", "hi"))
    assert rig.room.wait(lambda: rig.room.drafts.get(run))
    began = time.monotonic()
    with redis.Redis.from_url(f"{rig.redis.url}/2") as client:
        client.publish("parley:cancellations", f'{{"run": "{run}", "attempt": 1}}')
    assert rig.models.journal.wait_for_closed(1, 5)
    assert time.monotonic() - began < 1.0
    assert rig.room.wait(lambda: run in rig.room.outcomes)
    assert rig.room.outcomes[run]["outcome"] == "cancelled"
    assert run not in rig.room.replies


def test_a_stale_attempt_ends_quietly_and_closes_the_model_call(rig: Rig) -> None:
    """P8: the app has moved on; nothing is posted."""
    rig.room.publish("paid", paid("slow"))
    rig.worker()
    run = rig.enqueue(rig.delivery("paid", "hi"))
    assert rig.room.wait(lambda: rig.room.drafts.get(run))
    with rig.room.changed:
        rig.room.attempts[run] = 2
    assert rig.models.journal.wait_for_closed(1, 5)
    wait_for(lambda: f"attempt is stale run={run}".encode() in rig.log("worker.log"), "the worker to let go of it")
    assert run not in rig.room.replies
    assert run not in rig.room.outcomes


def test_a_run_that_was_stopped_tells_what_it_used_though_drafts_called_it_stale_first(rig: Rig) -> None:
    """I9: the trace of a stopped run is not lost."""
    rig.room.publish("paid", paid("slow"))
    rig.worker()
    run = rig.enqueue(rig.delivery("paid", "hi"))
    assert rig.room.wait(lambda: rig.room.drafts.get(run))
    with rig.room.changed:
        rig.room.stopped.add(run)
    assert rig.room.wait(lambda: run in rig.room.outcomes)
    told = rig.room.outcomes[run]
    assert (told["outcome"], run in rig.room.replies) == ("cancelled", False)
    assert [(step["name"], step["state"]) for step in told["steps"]][-1] == ("Chat", "failed")
    assert (told["usage"]["tokens_out"] > 0, told["usage"]["estimated"]) == (True, True)


def test_a_job_that_waited_too_long_in_the_queue_asks_before_it_begins(rig: Rig) -> None:
    """b3 21: its lease ran out meanwhile; the model is not asked for nothing."""
    rig.room.publish("paid", paid("hello"))
    rig.worker()
    late = rig.enqueue(rig.delivery("paid", "too late"), age=60, present=2)
    wanted = rig.enqueue(rig.delivery("paid", "late and wanted"), age=60)
    assert rig.room.wait(lambda: wanted in rig.room.outcomes)
    wait_for(lambda: f"attempt is stale run={late}".encode() in rig.log("worker.log"), "the stale job to end")
    assert rig.models.journal.counts()["by_prompt"] == {"late and wanted": 1}


def test_a_worker_that_is_told_to_stop_lets_another_one_go_on(rig: Rig) -> None:
    """F6, b3 22: SIGTERM with a run under way; the same attempt is finished by the next worker."""
    rig.write("gate.py", GATE)
    rig.room.publish("paid", paid("hello", "Gate"))
    first = rig.worker()
    run = rig.enqueue(rig.delivery("paid", "hi"))
    assert rig.room.wait(lambda: any(frame["activity"] == "waiting at the gate" for frame in rig.room.frames))
    first.send_signal(signal.SIGTERM)
    assert first.wait(20) == 0
    rig.write("open", "")
    rig.worker()
    assert rig.room.wait(lambda: run in rig.room.outcomes)
    assert (rig.room.outcomes[run]["outcome"], rig.models.journal.counts()["total"]) == ("replied", 1)


def test_a_worker_that_is_told_to_stop_finishes_what_ends_soon(rig: Rig) -> None:
    """F6."""
    rig.room.publish("paid", paid("tokens-10-100"))
    first = rig.worker()
    run = rig.enqueue(rig.delivery("paid", "hi"))
    assert rig.room.wait(lambda: rig.room.drafts.get(run))
    first.send_signal(signal.SIGTERM)
    assert first.wait(20) == 0
    assert rig.room.outcomes[run]["outcome"] == "replied"


def test_a_reply_survives_an_app_that_is_away_for_a_while(rig: Rig) -> None:
    """P8: posting is tried again under the same key."""
    rig.room.publish("paid", paid("tokens-5-100"))
    rig.worker()
    run = rig.enqueue(rig.delivery("paid", "hi"))
    assert rig.room.wait(lambda: rig.room.drafts.get(run))
    rig.room.away = True
    assert rig.room.wait(lambda: sum("runs/" in request for request in rig.room.requests) >= 3)
    rig.room.away = False
    assert rig.room.wait(lambda: run in rig.room.outcomes)
    assert len(rig.room.replies[run]) == 1


def test_the_kept_connection_may_go_stale(rig: Rig) -> None:
    """Advice 7: the app closes idle connections after 5 s."""
    rig.room.publish("echo", ECHO)
    rig.worker()
    first = rig.enqueue(rig.delivery("echo", "one"))
    assert rig.room.wait(lambda: first in rig.room.outcomes)
    idle = time.monotonic() + 5.5
    wait_for(lambda: time.monotonic() > idle, "the connection to be closed")
    second = rig.enqueue(rig.delivery("echo", "two"))
    assert rig.room.wait(lambda: second in rig.room.outcomes)


@pytest.mark.parametrize(
    ("yaml", "reason", "says"),
    [
        ("name: other\npermissions: {services: true}\nsteps: [{Chat: {module: OpenAIChat}}]\n", "bot_off", "ALLOW_SERVICES=…,other"),
        ("name: other\nsteps: [Chatt]\n", "bot_broken", "there is no step Chatt"),
        ("", "bot_broken", "name"),
    ],
)
def test_a_bot_that_cannot_run_says_why(rig: Rig, yaml: str, reason: str, says: str) -> None:
    """I9."""
    rig.room.publish("other", yaml)
    rig.worker()
    run = rig.enqueue(rig.delivery("other", "hi"))
    assert rig.room.wait(lambda: run in rig.room.outcomes)
    outcome = rig.room.outcomes[run]
    assert (outcome["outcome"], outcome["reason"], outcome["permanent"]) == ("failed", reason, True)
    assert says in outcome["explanation"]


def test_a_step_that_leaves_takes_no_process_with_it(rig: Rig) -> None:
    """I10."""
    rig.write("leave.py", "import sys\nfrom steps import Step\nclass Leave(Step):\n    def process(self, payload):\n        sys.exit(3)\n")
    rig.room.publish("leaver", "name: leaver\nsteps: [Leave]\n")
    rig.room.publish("echo", ECHO)
    worker = rig.worker()
    run = rig.enqueue(rig.delivery("leaver", "hi"))
    assert rig.room.wait(lambda: run in rig.room.outcomes)
    other = rig.enqueue(rig.delivery("echo", "hi"))
    assert rig.room.wait(lambda: other in rig.room.outcomes)
    assert (rig.room.outcomes[run]["reason"], rig.room.outcomes[other]["outcome"], worker.poll()) == ("step_broke", "replied", None)


def test_the_key_is_in_no_payload_trace_log_or_checkpoint(rig: Rig) -> None:
    """I7: a canary for a key, and a step that tries to tell it."""
    rig.write("leak.py", LEAK)
    rig.write("gate.py", GATE)
    rig.room.publish("paid", paid("hello", "Leak", "Gate"))
    rig.worker()
    run = rig.enqueue(rig.delivery("paid", "hi"))
    assert rig.room.wait(lambda: any(frame["activity"] == "waiting at the gate" for frame in rig.room.frames))
    with redis.Redis.from_url(f"{rig.redis.url}/2") as client:
        kept = [client.get(key) or b"" for key in client.keys("parley:checkpoint:*")]
    assert len(kept) == 1
    assert b"[secret]" in kept[0]
    rig.write("open", "")
    assert rig.room.wait(lambda: run in rig.room.outcomes)
    assert rig.models.journal.keys == [f"Bearer {CANARY}"]
    assert CANARY.encode() not in b"".join(kept) + rig.log("worker.log")
    assert CANARY not in "".join(rig.room.bodies)
    assert "[secret]" in rig.room.replies[run]["3.0"]


LEAK = """\
import logging
from settings import settings
from steps import Step

class Leak(Step):
    def process(self, payload):
        key = settings().openai_api_key.get_secret_value()
        self.context.draft(key)
        self.context.activity(key)
        self.note = key
        payload["stolen"] = [{"key": key}]
        payload["reply"] = "the key is " + key
        return payload
"""
