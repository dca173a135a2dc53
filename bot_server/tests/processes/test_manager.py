"""The bot manager as it really runs."""

from __future__ import annotations

import json
import os
import signal
import time
from typing import Any

import httpx
import pytest
import redis

from .conftest import CANARY, Rig, wait_for

ECHO = "name: echo\nsteps: [Chat, Reply]\n"
OTHER = "name: other\nsteps: [Draft, Reply]\n"


def body_of(rig: Rig, bot: str = "echo", **more: Any) -> bytes:
    delivery = rig.delivery(bot, "hi", **more)
    rig.room.attempts[delivery["run"]] = delivery["attempt"]
    return json.dumps(delivery).encode()


def queued(rig: Rig) -> int:
    with redis.Redis.from_url(f"{rig.redis.url}/1") as client:
        return int(client.llen("parley:bots"))


def test_it_registers_its_bots_and_takes_deliveries(rig: Rig) -> None:
    """The whole way: registration, delivery, reply."""
    rig.write("echo.yaml", ECHO)
    rig.manager()
    assert rig.room.wait(lambda: "echo" in rig.room.bots)
    told = rig.room.bots["echo"]
    assert (told["status"], told["endpoint"]) == ("on", f"http://127.0.0.1:{rig.port}/bots/echo")
    assert told["steps"] == [{"name": "Chat", "detail": "EchoBot"}, {"name": "Reply", "detail": ""}]
    rig.worker()
    body = body_of(rig)
    answer = rig.post("echo", body)
    assert (answer.status_code, answer.json()) == (202, {"accepted": True})
    run = json.loads(body)["run"]
    assert rig.room.wait(lambda: run in rig.room.outcomes)
    assert rig.room.outcomes[run]["outcome"] == "replied"
    assert rig.room.wrong == []


def test_it_waits_for_an_app_that_is_not_up_yet(rig: Rig) -> None:
    rig.room.away = True
    rig.write("echo.yaml", ECHO)
    rig.manager()
    assert rig.room.wait(lambda: rig.room.requests.count("PUT bots/echo") >= 2)
    assert rig.room.bots == {}
    rig.room.away = False
    assert rig.room.wait(lambda: "echo" in rig.room.bots)


def test_a_bot_whose_name_is_somebody_elses_holds_up_no_other(rig: Rig) -> None:
    rig.room.refuse["echo"] = 403
    rig.write("echo.yaml", ECHO)
    rig.write("other.yaml", OTHER)
    rig.manager()
    assert rig.room.wait(lambda: "other" in rig.room.bots)
    wait_for(lambda: b"belongs to somebody else" in rig.log("bots.log"), "the log to say it")


def test_ten_copies_of_a_delivery_make_one_job(rig: Rig) -> None:
    """I4, F11."""
    rig.write("echo.yaml", ECHO)
    rig.manager()
    body = body_of(rig)
    answers = [rig.post("echo", body) for _ in range(10)]
    assert [answer.status_code for answer in answers] == [202] + [200] * 9
    assert answers[1].json() == {"accepted": False, "duplicate": True}
    assert queued(rig) == 1


def test_it_refuses_what_is_not_signed_right(rig: Rig) -> None:
    """W27."""
    rig.write("echo.yaml", ECHO)
    rig.manager()
    body = body_of(rig)
    assert rig.post("echo", body, headers={}).status_code == 401
    assert rig.post("echo", body, secret="another").status_code == 401
    assert rig.post("echo", body, age=400).status_code == 401
    assert rig.post("echo", body, age=-400).status_code == 401
    assert rig.post("nobody", body, secret="x").status_code == 401
    assert rig.post("nobody", body).status_code == 404
    assert [rig.get(path) for path in ("/docs", "/redoc", "/openapi.json", "/")] == [404] * 4
    assert queued(rig) == 0


SURROGATE = b'{"contract":1,"type":"run","run":"\\ud800"}'


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b"\xff", b'{"type":"run"}', b"[" * 5000, SURROGATE])
def test_what_is_not_the_contract_is_422_and_says_where(rig_running: Rig, body: bytes) -> None:
    """I10."""
    answer = rig_running.post("echo", body)
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "not_the_contract"


