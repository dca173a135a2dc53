"""What the manager does for people who write bots in a browser, as it really runs."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any

import httpx
import pytest

from pipeline.contract import sign
from testing.chat_server import example

from .conftest import BOT_KEY, CANARY, Rig, wait_for

ECHO = "name: echo\nsteps: [Chat, Reply]\n"
TESTED = ECHO + "tests:\n  - say: hi\n    expect: {contains: hi}\n"


def ask(rig: Rig, method: str, path: str, body: Any = None, *, key: str = "", age: int = 0, signed_path: str = "") -> httpx.Response:
    """As the app asks: signed over method, path and body."""
    packed = b"" if body is None else json.dumps(body).encode()
    moment = int(time.time()) - age
    secret = key or hmac.new(BOT_KEY.encode(), b"app", hashlib.sha256).hexdigest()
    signature = sign(secret, moment, f"{method} {signed_path or path}\n".encode() + packed)
    headers = {"X-Parley-Timestamp": str(moment), "X-Parley-Signature": signature, "Content-Type": "application/json"}
    return httpx.request(
        method, f"http://127.0.0.1:{rig.port}{path}", content=packed, headers=headers, trust_env=False, timeout=httpx.Timeout(30)
    )


def save(rig: Rig, yaml: str, base: int | None, name: str = "echo", seen: str = "") -> httpx.Response:
    return ask(rig, "POST", f"/files/{name}", {"yaml": yaml, "base": base, "by": "bea", "seen": seen})


def trial(rig: Rig, yaml: str, *said: str, name: str | None = "echo") -> list[dict[str, Any]]:
    asker = {"username": "bea", "name": "Bea", "timezone": "UTC"}
    turns = [{"by": "you" if at % 2 == 0 else "bot", "text": text} for at, text in enumerate(said)]
    answer = ask(rig, "POST", "/trials", {"yaml": yaml, "name": name, "messages": turns, "asker": asker})
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


@pytest.fixture
def desk(rig: Rig) -> Rig:
    """A manager that has registered Echo as version 1."""
    rig.write("echo.yaml", ECHO)
    rig.manager()
    assert rig.room.wait(lambda: "echo" in rig.room.bots)
    return rig


@pytest.mark.parametrize(("method", "path"), [("POST", "/checks"), ("POST", "/trials"), ("POST", "/files/echo"), ("GET", "/schema")])
def test_w27_nobody_but_the_app_is_answered(desk: Rig, method: str, path: str) -> None:
    assert ask(desk, method, path, {}, key="a guess").status_code == 401
    assert ask(desk, method, path, {}, age=400).status_code == 401
    assert ask(desk, method, path, {}, signed_path="/elsewhere").status_code == 401
    assert httpx.request(method, f"http://127.0.0.1:{desk.port}{path}", trust_env=False).status_code == 401
    assert (desk.folder / "echo.yaml").read_text() == ECHO


def test_a_check_names_line_key_and_the_nearest_word(desk: Rig) -> None:
    said = ask(desk, "POST", "/checks", {"yaml": "name: echo\nsteps:\n  - Chat: {modul: x}\n", "name": "echo"}).json()
    assert [(one["line"], one["message"], one["hint"]) for one in said["problems"]] == [(3, "there is no such key", "module")]
    good = ask(desk, "POST", "/checks", {"yaml": ECHO, "name": "echo"}).json()
    assert (good["name"], good["problems"], [step["name"] for step in good["steps"]]) == ("echo", [], ["Chat", "Reply"])


def test_i6_a_text_does_not_borrow_the_name_of_another_bot(desk: Rig) -> None:
    desk.write("paid.yaml", "name: paid\npermissions: {services: true}\nsteps: [{Chat: {module: OpenAIChat}}, Reply]\n")
    assert desk.room.wait(lambda: "paid" in desk.room.bots)
    borrowed = "name: paid\npermissions: {services: true}\nsteps: [{Chat: {module: OpenAIChat, model: hello}}, Reply]\n"
    for path in ("/checks", "/cases"):
        for name in ("echo", None):
            said = ask(desk, "POST", path, {"yaml": borrowed, "name": name})
            assert said.json()["problems"][0]["key"] == "name"
    asker = {"username": "bea"}
    tried = {"yaml": borrowed, "name": None, "messages": [{"by": "you", "text": "hi"}], "asker": asker}
    assert ask(desk, "POST", "/trials", tried).status_code == 422
    assert save(desk, borrowed, 1).status_code == 422
    assert desk.models.journal.requests == []


def test_a_save_is_written_and_live_within_two_seconds(desk: Rig) -> None:
    began = time.monotonic()
    answer = save(desk, TESTED, 1)
    assert (answer.status_code, answer.json()) == (200, {"version": 2, "status": "on", "reason": "", "used": []})
    assert desk.room.bots["echo"]["yaml"] == TESTED
    assert time.monotonic() - began < 2.0
    assert (desk.folder / "echo.yaml").read_text() == TESTED
    assert [path.name for path in desk.folder.iterdir()] == ["echo.yaml"]
    again = save(desk, TESTED, 1)
    assert (again.status_code, again.json()["version"]) == (200, 2), "the same save once more changes nothing"


def test_a_save_that_does_not_load_is_held_back(desk: Rig) -> None:
    """I10: what is on disk and in the app stays."""
    answer = save(desk, "name: echo\nsteps: [Chatt]\n", 1)
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["hint"] == "Chat"
    assert (desk.folder / "echo.yaml").read_text() == ECHO
    assert (len(desk.room.versions["echo"]), desk.room.bots["echo"]["held_back"]) == (1, "")


def test_a_save_whose_cases_fail_is_held_back(desk: Rig) -> None:
    answer = save(desk, TESTED.replace("contains: hi", "contains: xylophone"), 1)
    assert answer.status_code == 422
    (case,) = answer.json()["cases"]
    assert (case["case"], case["passed"]) == ("hi", False)
    assert '"xylophone" is not in' in case["missed"]
    assert (desk.folder / "echo.yaml").read_text() == ECHO


def test_a_save_over_what_somebody_else_wrote_is_refused_until_it_was_seen(desk: Rig) -> None:
    assert save(desk, TESTED, 1).status_code == 200
    mine = ECHO + "persona: {title: Mine}\n"
    answer = save(desk, mine, 1)
    assert (answer.status_code, answer.json()["error"]["code"], answer.json()["yaml"]) == (409, "changed_meanwhile", TESTED)
    assert save(desk, mine, 1, seen=answer.json()["seen"]).json()["version"] == 3
    assert (desk.folder / "echo.yaml").read_text() == mine


def test_a_text_half_written_on_disk_is_not_written_over(desk: Rig) -> None:
    half = "name: echo\nsteps: [Chat, Rep"
    desk.write("echo.yaml", half)
    assert desk.room.wait(lambda: desk.room.bots["echo"]["held_back"])
    answer = save(desk, TESTED, 1)
    assert (answer.status_code, answer.json()["yaml"]) == (409, half)
    assert (desk.folder / "echo.yaml").read_text() == half


def test_a_new_bot_gets_a_file_of_its_own_and_a_taken_name_is_refused(desk: Rig) -> None:
    made = save(desk, "name: my-bot\nsteps: [Draft, Reply]\n", None, name="my-bot")
    assert (made.status_code, made.json()["version"]) == (200, 1)
    assert (desk.folder / "my_bot.yaml").is_file()
    assert save(desk, ECHO, None).status_code == 422
    (desk.folder / "other.yaml").mkdir()
    assert save(desk, "name: other\nsteps: [Draft, Reply]\n", None, name="../other").status_code == 404


def test_what_the_app_refuses_is_taken_back(desk: Rig) -> None:
    """The file and the bot are as before; nothing is half saved."""
    desk.room.refuse["other"] = 403
    desk.room.refuse["echo"] = 403
    assert save(desk, TESTED, 1).status_code == 503
    assert (desk.folder / "echo.yaml").read_text() == ECHO
    assert save(desk, "name: other\nsteps: [Draft, Reply]\n", None, name="other").status_code == 503
    assert not (desk.folder / "other.yaml").exists()


def test_a_trial_answers_with_the_unsaved_text_and_what_was_said_before(desk: Rig) -> None:
    lines = trial(desk, ECHO, "hello there")
    assert lines[-1]["outcome"] == "replied"
    assert "hello there" in lines[-1]["replies"][0]
    assert [step["name"] for step in lines[-1]["steps"]] == ["Chat", "Reply"]
    assert any(line.get("text") for line in lines[:-1]), "its text is shown as it grows"
    assert "POST drafts" not in desk.room.requests


def test_a_trial_that_nobody_looks_at_any_more_ends_its_call_of_the_model(rig: Rig) -> None:
    rig.write("paid.yaml", "name: paid\npermissions: {services: true}\nsteps: [{Chat: {module: OpenAIChat, model: slow}}, Reply]\n")
    rig.manager()
    assert rig.room.wait(lambda: "paid" in rig.room.bots)
    yaml = (rig.folder / "paid.yaml").read_text()
    body = {"yaml": yaml, "name": "paid", "messages": [{"by": "you", "text": "hi"}], "asker": {"username": "bea"}}
    packed = json.dumps(body).encode()
    moment = int(time.time())
    secret = hmac.new(BOT_KEY.encode(), b"app", hashlib.sha256).hexdigest()
    headers = {"X-Parley-Timestamp": str(moment), "X-Parley-Signature": sign(secret, moment, b"POST /trials\n" + packed)}
    with httpx.stream("POST", f"http://127.0.0.1:{rig.port}/trials", content=packed, headers=headers, trust_env=False) as answer:
        assert next(line for line in answer.iter_lines() if json.loads(line).get("text"))
    assert rig.models.journal.wait_for_closed(1, 5)


def test_i7_a_trial_shows_no_key(desk: Rig) -> None:
    head = "import os\nfrom steps import Step\nclass Leak(Step):\n"
    leak = head + "    def process(self, p):\n        p['reply'] = os.environ['OPENAI_API_KEY']\n        return p\n"
    desk.write("leak.py", leak)
    lines = trial(desk, "name: echo\nsteps: [Leak]\n", "hi")
    assert CANARY not in json.dumps(lines)


def test_it_gives_out_the_schema_and_texts_to_begin_with(desk: Rig) -> None:
    assert "steps" in ask(desk, "GET", "/schema").json()["properties"]
    found = ask(desk, "GET", "/templates").json()["templates"]
    assert found[0]["name"] == "echo"
    assert ask(desk, "GET", "/files/echo").json() == {"yaml": ECHO}
    assert ask(desk, "GET", "/files/nobody").json() == {"yaml": None}
    for one in found:
        checked = ask(desk, "POST", "/checks", {"yaml": one["yaml"], "name": None}).json()
        assert (checked["name"], checked["problems"]) == ("my-bot", []), one["name"]


def test_a_bot_that_hangs_in_its_trial_holds_up_nothing_else(desk: Rig) -> None:
    head = "import time\nfrom steps import Step\nclass Hang(Step):\n"
    hang = head + "    def process(self, p):\n        while True:\n            time.sleep(0.1)\n"
    desk.write("hang.py", hang)
    text = "name: echo\nsteps: [Hang]\n"
    body = json.dumps({"yaml": text, "name": "echo", "messages": [{"by": "you", "text": "hi"}], "asker": {"username": "bea"}}).encode()
    secret = hmac.new(BOT_KEY.encode(), b"app", hashlib.sha256).hexdigest()
    statuses = []
    for _ in range(5):
        moment = int(time.time())
        headers = {"X-Parley-Timestamp": str(moment), "X-Parley-Signature": sign(secret, moment, b"POST /trials\n" + body)}
        with httpx.stream("POST", f"http://127.0.0.1:{desk.port}/trials", content=body, headers=headers, trust_env=False) as answer:
            statuses.append(answer.status_code)
    assert statuses == [200, 200, 200, 200, 503]
    assert ask(desk, "POST", "/checks", {"yaml": ECHO, "name": "echo"}).status_code == 200
    wait_for(lambda: desk.get("/readyz") == 200, "the manager to go on")


def test_w24_a_case_asks_no_bot_that_is_not_there_for_everybody(desk: Rig) -> None:
    """Nobody reaches by delegation, from a text that is not even saved, whom they may not ask in a room."""
    desk.write("diary.yaml", "name: diary\nattend: {users: [ada]}\nsteps: [Chat, Reply]\n")
    desk.write("open.yaml", "name: open\ndelegates: [diary]\nsteps: [{Delegate: {to: diary, say: tell, into: told}}, Chat, Reply]\n")
    assert desk.room.wait(lambda: {"diary", "open"} <= desk.room.bots.keys())
    text = "name: echo\ndelegates: [diary, open]\nsteps: [{Delegate: {to: DIARY, say: secret, into: draft}}, Reply]\n"
    for to, said in (("diary", "not there for everybody"), ("open", "passed on too often")):
        cases = text.replace("DIARY", to) + "tests: [{say: hi, expect: {contains: anything}}]\n"
        (case,) = ask(desk, "POST", "/cases", {"yaml": cases, "name": "echo"}).json()["cases"]
        assert said in case["missed"]


def test_i3_it_speaks_as_the_documented_examples(desk: Rig) -> None:
    """docs/api/desk.md: what the app's tests are answered with, too."""
    told = example("desk")
    walk = told["check"]["request"]["yaml"]
    checked = ask(desk, "POST", "/checks", told["check"]["request"]).json()
    assert checked == told["check"]["response"]
    broken = ask(desk, "POST", "/checks", {"yaml": "name: echo\nsteps:\n  - Chat: {modul: x}\n", "name": "echo"}).json()
    assert broken == told["check"]["broken"]
    assert ask(desk, "POST", "/cases", told["cases"]["request"]).json() == told["cases"]["response"]
    for _ in range(2):
        desk.room.publish("echo", ECHO)
    saved = ask(desk, "POST", "/files/echo", told["save"]["request"])
    assert saved.json() == told["save"]["response"] | {"version": len(desk.room.versions["echo"])}
    assert ask(desk, "GET", "/files/echo").json() == told["file"]
    changed = ask(desk, "POST", "/files/echo", told["save"]["request"] | {"yaml": walk + "# mine\n"})
    assert (changed.status_code, changed.json().keys()) == (409, told["save"]["changed"].keys())
    assert changed.json()["error"] == told["save"]["changed"]["error"]
    missed = ask(
        desk, "POST", "/files/echo", told["save"]["request"] | {"yaml": walk.replace("contains: walk", "contains: stroll"), "base": None}
    )
    assert missed.status_code == 422
    missed = save(desk, walk.replace("contains: walk", "contains: stroll"), len(desk.room.versions["echo"]))
    assert missed.json()["cases"] == told["save"]["missed"]["cases"]
    lines = [json.loads(line) for line in ask(desk, "POST", "/trials", told["trial"]["request"]).text.splitlines()]
    first, beat, last = told["trial"]["lines"]
    assert lines[0].keys() == first.keys()
    assert beat == {}
    assert lines[-1] | {"steps": [step | {"ms": 0} for step in lines[-1]["steps"]]} == last | {
        "steps": [step | {"ms": 0} for step in last["steps"]]
    }
    assert ask(desk, "GET", "/templates").json()["templates"][0].keys() == told["templates"]["templates"][0].keys()


