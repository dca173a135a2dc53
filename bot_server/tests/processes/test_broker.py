"""The broker goes away while a job is in hand."""

from __future__ import annotations

from .conftest import Rig

ECHO = "name: echo\nsteps: [Chat, Reply]\n"
PAID = "name: paid\npermissions: {services: true}\nsteps:\n  - Chat: {module: OpenAIChat, model: tokens-40-50}\n  - Reply\n"


def test_a_redis_that_dies_under_a_run_ends_neither_the_run_nor_the_worker(rig: Rig) -> None:
    """F7: kombu fails on None when it gives the job back over a lost connection, and again when the job is acknowledged."""
    rig.room.publish("paid", PAID)
    rig.room.publish("echo", ECHO)
    worker = rig.worker()
    run = rig.enqueue(rig.delivery("paid", "hi"))
    assert rig.room.wait(lambda: rig.room.drafts.get(run))
    rig.redis.kill()
    rig.redis.start()
    meanwhile = rig.enqueue(rig.delivery("echo", "anybody there?"))
    assert rig.room.wait(lambda: run in rig.room.outcomes and meanwhile in rig.room.outcomes, 40)
    after = rig.enqueue(rig.delivery("echo", "and now?"))
    assert rig.room.wait(lambda: after in rig.room.outcomes, 30)
    assert {rig.room.outcomes[each]["outcome"] for each in (run, meanwhile, after)} == {"replied"}
    assert len(rig.room.replies[run]) == 1
    assert worker.poll() is None