def test_a_delivery_for_another_bot_or_too_big_is_refused(rig_running: Rig) -> None:
    assert rig_running.post("echo", body_of(rig_running, "other")).status_code == 422
    assert rig_running.post("echo", b" " * (1024 * 1024 + 1)).status_code == 413
    assert queued(rig_running) == 0


def test_without_a_broker_it_says_503_and_takes_the_delivery_later(rig: Rig) -> None:
    """b3 24: never 202 before the job is in the queue."""
    rig.write("echo.yaml", ECHO)
    rig.manager()
    body = body_of(rig)
    assert rig.get("/readyz") == 200
    rig.redis.kill()
    began = time.monotonic()
    answer = rig.post("echo", body)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert time.monotonic() - began < 8
    assert (rig.get("/readyz"), rig.get("/healthz")) == (503, 200)
    rig.redis.start()
    assert rig.post("echo", body).status_code == 202
    assert queued(rig) == 1


def test_after_a_flushed_redis_deliveries_still_reach_the_queue(rig: Rig) -> None:
    """F7: kombu's bindings are gone, and nobody notices."""
    rig.write("echo.yaml", ECHO)
    rig.manager()
    assert rig.post("echo", body_of(rig)).status_code == 202
    with redis.Redis.from_url(f"{rig.redis.url}/0") as client:
        client.flushall()
    assert rig.post("echo", body_of(rig)).status_code == 202
    assert queued(rig) == 1


def test_a_manager_killed_right_after_the_queue_leaves_one_job(rig: Rig) -> None:
    """F3: killed after enqueue, before anybody read the 202; the second delivery is a duplicate."""
    rig.write("echo.yaml", ECHO)
    first = rig.manager()
    body = body_of(rig)
    assert rig.post("echo", body).status_code == 202
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    rig.manager()
    assert rig.post("echo", body).status_code == 200
    assert queued(rig) == 1


def test_a_cancellation_through_the_manager_stops_the_run_within_a_second(rig: Rig) -> None:
    rig.write("paid.yaml", "name: paid\npermissions: {services: true}\nsteps: [{Chat: {module: OpenAIChat, model: slow}}, Reply]\n")
    rig.manager()
    assert rig.room.wait(lambda: "paid" in rig.room.bots)
    rig.worker()
    body = body_of(rig, "paid")
    run = json.loads(body)["run"]
    assert rig.post("paid", body).status_code == 202
    assert rig.room.wait(lambda: rig.room.drafts.get(run))
    began = time.monotonic()
    stop = {"contract": 1, "type": "cancellation", "run": run, "attempt": 1, "bot": {"name": "paid"}}
    assert rig.post("paid", json.dumps(stop).encode()).status_code == 202
    assert rig.models.journal.wait_for_closed(1, 5)
    assert time.monotonic() - began < 1.0
    assert rig.room.wait(lambda: run in rig.room.outcomes)
    assert rig.room.outcomes[run]["outcome"] == "cancelled"


def test_a_changed_file_reloads_its_own_bot_within_two_seconds(rig: Rig) -> None:
    rig.write("echo.yaml", ECHO)
    rig.write("other.yaml", OTHER)
    rig.manager()
    assert rig.room.wait(lambda: {"echo", "other"} <= rig.room.bots.keys())
    others = rig.room.requests.count("PUT bots/other")
    began = time.monotonic()
    rig.write("echo.yaml", ECHO + "persona: {title: New}\n")
    assert rig.room.wait(lambda: rig.room.bots["echo"]["persona"]["title"] == "New")
    assert time.monotonic() - began < 2.0
    assert rig.room.requests.count("PUT bots/other") == others
    assert len(rig.room.versions["echo"]) == 2