def test_what_cases_use_is_told_whatever_came_of_them(rig: Rig) -> None:
    paid = "name: paid\npermissions: {services: true}\nsteps: [{Chat: {module: OpenAIChat, model: hello}}, Reply]\n"
    rig.write("paid.yaml", paid)
    rig.manager()
    assert rig.room.wait(lambda: "paid" in rig.room.bots)
    for expected, status in (("hello", 200), ("xylophone", 422)):
        answer = save(rig, paid + f"tests: [{{say: hi, expect: {{contains: {expected}}}}}]\n", 1, name="paid")
        assert answer.status_code == status, answer.text
        assert answer.json()["used"][0]["tokens_out"] > 0
        rig.room.versions["paid"].insert(0, rig.room.versions["paid"][-1] | {"number": 1})


def test_w22_cases_that_may_cost_are_not_run_when_a_budget_is_spent(rig: Rig) -> None:
    paid = "name: paid\npermissions: {services: true}\nsteps: [{Chat: {module: OpenAIChat, model: hello}}, Reply]\n"
    rig.write("paid.yaml", paid)
    rig.write("echo.yaml", ECHO)
    rig.manager()
    assert rig.room.wait(lambda: {"paid", "echo"} <= rig.room.bots.keys())
    spent = {"base": 1, "by": "bea", "seen": "", "spent": "I have used up my 10 tokens for today."}
    tested = paid + "tests: [{say: hi, expect: {contains: hello}}]\n"

    refused = ask(rig, "POST", "/files/paid", {"yaml": tested, **spent})

    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "budget_spent")
    assert "since its cases may use services. I have used up my 10 tokens" in refused.json()["error"]["message"]
    assert rig.models.journal.requests == []
    assert (rig.folder / "paid.yaml").read_text() == paid
    for name, yaml in (("paid", paid + "# without cases\n"), ("echo", TESTED)):
        assert ask(rig, "POST", f"/files/{name}", {"yaml": yaml, **spent}).status_code == 200, "nothing of it costs anything"
