"""A worker that watches itself: DESIGN §2, b3."""

from __future__ import annotations

import sys
import time

import redis

from pipeline.watchdog import EXIT_CODE

from .conftest import Rig, wait_for

STUCK = """\
import time
from steps import Step

class Stuck(Step):
    def process(self, payload):
        self.context.activity("never coming back")
        while True:
            time.sleep(1)
"""
ECHO = "name: echo\nsteps: [Chat, Reply]\n"
OPTIONS = ["worker", "-Q", "bots", "-P", "threads", "-c", "4", "--loglevel", "INFO", "--without-gossip", "--without-mingle"]
# The same worker with less patience, so that a test need not wait for half a minute.
HASTY = f"""\
from pipeline import watchdog
watchdog.GRACE, watchdog.DEAF, watchdog.DRAIN, watchdog.LAST_WORDS, watchdog.LOOK = 1.0, 2.0, 0.5, 0.5, 0.2
from pipeline.jobs import celery
{{more}}
celery.worker_main({OPTIONS!r})
"""


def test_a_step_that_never_comes_back_is_given_up_and_its_worker_leaves(rig: Rig) -> None:
    """I9, I10: the room is told why, other runs end well, and the supervisor sees a failure."""
    rig.write("stuck.py", STUCK)
    rig.room.publish("stuck", "name: stuck\nsteps: [{Stuck: {timeout: 500ms}}]\n")
    rig.room.publish("echo", ECHO)
    worker = rig.start(sys.executable, "-c", HASTY.format(more=""), log="worker.log")
    run = rig.enqueue(rig.delivery("stuck", "hi"))
    other = rig.enqueue(rig.delivery("echo", "hi"))
    assert rig.room.wait(lambda: run in rig.room.outcomes and other in rig.room.outcomes)
    told = rig.room.outcomes[run]
    assert (told["outcome"], told["reason"], told["permanent"]) == ("failed", "step_timeout", True)
    assert told["explanation"] == "The step Stuck took longer than 0.5 s, and did not stop when asked."
    assert rig.room.outcomes[other]["outcome"] == "replied"
    assert worker.wait(20) == EXIT_CODE
    assert b"a step does not come back" in rig.log("worker.log")


def test_a_worker_that_takes_nothing_while_jobs_wait_leaves(rig: Rig) -> None:
    """The broker's consumer has gone deaf: the process lives and answers pings, and yet it is of no use."""
    rig.room.publish("echo", ECHO)
    deaf = "celery.conf.task_queues = None; celery.conf.task_default_queue = 'elsewhere'"
    program = HASTY.format(more=deaf).replace("'bots'", "'elsewhere'")
    worker = rig.start(sys.executable, "-c", program, log="worker.log")
    wait_for(lambda: b" ready." in rig.log("worker.log"), "the worker to be ready")
    rig.enqueue(rig.delivery("echo", "hi"))
    assert worker.wait(20) == EXIT_CODE
    assert b"jobs wait and none is taken" in rig.log("worker.log")
    with redis.Redis.from_url(f"{rig.redis.url}/1") as client:
        assert client.llen("parley:bots") == 1


def test_a_worker_without_work_stays(rig: Rig) -> None:
    rig.room.publish("echo", ECHO)
    worker = rig.start(sys.executable, "-c", HASTY.format(more=""), log="worker.log")
    runs = [rig.enqueue(rig.delivery("echo", str(number))) for number in range(3)]
    assert rig.room.wait(lambda: all(run in rig.room.outcomes for run in runs))
    # Longer than the patience of this one with an empty queue.
    quiet = time.monotonic() + 3
    wait_for(lambda: time.monotonic() > quiet, "the watchdog to have looked")
    assert worker.poll() is None