def test_a_changed_step_reloads_the_bots_that_use_it(rig: Rig) -> None:
    step = "from steps import Step\nclass Shout(Step):\n    def process(self, p):\n        p['reply'] = '{}'\n        return p\n"
    rig.write("shout.py", step.format("HEY"))
    rig.write("echo.yaml", ECHO)
    rig.write("loud.yaml", "name: loud\nsteps: [Shout]\n")
    rig.manager()
    assert rig.room.wait(lambda: {"echo", "loud"} <= rig.room.bots.keys())
    before = rig.room.bots["loud"]["code_hash"]
    echoes = rig.room.requests.count("PUT bots/echo")
    rig.write("shout.py", "def broken(:\n")
    assert rig.room.wait(lambda: "shout.py:1" in rig.room.bots["loud"]["held_back"])
    assert rig.room.bots["loud"]["status"] == "on"
    rig.write("shout.py", step.format("HO"))
    assert rig.room.wait(lambda: rig.room.bots["loud"]["code_hash"] != before and not rig.room.bots["loud"]["held_back"])
    assert rig.room.requests.count("PUT bots/echo") == echoes


def test_a_broken_file_is_held_back_and_the_last_good_version_goes_on(rig: Rig) -> None:
    """I10: one bad file stops only its own bot, which keeps running."""
    rig.write("echo.yaml", ECHO)
    rig.manager()
    assert rig.room.wait(lambda: "echo" in rig.room.bots)
    rig.write("echo.yaml", "name: echo\nsteps: [Chatt]\n")
    assert rig.room.wait(lambda: rig.room.bots["echo"]["held_back"])
    told = rig.room.bots["echo"]
    assert (told["status"], told["yaml"]) == ("on", ECHO)
    assert "echo.yaml:2: steps.1: there is no step Chatt" in told["held_back"]
    assert len(rig.room.versions["echo"]) == 1
    assert rig.post("echo", body_of(rig)).status_code == 202


def test_a_file_that_is_broken_at_the_start_goes_on_with_what_the_app_has_kept(rig: Rig) -> None:
    for steps in ("[Draft]", "[Draft, Reply]", "[Chat, Reply]"):
        rig.room.publish("echo", f"name: echo\nsteps: {steps}\n")
    rig.write("echo.yaml", "name: echo\nsteps: [Chat, Reply\n")
    rig.manager()
    assert rig.room.wait(lambda: "echo" in rig.room.bots)
    told = rig.room.bots["echo"]
    assert (told["status"], told["yaml"]) == ("on", ECHO)
    assert "echo.yaml:" in told["held_back"]
    assert len(rig.room.versions["echo"]) == 3


def test_a_file_that_never_worked_is_a_bot_that_is_off_with_the_reason(rig: Rig) -> None:
    rig.write("echo.yaml", "name: echo\nsteps: [Chatt]\n")
    rig.manager()
    assert rig.room.wait(lambda: "echo" in rig.room.bots)
    assert rig.room.bots["echo"]["status"] == "off"
    assert "there is no step Chatt" in rig.room.bots["echo"]["reason"]
    assert rig.room.versions.get("echo", []) == []
    rig.write("echo.yaml", ECHO)
    assert rig.room.wait(lambda: rig.room.bots["echo"]["status"] == "on")


def test_a_step_that_quotes_a_key_while_it_is_loaded_tells_nobody(rig: Rig) -> None:
    """I7: why a bot is off or held back is shown to everybody."""
    broken = "import os\nfrom steps import Step\nraise KeyError(os.environ['OPENAI_API_KEY'])\n"
    rig.write("leaky.py", broken)
    rig.write("echo.yaml", "name: echo\nsteps: [Leaky]\n")
    rig.manager()
    assert rig.room.wait(lambda: "echo" in rig.room.bots)
    assert "[secret]" in rig.room.bots["echo"]["reason"]
    assert not [body for body in rig.room.bodies if CANARY in body]
    assert CANARY.encode() not in rig.log("bots.log")


def test_a_removed_file_turns_its_bot_off_and_a_new_one_comes_on(rig: Rig) -> None:
    path = rig.write("echo.yaml", ECHO)
    rig.manager()
    assert rig.room.wait(lambda: "echo" in rig.room.bots)
    path.unlink()
    assert rig.room.wait(lambda: rig.room.bots["echo"]["status"] == "off")
    assert rig.room.bots["echo"]["reason"] == "Its bot file was removed."
    assert rig.post("echo", body_of(rig)).status_code == 404
    rig.write("other.yaml", OTHER)
    assert rig.room.wait(lambda: "other" in rig.room.bots)


