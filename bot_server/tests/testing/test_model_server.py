"""The scripted model server, as other programs meet it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import testing
from testing import behaviours
from testing.model_server import running


def ask(url: str, model: str, said: str) -> str:
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": said}], "stream_options": {"include_usage": True}})
    with urlopen(Request(f"{url}/chat/completions", body.encode(), {"content-type": "application/json"}), timeout=10) as answer:  # noqa: S310
        return answer.read().decode()  # type: ignore[no-any-return]


def test_it_streams_events_and_says_done() -> None:
    with running() as server:
        lines = [line for line in ask(server.url, "any", "Hi").splitlines() if line]
    events = [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]
    assert "".join(event["choices"][0]["delta"].get("content", "") for event in events[:-1]) == "You said: Hi"
    assert events[-2]["choices"][0]["finish_reason"] == "stop"
    assert events[-1]["usage"]["prompt_tokens"] == 7
    assert lines[-1] == "data: [DONE]"


def test_the_last_message_can_name_the_behaviour() -> None:
    with running() as server:
        assert "word1" in ask(server.url, "any", "Please [[behave:tokens-2-0]]")


def test_it_counts_requests_by_model_and_prompt() -> None:
    with running() as server:
        for said in ("one", "two", "two"):
            ask(server.url, "small", said)
        with urlopen(f"http://127.0.0.1:{server.server_port}/requests", timeout=10) as answer:
            counts = json.load(answer)
    assert counts == {"total": 3, "by_model": {"small": 3}, "by_prompt": {"one": 1, "two": 2}, "closed": {}}


def test_it_is_once_for_each_prompt() -> None:
    with running() as server:
        first = [ask(server.url, "once-tokens-1-0", said) for said in ("one", "two")]
        second = [ask(server.url, "once-tokens-1-0", said) for said in ("one", "two")]
    assert ["word0" in answer for answer in first + second] == [True, True, False, False]


def test_every_behaviour_is_described() -> None:
    text = behaviours.__doc__ or ""
    assert [name for name in behaviours.BEHAVIOURS if name not in text] == []


def test_it_runs_by_itself() -> None:
    root = Path(testing.__file__).parents[1]
    command = [sys.executable, "-u", "-m", "testing.model_server", "--port", "0"]
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(root)}, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            url = process.stdout.readline().split()[-1]
            assert "Hello" in ask(url, "hello", "Hi")
        finally:
            process.terminate()
            process.wait(10)
