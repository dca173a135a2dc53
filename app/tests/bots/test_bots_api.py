"""The contract's side for bots: every verb of a run, by the examples of docs/api."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from bots.models import Bot, Run
from bots.models.queue import in_seconds
from chat import drafts
from chat.models import Message, Room
from chat.publisher import publisher
from tests.bots.program import Api, in_threads

Example = Callable[[str], Any]


def ways_in(run: Run, attempt: int) -> dict[str, dict[str, Any]]:
    """Every address under which a bot writes for a run."""
    return {
        f"runs/{run.pk}/steps": {"attempt": attempt, "steps": []},
        f"runs/{run.pk}/replies": {"attempt": attempt, "key": "1.0", "body": "hello"},
        f"runs/{run.pk}/outcome": {"attempt": attempt, "outcome": "silent"},
        f"runs/{run.pk}/sendings": {"attempt": attempt, "key": "1.0", "approval": str(run.pk)},
        f"runs/{run.pk}/drafts": {"attempt": attempt, "offset": 0, "text": "hel"},
    }


# A run, from the bot's side


def test_steps_are_recorded_once_per_index(bots_api: Api, at_work: Run, example: Example) -> None:
    wish = example("steps")["request"]

    first = bots_api.post(f"runs/{at_work.pk}/steps", wish)
    wish["steps"][0]["summary"] = "again"
    bots_api.post(f"runs/{at_work.pk}/steps", wish)

    assert first.json() == example("steps")["response"]
    step = at_work.steps.get()
    assert (step.index, step.summary, step.after, step.usage["tokens_out"]) == (3, "again", {"draft": {"body": "歩きましょう"}}, 24)


def test_a_payload_of_more_than_256_kb_is_refused(bots_api: Api, at_work: Run, example: Example) -> None:
    wish = example("steps")["request"]
    wish["steps"][0]["payload"] = {"long": "x" * 256 * 1024}

    answer = bots_api.post(f"runs/{at_work.pk}/steps", wish)

    assert answer.status_code == 400
    assert "256 KB" in answer.json()["error"]["message"]


def test_a_number_that_nothing_can_store_is_refused(bots_api: Api, at_work: Run, example: Example) -> None:
    """W25: to Python it is infinite, and PostgreSQL has no JSON for that."""
    wish = example("steps")["request"]
    wish["steps"][0]["payload"] = {"many": "MANY"}

    answer = bots_api.post(f"runs/{at_work.pk}/steps", json.dumps(wish).replace('"MANY"', "1e999"))

    assert answer.status_code == 400
    assert not at_work.steps.exists()


def test_a_reply_is_a_message_of_the_bot(bots_api: Api, at_work: Run, example: Example) -> None:
    wish = example("reply")["request"]

    answer = bots_api.post(f"runs/{at_work.pk}/replies", wish)

    assert answer.status_code == 201
    message = Message.objects.get(pk=answer.json()["message"]["id"])
    assert (message.body, message.author.username, message.metadata) == (wish["body"], "echo", {"run": str(at_work.pk)})


def test_a_bot_cannot_claim_another_run_in_its_metadata(bots_api: Api, at_work: Run) -> None:
    """W12."""
    wish = {"attempt": 1, "key": "1.0", "body": "hi", "metadata": {"run": str(uuid.uuid4()), "mood": "good"}}

    answer = bots_api.post(f"runs/{at_work.pk}/replies", wish)

    assert answer.json()["message"]["metadata"] == {"run": str(at_work.pk), "mood": "good"}


def test_p8_the_same_key_gives_the_stored_reply_whatever_its_text(bots_api: Api, at_work: Run, direct: Room) -> None:
    first = bots_api.post(f"runs/{at_work.pk}/replies", {"attempt": 1, "key": "1.0", "body": "one"})
    again = bots_api.post(f"runs/{at_work.pk}/replies", {"attempt": 1, "key": "1.0", "body": "one"})
    other = bots_api.post(f"runs/{at_work.pk}/replies", {"attempt": 1, "key": "1.0", "body": "two"})
    bots_api.post(f"runs/{at_work.pk}/replies", {"attempt": 1, "key": "1.1", "body": "more"})

    assert [answer.status_code for answer in (first, again, other)] == [201, 200, 200]
    assert first.json() == again.json() == other.json()
    assert list(direct.messages.filter(author__is_bot=True).order_by("position").values_list("body", flat=True)) == ["one", "more"]


@pytest.mark.django_db(transaction=True)
def test_p8_the_same_key_at_the_same_moment_posts_once(bots_api: Api, at_work: Run, direct: Room) -> None:
    wish = {"attempt": 1, "key": "1.0", "body": "one"}

    answers = in_threads([lambda: bots_api.post(f"runs/{at_work.pk}/replies", wish)] * 6)

    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert len({answer.json()["message"]["id"] for answer in answers}) == 1
    assert direct.messages.filter(author__is_bot=True).count() == 1


def test_the_last_reply_ends_the_run_with_it(bots_api: Api, at_work: Run, direct: Room, example: Example,
                                             django_capture_on_commit_callbacks: Any) -> None:  # fmt: skip
    """P8. One request, and what the room gets to see of the reply shows the end already."""
    bots_api.post("drafts", {"frames": [{"run": str(at_work.pk), "attempt": 1, "offset": 0, "text": "half a sen"}]})
    with mock.patch.object(publisher, "send") as send, django_capture_on_commit_callbacks(execute=True):
        answer = bots_api.post(f"runs/{at_work.pk}/replies", example("reply")["last"])

    again = bots_api.post(f"runs/{at_work.pk}/replies", example("reply")["last"])
    assert (answer.status_code, again.status_code, again.json()["error"]["code"]) == (201, 409, "stale_attempt")
    run, reply = Run.objects.get(), direct.messages.get(author__is_bot=True)
    assert (run.state, run.outcome, run.usage["tokens_in"], run.steps.count()) == ("done", "replied", 388, 1)
    assert [(event.kind, event.message) for event in direct.events.order_by("seq")][1:] == [("message.posted", reply), ("run.ended", None)]
    assert drafts.of(direct.pk) == []
    told = [json.loads(call.args[1]["text"]) for call in send.call_args_list if call.args[1].get("frame") == "event"]
    assert [frame["kind"] for frame in told] == ["message.posted", "run.ended"]
    assert "412 tokens" in told[0]["html"]


@pytest.mark.parametrize("wrong", [{"body": "x" * 20_001}, {"last": {"steps": [{"index": 4, "name": "", "state": "done"}]}}])
def test_a_last_reply_is_stored_with_the_end_or_not_at_all(bots_api: Api, at_work: Run, direct: Room, example: Example, wrong: Any) -> None:
    answer = bots_api.post(f"runs/{at_work.pk}/replies", example("reply")["last"] | wrong)

    assert answer.status_code in (400, 422)
    assert (Run.objects.get().state, at_work.steps.count(), direct.messages.filter(author__is_bot=True).count()) == ("active", 0, 0)


def test_the_reply_that_was_stored_before_the_worker_died_stays_as_it_was(
    bots_api: Api, at_work: Run, direct: Room, example: Example
) -> None:
    """P8. It is told of the end like any reply that stands in the room."""
    wish = example("reply")["last"]
    bots_api.post(f"runs/{at_work.pk}/replies", example("reply")["request"])

    answer = bots_api.post(f"runs/{at_work.pk}/replies", wish | {"body": "other words"})

    reply = direct.messages.get(author__is_bot=True)
    assert (answer.status_code, reply.body) == (200, wish["body"])
    assert (direct.events.latest("seq").kind, direct.events.latest("seq").message) == ("run.ended", reply)


def test_an_outcome_ends_the_run_and_the_room_hears_of_it(bots_api: Api, at_work: Run, direct: Room, example: Example) -> None:
    answer = bots_api.post(f"runs/{at_work.pk}/outcome", example("outcome")["request"])

    assert answer.json() == example("outcome")["response"]
    run = Run.objects.get()
    assert (run.state, run.outcome, run.usage["tokens_in"], run.steps.count()) == ("done", "replied", 388, 1)
    event = direct.events.latest("seq")
    assert (event.kind, event.data) == ("run.ended", {"run": str(run.pk), "outcome": "replied", "reason": "", "bot": "echo"})


def test_a_failure_that_may_pass_makes_the_run_due_again_and_says_so(bots_api: Api, at_work: Run, direct: Room, example: Example,
                                                                     django_capture_on_commit_callbacks: Any) -> None:  # fmt: skip
    with django_capture_on_commit_callbacks(execute=True):
        answer = bots_api.post(f"runs/{at_work.pk}/outcome", example("outcome")["failed"])

    assert answer.json() == {"state": "pending", "due_in": 120.0}
    assert Run.objects.get().state == "pending"
    assert not direct.messages.filter(kind="failure").exists()
    (draft,) = drafts.of(direct.pk)
    assert draft.activity == "The model answered 429 (too many requests) 3 times in 11.5 s. Trying again in 120 s."
    assert 115 < (Run.objects.next_due() or 0) <= 120


def test_i9_a_permanent_failure_is_said_in_plain_words(bots_api: Api, at_work: Run, direct: Room, example: Example) -> None:
    wish = example("outcome")["failed"] | {"permanent": True}

    answer = bots_api.post(f"runs/{at_work.pk}/outcome", wish)

    assert answer.json() == {"state": "done", "due_in": None}
    message = direct.messages.get(kind="failure")
    assert (message.body, message.author.username) == (wish["explanation"], "echo")
    assert message.metadata == {"run": str(at_work.pk), "reason": "model_rate_limited"}
    assert [event.kind for event in direct.events.order_by("seq")][-2:] == ["message.posted", "run.ended"]


def test_a_failure_without_words_still_says_what_is_known(bots_api: Api, at_work: Run, direct: Room) -> None:
    bots_api.post(f"runs/{at_work.pk}/outcome", {"attempt": 1, "outcome": "failed", "reason": "odd", "permanent": True})

    assert "“odd”" in direct.messages.get(kind="failure").body


def test_the_fifth_failure_is_the_last(bots_api: Api, at_work: Run, direct: Room) -> None:
    Run.objects.update(tries=5)

    answer = bots_api.post(f"runs/{at_work.pk}/outcome", {"attempt": 1, "outcome": "failed", "reason": "x", "explanation": "No luck."})

    assert answer.json()["state"] == "done"
    assert direct.messages.get(kind="failure").body == "No luck."


# The fence


@pytest.mark.parametrize("attempt", [2, 999])
def test_another_attempt_is_stale_at_every_address(bots_api: Api, at_work: Run, attempt: int) -> None:
    for path, wish in ways_in(at_work, attempt).items():
        answer = bots_api.post(path, wish)
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "stale_attempt"), path
    assert Run.objects.get().state == "active"
    assert not Message.objects.filter(author__is_bot=True).exists()


def test_the_attempt_before_is_stale_at_every_address(bots_api: Api, at_work: Run, age: Any) -> None:
    age(at_work, lease_until=1)
    Run.objects.expire_leases()
    (again,) = Run.objects.claim(1)
    assert again.attempt == 2

    for path, wish in ways_in(at_work, 1).items():
        assert bots_api.post(path, wish).status_code == 409, path
    assert bots_api.post(f"runs/{again.pk}/replies", {"attempt": 2, "key": "1.0", "body": "hello"}).status_code == 201


def test_a_run_that_has_ended_takes_nothing_more(bots_api: Api, at_work: Run) -> None:
    """F11: outcomes that come twice or late change nothing."""
    bots_api.post(f"runs/{at_work.pk}/outcome", {"attempt": 1, "outcome": "replied"})

    late = bots_api.post(f"runs/{at_work.pk}/outcome", {"attempt": 1, "outcome": "failed", "permanent": True})

    assert late.status_code == 409
    for path, wish in ways_in(at_work, 1).items():
        assert bots_api.post(path, wish).status_code == 409, path
    assert Run.objects.get().outcome == "replied"


def test_a_run_that_waits_for_its_retry_is_not_the_failed_attempts_any_more(bots_api: Api, at_work: Run) -> None:
    bots_api.post(f"runs/{at_work.pk}/outcome", {"attempt": 1, "outcome": "failed", "retry_after": 60})

    for path, wish in ways_in(at_work, 1).items():
        assert bots_api.post(path, wish).status_code == 409, path


def test_w11_the_runs_and_bots_of_another_owner_are_not_there(at_work: Run, cyd: User, token_of: Callable[..., str]) -> None:
    other = Api(token_of(cyd, "bots"))
    unknown = Run(pk=uuid.uuid4())

    for (path, wish), (never, same) in zip(ways_in(at_work, 1).items(), ways_in(unknown, 1).items(), strict=True):
        answer, control = other.post(path, wish), other.post(never, same)
        assert answer.status_code == control.status_code == 404, path
        assert answer.content == control.content
    assert other.get("bots/echo/versions/1").status_code == 404
    frames = [{"run": str(at_work.pk), "attempt": 1, "offset": 0, "text": "mine"}]
    assert other.post("drafts", {"frames": frames}).json() == {"stale": [str(at_work.pk)], "resend": []}
    assert other.post("heartbeats", {"runs": [{"run": str(at_work.pk), "attempt": 1}]}).json() == {"stale": [str(at_work.pk)]}
    assert drafts.of(at_work.room_id) == []


def test_a_token_for_bots_opens_no_rooms_and_a_token_for_chat_answers_for_no_bot(bots_api: Api, bea_api: Api, at_work: Run) -> None:
    for path in (f"runs/{at_work.pk}", f"rooms/{at_work.room_id}/runs", "bots"):
        assert bots_api.get(path).status_code == 403, path
    for path, wish in ways_in(at_work, 1).items():
        assert bea_api.post(path, wish).status_code == 403, path


# Signs of life


@pytest.mark.parametrize("sign", ["heartbeat", "drafts", "draft", "steps", "replies"])
def test_the_first_sign_of_life_starts_an_attempt_once(bots_api: Api, asked: Run, sign: str) -> None:
    (run,) = Run.objects.claim(1)
    assert run.tries == 0
    one = {"attempt": 1, "offset": 0, "text": "a"}
    path, wish = {
        "heartbeat": ("heartbeats", {"worker": "w", "runs": [{"run": str(run.pk), "attempt": 1}]}),
        "drafts": ("drafts", {"frames": [{"run": str(run.pk), **one}]}),
        "draft": (f"runs/{run.pk}/drafts", one),
        "steps": (f"runs/{run.pk}/steps", {"attempt": 1, "steps": []}),
        "replies": (f"runs/{run.pk}/replies", {"attempt": 1, "key": "1.0", "body": "hello"}),
    }[sign]

    for _ in range(3):
        assert bots_api.post(path, wish).status_code < 300

    run.refresh_from_db()
    assert (run.tries, run.started_attempt, run.unstarted) == (1, 1, 0)
    assert run.started_at is not None


def test_a_heartbeat_renews_leases_and_names_what_is_stale(bots_api: Api, at_work: Run, age: Any, example: Example) -> None:
    wish = example("heartbeats")["request"]
    wish["runs"] = [{"run": str(at_work.pk), "attempt": 1}]
    age(at_work, lease_until=-3)

    assert bots_api.post("heartbeats", wish).json() == example("heartbeats")["response"]
    age_left = Run.objects.filter(lease_until__gt=in_seconds(28)).count()
    assert age_left == 1

    wish["runs"][0]["attempt"] = 7
    assert bots_api.post("heartbeats", wish).json() == {"stale": [str(at_work.pk)]}


def test_drafts_renew_a_lease_that_runs_low_and_otherwise_only_read(bots_api: Api, at_work: Run, age: Any) -> None:
    frame = {"run": str(at_work.pk), "attempt": 1, "offset": 0, "text": "a"}
    age(at_work, lease_until=-3)
    bots_api.post("drafts", {"frames": [frame]})
    lease = Run.objects.get().lease_until

    bots_api.post("drafts", {"frames": [frame]})

    assert Run.objects.filter(lease_until=lease, lease_until__gt=in_seconds(28)).exists()


def test_drafts_reach_the_room_and_a_gap_is_asked_for_again(bots_api: Api, at_work: Run, example: Example) -> None:
    wish = example("drafts")["request"]
    for frame in wish["frames"]:
        frame["run"] = str(at_work.pk)

    assert bots_api.post("drafts", wish).json() == example("drafts")["response"]
    (draft,) = drafts.of(at_work.room_id)
    assert (draft.text, draft.activity, draft.author["username"]) == ("歩きましょう", "thinking with small", "echo")

    wish["frames"] = [wish["frames"][2] | {"offset": 50}]
    assert bots_api.post("drafts", wish).json() == {"stale": [], "resend": [str(at_work.pk)]}


def test_a_batch_of_many_runs_costs_one_query(bots_api: Api, ada: User, make_bot: Callable[..., Bot], bea: User) -> None:
    for number in range(12):
        room = Room.direct(bea, make_bot(User.objects.create_bot(f"bot-{number}")).user)
        room.post(bea, "hello")
    frames = [{"run": str(run.pk), "attempt": 1, "offset": 0, "text": "hi"} for run in Run.objects.claim(20, per_endpoint=20)]
    assert len(frames) == 12

    with CaptureQueriesContext(
        connection,
    ) as queries:
        answer = bots_api.post("drafts", {"frames": frames + frames})

    assert answer.json() == {"stale": [], "resend": []}
    assert len([query for query in queries if "bots_run" in query["sql"]]) == 1
    assert len(queries) <= 3  # the token, when it was last used, and the one
