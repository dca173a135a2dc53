"""Draft, Format and Guide: what the model is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import PayloadError
from steps import Draft, Format, Guide
from steps.placeholders import fill, times, timestamp
from testing.steps import NOW, FakeContext, payload_of, run_step, said

MELBOURNE = "Australia/Melbourne"


def test_draft_starts_with_a_shrug() -> None:
    assert run_step(Draft, payload_of("Hi"))["draft"] == {"body": "¯\\_(ツ)_/¯", "metadata": {}}


def test_draft_starts_with_what_the_bot_file_says() -> None:
    assert run_step(Draft, {}, fallback="I am out of words.")["draft"]["body"] == "I am out of words."


def test_c20_format_gives_own_messages_to_the_assistant_and_all_others_to_the_user() -> None:
    payload = payload_of(said("Hello", by="bea"), said("Hi, I'm Echo.", by="echo", is_bot=True), said("Walk?", by="bea"))
    assert run_step(Format, payload)["prompt"] == [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi, I'm Echo."},
        {"role": "user", "content": "Walk?"},
    ]


def test_c20_format_fills_its_placeholders_in_the_time_zone_of_the_bot() -> None:
    context = FakeContext(timezone=MELBOURNE)
    payload = run_step(Format, payload_of("Hi"), context, each_user_message="{content}\n\nreceived: {timestamp} by {username} ({date})")
    assert payload["prompt"][0]["content"] == "Hi\n\nreceived: 2026-11-20 20:40 by bea (Friday 20 November 2026)"


def test_a_model_is_told_which_files_came_along() -> None:
    """A message may be nothing but a file. What is in it, only a step that reads it says."""
    plan = {"id": "a1", "name": "plan {content}.txt", "kind": "file", "content_type": "text/plain", "size": 8}
    alone, with_words = said("", attachments=[plan, {**plan, "name": "b.png"}]), said("Look", attachments=[plan])
    payload = payload_of(alone, with_words, said("", attachments=[]))
    assert [turn["content"] for turn in run_step(Format, payload)["prompt"]] == [
        "[file: plan {content}.txt]\n[file: b.png]",
        "Look\n[file: plan {content}.txt]",
        "",
    ]


def test_format_says_in_the_trace_what_it_did() -> None:
    one, two = Format({}, FakeContext()), Format({}, FakeContext())
    one.process(payload_of("Hi"))
    two.process(payload_of("Hi", "Ho"))
    assert (one.summary(), two.summary()) == ("1 message, newest last", "2 messages, newest last")


def test_w20_what_people_write_is_never_read_as_a_template() -> None:
    nasty = "{content} {timestamp} {0.__class__} {{x}} %s %(x)s ${SECRET} {{ ''.__class__ }} {% for %}"
    assert run_step(Format, payload_of(nasty), each_user_message="<{content}>")["prompt"][0]["content"] == f"<{nasty}>"


UNKNOWN = ["{0}", "{content.__class__}", "{content!r}", "{CONTENT}", "{ content }", "{nobody}", "{", "}", "{}", "{{x", "{{nobody}}"]


@pytest.mark.parametrize("template", UNKNOWN)
def test_w20_unknown_braces_stay_as_they_are(template: str) -> None:
    assert fill(template, {"content": "Hi"}) == template


@given(st.text(), st.text())
def test_i10_any_template_and_any_message_can_be_filled(template: str, content: str) -> None:
    assert content in fill(template + "{content}", {"content": content})


def test_in_a_group_room_the_speakers_are_told_apart() -> None:
    payload = payload_of(said("I am five", by="bea"), said("I am six", by="ada"), said("Nice", by="echo"), room="group")
    assert [turn["content"] for turn in run_step(Format, payload)["prompt"]] == ["bea: I am five", "ada: I am six", "Nice"]


def test_in_a_group_room_a_format_that_names_the_speaker_is_left_alone() -> None:
    payload = run_step(Format, payload_of("Hi", room="group"), each_user_message="<{username}> {content}")
    assert payload["prompt"][0]["content"] == "<bea> Hi"


def test_format_without_messages_is_an_error_that_says_so() -> None:
    with pytest.raises(PayloadError, match="no list of messages"):
        run_step(Format, {})


def test_c20_guide_speaks_before_and_after_the_conversation() -> None:
    payload = run_step(Format, payload_of("Hi"))
    prompt = run_step(Guide, payload, before="You are kind.", after="It is {current_time}, {date}.")["prompt"]
    assert prompt == [
        {"role": "system", "content": "You are kind."},
        {"role": "user", "content": "Hi"},
        {"role": "system", "content": "It is Friday 20 November 2026, 09:41 (UTC), Friday 20 November 2026."},
    ]


def test_guide_makes_the_prompt_when_no_step_has() -> None:
    prompt = run_step(Guide, payload_of("Hi"), before="You are kind.")["prompt"]
    assert [turn["role"] for turn in prompt] == ["system", "user"]


@pytest.mark.parametrize("prompt", ["Hi", [7], [{"role": "user"}], {"role": "user"}])
def test_a_prompt_that_is_none_is_an_error_that_says_so(prompt: object) -> None:
    with pytest.raises(PayloadError, match="must be a list of turns"):
        run_step(Guide, payload_of("Hi", prompt=prompt), before="x")


def test_an_unknown_time_zone_is_read_as_utc() -> None:
    assert times(NOW, "Mars/Olympus")["date"] == "Friday 20 November 2026"
    assert timestamp("2026-11-20T09:40:00Z", "../etc/passwd") == "2026-11-20 09:40"


def test_the_date_is_that_of_the_time_zone() -> None:
    assert times(NOW.replace(hour=20), MELBOURNE)["date"] == "Saturday 21 November 2026"


def test_a_time_that_cannot_be_read_is_shown_as_it_is() -> None:
    assert timestamp("yesterday", "UTC") == "yesterday"