def test_a_file_removed_while_the_manager_was_down_turns_its_bot_off(rig: Rig) -> None:
    """I9: else every message to it would wait for a day. A bot at another endpoint is none of ours."""
    path = rig.write("echo.yaml", ECHO + "persona: {title: Echo}\n")
    rig.write("other.yaml", OTHER)
    first = rig.manager()
    assert rig.room.wait(lambda: {"echo", "other"} <= rig.room.bots.keys())
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    rig.room.bots["elsewhere"] = rig.room.bots["echo"] | {"endpoint": "https://bots.example.org/elsewhere"}
    path.unlink()
    rig.manager()
    assert rig.room.wait(lambda: rig.room.bots["echo"]["status"] == "off")
    told = rig.room.bots["echo"]
    assert (told["reason"], told["persona"]["title"]) == ("Its bot file was removed.", "Echo")
    assert len(rig.room.versions["echo"]) == 1
    assert (rig.room.bots["other"]["status"], rig.room.bots["elsewhere"]["status"]) == ("on", "on")
    assert rig.room.wrong == []


def test_metrics_are_in_prometheus_form_and_no_log_holds_a_key(rig: Rig) -> None:
    """I7."""
    rig.write("echo.yaml", ECHO)
    rig.manager()
    assert rig.post("echo", body_of(rig)).status_code == 202
    text = httpx.get(f"http://127.0.0.1:{rig.port}/metrics", trust_env=False).text
    assert 'parley_bot_deliveries_total{answer="202"} 1.0' in text
    assert 'parley_bots{state="on"} 1.0' in text
    assert CANARY.encode() not in rig.log("bots.log") + text.encode()


@pytest.fixture
def rig_running(rig: Rig) -> Rig:
    rig.write("echo.yaml", ECHO)
    rig.manager()
    return rig


FULL = """\
name: echo
persona: {avatar: echo.png}
budget: {tokens_per_day: 1000, tokens_per_person: 10}
delegates: [guide]
commands:
  joke: {about: Tells a joke, say: "Tell me a joke about {words}"}
steps: [Chat, Reply]
"""


def test_the_app_hears_of_budget_commands_callees_and_picture(rig: Rig) -> None:
    rig.write("echo.yaml", FULL)
    rig.manager()
    assert rig.room.wait(lambda: "echo" in rig.room.bots)
    told = rig.room.bots["echo"]
    assert told["budget"] == {"tokens_per_day": 1000, "tokens_per_person": 10}
    assert told["commands"] == [{"name": "joke", "about": "Tells a joke"}]
    assert (told["callees"], told["picture"]) == (["guide"], "")
    (rig.folder / "echo.png").write_bytes(b"\x89PNG\r\n\x1a\n...")
    assert rig.room.wait(lambda: rig.room.bots["echo"]["picture"])
    assert rig.room.bots["echo"]["picture"] == "iVBORw0KGgouLi4="
    assert rig.room.wrong == []


def test_a_file_that_is_saved_is_examined_with_its_tests(rig: Rig) -> None:
    """Which version broke which is told without anybody asking; a bot that costs money is not examined unasked."""
    rig.write("echo.yaml", ECHO)
    rig.write("paid.yaml", "name: paid\nsteps: [Chat, Reply]\n")
    rig.manager()
    assert rig.room.wait(lambda: {"echo", "paid"} <= rig.room.bots.keys())
    tests = "tests:\n  - {say: hi there, expect: {contains: hi there}}\n  - {say: hi, expect: {contains: bye}}\n"
    rig.write(
        "paid.yaml", "name: paid\npermissions: {services: true}\nsteps: [{Chat: {module: OpenAIChat, model: hello}}, Reply]\n" + tests
    )
    assert rig.room.wait(lambda: "services: true" in rig.room.bots["paid"]["yaml"])
    rig.write("echo.yaml", ECHO + tests)
    told = [f'"case":"{case}","passed":{passed}' for case, passed in (("hi there", "true"), ("hi", "false"))]
    assert rig.room.wait(lambda: any(all(one in body for one in told) for body in rig.room.bodies))
    assert rig.models.journal.counts()["total"] == 0
    assert rig.room.wrong == []
