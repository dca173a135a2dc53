"""What the steps of a run were given and gave, put together from what was recorded (C25)."""

from __future__ import annotations

from typing import Any

import pytest

from bots import secrecy, traces, values
from bots.models import Run, RunStep
from tests.bots.traced import fail, first_payload, step


def record(run: Run, *steps: dict[str, Any]) -> None:
    run.record_steps(run.attempt, list(steps))


def test_a_steps_input_is_what_the_steps_before_it_left(at_work: Run) -> None:
    """C25."""
    record(
        at_work,
        step(0, "A", before={"a": 1, "b": 2}, changed={"c": 3}),
        step(1, "B", changed={"a": None}),
        step(2, "C", changed={"b": [5]}),
    )

    assert [traces.input_of(at_work, index) for index in range(4)] == [
        {"a": 1, "b": 2}, {"a": 1, "b": 2, "c": 3}, {"b": 2, "c": 3}, {"b": [5], "c": 3},
    ]  # fmt: skip
    assert traces.output_of(at_work, 2) == {"b": [5], "c": 3}


def test_the_nearest_whole_payload_is_where_it_begins(at_work: Run) -> None:
    record(at_work, step(0, "A", changed={"a": 1}), step(1, "B", after={"x": 1}), step(2, "C", changed={"y": 2}))

    assert traces.input_of(at_work, 0) is None
    assert traces.input_of(at_work, 1) is None
    assert traces.input_of(at_work, 3) == {"x": 1, "y": 2}


def test_a_step_that_nobody_recorded_leaves_what_follows_unknown(at_work: Run) -> None:
    record(at_work, step(0, "A", before={"a": 1}), step(2, "C", changed={"c": 3}))

    assert traces.input_of(at_work, 3) is None
    assert traces.stuck_at(at_work) is None  # it is at work


def test_a_failed_step_was_given_what_it_recorded(at_work: Run) -> None:
    run = fail(at_work)

    assert traces.stuck_at(run) == 2
    assert traces.input_of(run, 2) == first_payload(run) | {"draft": {"body": "hm"}, "plan": "two nights\nin May"}
    assert traces.output_of(run, 2) is None


def test_a_run_that_waits_stands_at_the_step_that_waits(at_work: Run) -> None:
    record(at_work, step(0, "A", before={"a": 1}, changed={"b": 2}))
    Run.objects.filter(pk=at_work.pk).update(state="waiting", lease_until=None, start={"step": 1, "payload": {"a": 1, "b": 2}})
    at_work.refresh_from_db()

    assert (traces.stuck_at(at_work), traces.input_of(at_work, 1)) == (1, {"a": 1, "b": 2})


@pytest.mark.parametrize("outcome", ["replied", "silent"])
def test_a_run_that_came_to_its_end_stands_nowhere(at_work: Run, outcome: str) -> None:
    at_work.finish(1, outcome, steps=[step(0, "A", before={})])

    assert traces.stuck_at(Run.objects.get()) is None


def test_a_stopped_run_stands_behind_its_last_step(at_work: Run) -> None:
    record(at_work, step(0, "A", before={"a": 1}), step(1, "B", changed={"b": 2}))
    at_work.withdraw("stopped", "Bea stopped it.")

    assert traces.stuck_at(Run.objects.get()) == 2


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("my key is sk-proj-abcdefghij0123456789", id="a key of a model"),
        pytest.param("parley_0a1b2c3d_" + "e" * 40, id="a token of ours"),
        pytest.param("Authorization: Bearer abcdef0123456789abcdef", id="a bearer"),
        pytest.param("postgres://parley:verysecret@db/parley", id="a password in an address"),
        pytest.param("-----BEGIN " + "PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----", id="a private key"),
        pytest.param("ghp_" + "a1" * 15, id="a token of a forge"),
    ],
)
def test_i7_what_looks_like_a_secret_is_hidden_wherever_it_stands(text: str) -> None:
    shown = str(secrecy.hidden({"draft": {"deep": ["x", text]}}))

    assert secrecy.HIDDEN in shown
    assert text not in shown


NAMES = """
    password PASSWORD db_password dbPassword password2 passwd passphrase secret clientSecret api_key apiKey X-API-Key OPENAI_API_KEY token
    authToken
    access_tokens Authorization Proxy-Authorization cookie cookies Set-Cookie credentials private_key DJANGO_SECRET_KEY session_id jwt
"""


@pytest.mark.parametrize("name", NAMES.split())
def test_i7_what_is_named_a_secret_is_hidden_whatever_it_is(name: str) -> None:
    values: list[Any] = ["lamp", 4711, ["lamp"], {"of": {"the": "lamp"}}]
    for value in values:
        assert secrecy.hidden({"deep": [{name: value, "beside": "shown"}]}) == {"deep": [{name: "[secret]", "beside": "shown"}]}


def test_what_names_no_secret_stays() -> None:
    given = {
        "tokens_in": 5, "tokens": 7, "max_tokens": 9, "token_count": "7", "author": "bea", "secretary": "ada", "passed": "all",
        "key": "4.0", "secret": "", "password": None, "cookies": [], "credentials": {}, "accepts_cookies": True, "session": "morning",
    }  # fmt: skip

    assert secrecy.hidden(given) == given


def test_what_somebody_left_hidden_is_as_it_was() -> None:
    original = {"draft": "hm", "auth": {"password": "lamp"}, "cookies": {"id": 1}, "lines": ["sk-" + "a" * 20, "b"], "gone": 1}
    edited = {"draft": "better", "auth": {"password": "[secret]"}, "cookies": "[secret]", "lines": ["[secret]", "[secret]"]}

    assert secrecy.restored(edited, original) == {
        "draft": "better", "auth": {"password": "lamp"}, "cookies": {"id": 1}, "lines": ["sk-" + "a" * 20, "[secret]"],
    }  # fmt: skip


def test_what_is_nested_beyond_measure_is_named_and_not_shown() -> None:
    deep: Any = "x"
    for _ in range(5000):
        deep = [deep]

    assert secrecy.hidden({"deep": deep}) == secrecy.TOO_DEEP


def test_only_the_places_that_changed_are_told() -> None:
    """C25."""
    before = {"a": 1, "one": 1, "draft": {"body": "hm", "tone": "dry"}, "list": [1], "gone": True, "same": "x"}
    after = {"a": True, "one": 1, "draft": {"body": "well", "tone": "dry"}, "list": [1, {"k": 2}], "same": "x", "new": None}
    told = {(change.kind, change.name) for change in values.changes_of(before, after)}

    assert told == {("changed", "a"), ("changed", "draft.body"), ("new", "list[1]"), ("gone", "gone"), ("new", "new")}
    assert values.same_keys(before, after) == ["one", "same"]


def test_a_big_value_is_folded_and_says_how_big_it_is() -> None:
    value = values.value_of("messages", [{"body": "word " * 100}] * 16)

    assert value.folded
    assert value.size.startswith("16 entries, ")
    assert value.preview.endswith(" …")
    assert not values.value_of("draft", {"body": "hm"}).folded


def test_steps_with_fifty_big_payloads_are_put_together_by_reading_one(at_work: Run, django_assert_num_queries: Any) -> None:
    big = {f"key{number}": "x" * 20_000 for number in range(10)}
    steps = [step(index, "Chat", after=big | {"n": index}) for index in range(50)]
    RunStep.objects.bulk_create(RunStep(run=at_work, attempt=1, **each) for each in steps)

    with django_assert_num_queries(3):  # its own, the nearest whole one, and what lies between
        assert (traces.input_of(at_work, 50) or {})["n"] == 49
