"""Commands of bots, and payloads that runs go on with."""

from __future__ import annotations

from typing import Any

import pytest

from errors import PayloadError
from pipeline.bot_file import BotFile
from pipeline.contract import REQUEST
from pipeline.payload import from_delivery, resumed
from pipeline.worker import valid
from testing.chat_server import example

BOT = BotFile.model_validate(
    {
        "name": "joker",
        "steps": ["Chat"],
        "commands": {"joke": {"about": "Tells a joke", "say": "Tell me a joke about {words}, {asker}"}, "shout": None},
    }
)


def delivery(said: str, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = example("delivery")
    made["messages"][-1]["body"] = said
    return valid(REQUEST.validate_python(made | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("said", "reads", "command"),
    [
        ("/joke cats", "Tell me a joke about cats, {asker}", "joke"),
        ("  /JOKE   two cats\nand a dog ", "Tell me a joke about two cats\nand a dog, {asker}", "joke"),
        ("/joke", "Tell me a joke about , {asker}", "joke"),
        ("@joker /joke cats", "Tell me a joke about cats, {asker}", "joke"),
        ("/joke cats @joker", "Tell me a joke about cats, {asker}", "joke"),
        ("/shout hello", "hello", "shout"),
        ("/joke {words}", "Tell me a joke about {words}, {asker}", "joke"),
        ("/jokes cats", "/jokes cats", ""),
        ("tell /joke cats", "tell /joke cats", ""),
        ("@joker-two /joke cats", "@joker-two /joke cats", ""),
        ("//joke", "//joke", ""),
        ("", "", ""),
        ("/", "/", ""),
    ],
)
def test_a_command_reads_as_the_bots_file_says(said: str, reads: str, command: str) -> None:
    payload = from_delivery(delivery(said), BOT)
    assert payload["messages"][-1]["body"] == reads
    assert payload.get("command", {}).get("name", "") == command


def test_only_the_newest_message_that_asked_is_a_command() -> None:
    made = delivery("/joke cats")
    made["messages"].append(made["messages"][-1] | {"id": "later", "body": "/joke dogs"})
    payload = from_delivery(made, BOT)
    assert [message["body"] for message in payload["messages"][-2:]] == ["Tell me a joke about cats, {asker}", "/joke dogs"]


def test_a_command_of_another_bot_is_just_text() -> None:
    plain = BotFile.model_validate({"name": "plain", "steps": ["Chat"]})
    assert from_delivery(delivery("/joke cats"), plain)["messages"][-1]["body"] == "/joke cats"


MADE = {"asker": {"username": "ada"}, "room": {"id": "another"}, "bot": {"name": "other"}, "run": "x", "attempt": 9, "mood": "fine"}


@pytest.mark.parametrize("handmade", [False, True])
def test_who_asks_and_where_is_never_taken_from_a_payload(handmade: bool) -> None:
    """W21, W24: a payload that a person edited, or that comes from another run, gives nobody's rights and nobody's room."""
    given = delivery("hi", resume={"step": 1, "payload": MADE, "handmade": handmade})
    payload = resumed(given, BOT)
    for key in ("asker", "room", "bot", "run", "attempt"):
        assert payload[key] == given[key]
    assert payload["mood"] == "fine"


def test_a_handmade_payload_that_lacks_the_conversation_gets_it() -> None:
    given = delivery("hi", resume={"step": 1, "payload": {"draft": {"body": "by hand"}}, "handmade": True})
    payload = resumed(given, BOT)
    assert (payload["draft"], payload["messages"]) == ({"body": "by hand"}, given["messages"])


def test_what_a_step_took_out_is_not_put_back() -> None:
    given = delivery("hi", resume={"step": 1, "payload": {"draft": {"body": "x"}}})
    assert "messages" not in resumed(given, BOT)


def test_a_handmade_payload_may_not_be_longer_than_any_other() -> None:
    """I10."""
    given = delivery("hi", resume={"step": 1, "payload": {"x": "y" * 300_000}, "handmade": True})
    with pytest.raises(PayloadError, match="256 KB"):
        resumed(given, BOT)
