"""A person goes on where a bot stood still (C26), and nobody gets around an approval by it (I5)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from bots import gap
from bots.deliveries import delivery_of
from bots.errors import NotAllowed
from bots.models import Alert, Approval, Bot, Run
from bots.models.queue import in_seconds
from bots.replaying import replay
from bots.taking_over import ASKS, BadPayload, NotStuck, parsed, shown, take_over
from chat.models import Message, Room
from tests.bots.program import Api, in_threads
from tests.bots.traced import fail, fresh, step

OTHER = {"draft": {"body": "mine"}, "plan": "one night"}


def resume() -> dict[str, Any]:
    (claimed,) = Run.objects.claim(1)
    delivery = delivery_of(claimed)
    assert delivery is not None
    found: dict[str, Any] = delivery["resume"]
    return found


def approval(run: Run, at: int, state: str, *deciders: User) -> Approval:
    return Approval.objects.create(
        run=run, step=at, title="May I?", content="{}", sha256="0" * 64, deciders=[user.pk for user in deciders], state=state,
        expires_at=in_seconds(3600),
    )  # fmt: skip


def test_c26_a_person_edits_the_payload_and_the_step_is_done_again(at_work: Run, bea: User, bea_client: Client) -> None:
    """C26."""
    origin = fail(at_work)
    made = take_over(origin, bea, "payload", json.dumps(OTHER))

    begins = resume()
    assert (made.how, made.origin, begins["step"], begins["handmade"]) == ("taken_over", origin, 2, True)
    assert begins["payload"] | OTHER == begins["payload"]
    assert begins["payload"]["asker"] == {"username": "bea"}
    assert begins["payload"]["run"] == str(made.pk)
    assert "messages" not in begins["payload"]
    assert "Bea made the payload that it begins with." in bea_client.get(f"/runs/{made.pk}/").content.decode()


def test_c26_a_person_supplies_the_output_and_the_next_step_goes_on(at_work: Run, bea: User, bea_client: Client) -> None:
    """C26."""
    made = take_over(fail(at_work), bea, "output", json.dumps(OTHER))

    begins = resume()
    assert (begins["step"], begins["payload"]["plan"]) == (3, "one night")
    assert list(made.steps.values_list("index", "carried", "summary")) == [
        (0, True, ""), (1, True, "planned"), (2, False, "Bea supplied the output of this step."),
    ]  # fmt: skip
    assert "done by a person" in bea_client.get(f"/runs/{made.pk}/").content.decode()


def test_c26_a_person_skips_the_step(at_work: Run, bea: User) -> None:
    """C26."""
    made = take_over(fail(at_work), bea, "skip")

    begins = resume()
    assert (begins["step"], begins["payload"]["plan"]) == (3, "two nights\nin May")
    assert made.steps.get(index=2).summary == "Bea skipped this step."


def test_c26_a_person_answers_in_the_name_of_the_bot_and_is_named(at_work: Run, bea: User, bea_client: Client) -> None:
    """C26."""
    made = take_over(fail(at_work), bea, "answer", "Stay in Kyoto.")

    message = Message.objects.get(metadata__run=str(made.pk))
    assert (made.state, made.outcome, message.author, message.body) == ("done", "replied", at_work.bot.user, "Stay in Kyoto.")
    assert message.metadata["by_hand"] == {"username": "bea", "name": "Bea"}
    page = bea_client.get(f"/runs/{made.pk}/").content.decode()
    assert "Bea answered for Echo" in page
    assert "written by Bea" in page
    assert 'Written by <b dir="auto">Bea</b>' in bea_client.get(f"/rooms/{made.room_id}/").content.decode()


def test_the_answer_in_the_place_of_a_replay_stands_where_the_replay_would(at_work: Run, bea: User) -> None:
    old = at_work.reply(1, "1.0", "Osaka in May", {}).message
    at_work.finish(1, "replied", steps=[step(0, "Chat", before={"a": 1})])
    made = replay(fresh(at_work), bea, "same")
    Run.objects.claim(1)[0].finish(1, "failed", permanent=True)

    take_over(fresh(made), bea, "answer", "Kyoto in May")

    message = Message.objects.get(body="Kyoto in May")
    assert (message.position, message.chosen) == (old.position, True)


def test_what_a_person_answered_is_no_success_of_the_bot(at_work: Run, bea: User, bot: Bot) -> None:
    """C29, C30: the alert stays open, and the gap does not count it as an answer that was accepted."""
    origin = fail(at_work)
    assert Alert.objects.filter(closed_at=None).exists()
    take_over(origin, bea, "answer", "Stay in Kyoto.")

    assert Alert.objects.filter(closed_at=None).exists()
    assert gap.of(bot).whole.answers == 0


def test_no_bot_says_of_itself_that_a_person_wrote_its_words(at_work: Run) -> None:
    forged = {"by_hand": {"username": "bea"}, "via": "x", "approval": "y", "corrected": "bea", "run": "z", "tone": "dry"}

    assert at_work.reply(1, "1.0", "hello", forged).message.metadata == {"run": str(at_work.pk), "tone": "dry"}


@pytest.mark.parametrize("way", ["payload", "output", "skip", "answer"])
@pytest.mark.django_db(transaction=True)
def test_w23_a_double_click_takes_over_once(at_work: Run, bea: User, way: str) -> None:
    """C35."""
    origin = fail(at_work)
    text = "Stay in Kyoto." if way == "answer" else json.dumps(OTHER)
    before = Message.objects.count()

    made = in_threads([lambda: take_over(origin, bea, way, text, "one-click") for _ in range(4)])

    assert len({run.pk for run in made}) == 1
    assert Run.objects.count() == 2
    assert Message.objects.count() == before + (way == "answer")


def test_a_run_that_waits_is_ended_before_somebody_goes_on_in_its_place(at_work: Run, bea: User, bea_client: Client) -> None:
    Run.objects.filter(pk=at_work.pk).update(state="waiting", lease_until=None, start={"step": 0, "payload": {"draft": "x"}})
    asked = approval(at_work, 0, "pending", bea)
    made = take_over(fresh(at_work), bea, "payload", "{}")

    ended = fresh(at_work)
    assert (ended.state, ended.outcome, ended.reason, ended.explanation) == ("done", "cancelled", "taken_over", "Bea took it over.")
    asked.refresh_from_db()
    assert asked.state == "withdrawn"
    assert made.state == "pending"
    assert "A person took over from Echo" in bea_client.get(f"/runs/{ended.pk}/").content.decode()


def test_a_run_that_will_be_tried_again_can_be_taken_over_before(at_work: Run, bea: User) -> None:
    failed = step(0, "Chat", state="failed", before={"draft": "x"})
    at_work.finish(1, "failed", retry_after=300, steps=[failed])

    take_over(fresh(at_work), bea, "answer", "Stay in Kyoto.")

    assert fresh(at_work).reason == "taken_over"
    assert Run.objects.claim(5) == []


def test_a_run_at_work_or_over_is_not_taken_over(at_work: Run, bea: User, cyd: User) -> None:
    with pytest.raises(NotStuck):
        take_over(at_work, bea, "skip")
    with pytest.raises(NotAllowed, match="at work just now"):
        take_over(at_work, bea, "answer", "me first")
    at_work.finish(1, "replied", steps=[step(0, "Chat", before={})])
    with pytest.raises(NotStuck, match="has answered"):
        take_over(fresh(at_work), bea, "answer", "me too")
    with pytest.raises(NotAllowed, match="Only the person who asked"):
        take_over(fresh(at_work), cyd, "answer", "me too")


def test_the_answer_can_be_written_while_the_bot_is_off_but_not_when_it_has_left(
    group: Room, bot: Bot, ada: User, bea: User, say: Callable[..., Message]
) -> None:
    say(group, "@echo hi")
    (run,) = Run.objects.claim(1)
    run = fail(run)
    Bot.objects.update(status="off")
    assert take_over(fresh(run), bea, "answer", "Stay in Kyoto.").outcome == "replied"

    group.remove(bot.user, ada)
    with pytest.raises(NotAllowed, match="not in this room"):
        take_over(fresh(run), bea, "answer", "Stay in Nara.")


# What was to be approved


@pytest.mark.parametrize("way", ["skip", "output"])
@pytest.mark.parametrize("state", ["pending", "rejected", "expired", "withdrawn"])
def test_i5_a_step_that_asks_for_an_approval_is_not_passed_over(at_work: Run, bea: User, way: str, state: str) -> None:
    """I5, W23: whatever became of the question; also by somebody who may decide it."""
    approval(at_work, 2, state, bea)
    origin = fail(at_work)

    with pytest.raises(NotAllowed, match="asks for an approval"):
        take_over(origin, bea, way, json.dumps(OTHER))
    assert Run.objects.count() == 1


def test_i5_the_step_that_only_asks_is_known_before_it_has_asked(at_work: Run, bea: User, bea_client: Client) -> None:
    """I5: a run that was stopped before it came to the question does not go around it either."""
    Bot.objects.update(steps=[{"name": "Draft", "detail": ""}, {"name": ASKS, "detail": ""}, {"name": "Send", "detail": ""}])
    at_work.record_steps(1, [step(0, "Draft", before={"a": 1}, changed={"draft": "x"})])
    at_work.cancel(bea)

    for way in ("skip", "output"):
        with pytest.raises(NotAllowed, match="asks for an approval"):
            take_over(fresh(at_work), bea, way, "{}")
    page = bea_client.get(f"/runs/{at_work.pk}/").content.decode()
    assert "Skip Approve" not in page
    assert "Edit payload and go on" in page
    assert take_over(fresh(at_work), bea, "payload", "{}").start["step"] == 1  # it asks again


def test_i5_an_approval_of_the_run_before_counts_too(at_work: Run, bea: User) -> None:
    """I5: a run that was made from one that was refused stands at the same question."""
    approval(at_work, 2, "rejected", bea)
    made = take_over(fail(at_work), bea, "payload", json.dumps(OTHER))
    made.cancel(bea)

    with pytest.raises(NotAllowed, match="asks for an approval"):
        take_over(fresh(made), bea, "skip")


@pytest.mark.parametrize("way", ["payload", "output"])
def test_i5_what_was_approved_is_not_changed_after(at_work: Run, bea: User, way: str) -> None:
    """I5, W23: the exact bytes. The same words may go on, other ones may not."""
    approval(at_work, 1, "approved", bea)
    origin = fail(at_work)

    with pytest.raises(NotAllowed, match="was approved as it is"):
        take_over(origin, bea, way, json.dumps(OTHER))
    assert take_over(origin, bea, "skip").state == "pending"


# The payload as a person writes it


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param('{"a": 1,\n "b": }', r"Line 2, column 7: this is not JSON\. A value is missing", id="a value is missing"),
        pytest.param('{"a": 1\n "b": 2}', r"Line 2, column 2: this is not JSON\. A comma or", id="a comma is missing"),
        pytest.param('{"a": 1,}', r"Line 1, column \d+: this is not JSON\.", id="one comma too many"),
        pytest.param('{a: 1}', r"Line 1, column 2: this is not JSON\. A key in double quotes", id="a key without quotes"),
        pytest.param('{"a": "x', r"Line 1, column 7: this is not JSON\. This text has no closing", id="an open text"),
        pytest.param('{"a": "x\ny"}', r"Line 1, column 9: this is not JSON\. A line break", id="a line break"),
        pytest.param('{"a": "\\q"}', r"Line 1, column 8: this is not JSON\. A backslash", id="a backslash"),
        pytest.param('{"a" 1}', r"Line 1, column 6: this is not JSON\. A colon", id="a colon is missing"),
        pytest.param('{} {}', r"Line 1, column 4: this is not JSON\. The payload ends", id="two payloads"),
        pytest.param("", r"Line 1, column 1: this is not JSON", id="nothing"),
        pytest.param("[1]", "Line 1, column 1: a payload is an object", id="a list"),
        pytest.param('{"a": NaN}', "JSON knows no NaN", id="no number"),
        pytest.param('{"a": "\\u0000"}', "character NUL", id="a NUL"),
        pytest.param('{"a": "\\ud83d"}', "half a character", id="half a character"),
        pytest.param('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deep", id="too deep"),
        pytest.param('{"a": ' + "9" * 5000 + "}", "too long", id="too many digits"),
        pytest.param('{"a": "' + "x" * 300_000 + '"}', r"The payload has 292 KB\. It may have 256 KB", id="too big"),
    ],
)  # fmt: skip
def test_i10_what_is_no_payload_is_told_where_it_is_wrong(at_work: Run, bea_client: Client, text: str, says: str) -> None:
    """I10: line and column, the remedy, and the person's text back."""
    with pytest.raises(BadPayload, match=says):
        parsed(text, {})
    run = fail(at_work)
    answer = bea_client.post(f"/runs/{run.pk}/takeover/", {"way": "payload", "text": text, "key": "k-1"})

    assert answer.status_code == 422
    assert answer.context["page"].text == text
    assert b'name="key" value="k-1"' in answer.content
    assert Run.objects.count() == 1


def test_random_words_never_take_the_page_down(at_work: Run, bea_client: Client) -> None:
    """C36."""
    run = fail(at_work)
    for text in ("\x00", "}{", "\ud83d", "null", '{"a": 1e999}', "🙂" * 50, '{"a":' * 2000, "{" + '"k": [], ' * 3000):
        answer = bea_client.post(f"/runs/{run.pk}/takeover/", {"way": "output", "text": text.encode("utf-8", "replace").decode()})
        assert answer.status_code == 422


def test_whose_run_it_is_cannot_be_edited(at_work: Run, bea: User) -> None:
    """W24: another asker in the payload is not another asker."""
    origin = fail(at_work)
    form = shown(origin.steps.get(index=2).before)
    take_over(origin, bea, "payload", json.dumps({"asker": {"username": "ada"}, "room": {"id": "x"}, "trigger": [], "draft": 1}))

    payload = resume()["payload"]
    assert (payload["asker"], payload["room"], payload["trigger"]) == ({"username": "bea"}, {"id": str(origin.room_id)}, origin.trigger)
    assert '"asker"' not in form
    assert '"plan"' in form


def test_i7_the_form_hides_secrets_and_what_is_left_hidden_stays() -> None:
    given = {"run": "r", "password": "lamp", "draft": "hm"}
    text = shown(given)

    assert "lamp" not in text
    assert parsed(text.replace("hm", "well"), given) == {"run": "r", "password": "lamp", "draft": "well"}


def test_the_form_begins_with_what_the_step_was_given(at_work: Run, bea_client: Client) -> None:
    run = fail(at_work)
    for way, words in {
        "payload": "Go on from Chat",
        "output": "Go on after Chat",
        "skip": "Skip Chat",
        "answer": "Post the answer",
    }.items():
        page = bea_client.get(f"/runs/{run.pk}/takeover/?way={way}").content.decode()
        assert words in page
        assert ("two nights" in page) == (way in ("payload", "output"))
    assert bea_client.get(f"/runs/{run.pk}/takeover/?way=magic").status_code == 404


def test_the_form_posts_once_and_leads_to_the_new_run(at_work: Run, bea_client: Client) -> None:
    run = fail(at_work)
    form = {"way": "answer", "text": "Stay\r\nin Kyoto.", "key": "k-2"}
    first, second = (bea_client.post(f"/runs/{run.pk}/takeover/", form) for _ in range(2))

    made = Run.objects.get(how="taken_over")
    assert first["Location"] == second["Location"] == f"/runs/{made.pk}/"
    assert Message.objects.get(metadata__run=str(made.pk)).body == "Stay\nin Kyoto."
    blank = bea_client.post(f"/runs/{run.pk}/takeover/", {"way": "answer", "text": "  ", "key": "k-3"})
    assert blank.status_code == 422


def test_a_big_payload_is_read_in_time(at_work: Run, bea: User) -> None:
    text = json.dumps({f"key{number}": ["sk-x://" * 40] * 5 for number in range(150)})
    began = time.monotonic()

    take_over(fail(at_work), bea, "payload", text)

    assert time.monotonic() - began < 5


def test_the_api_takes_over(at_work: Run, bea_api: Api) -> None:
    run = fail(at_work)
    wrong = bea_api.post(f"runs/{run.pk}/takeover", {"way": "payload", "text": "{"})
    made = bea_api.post(f"runs/{run.pk}/takeover", {"way": "answer", "text": "Stay in Kyoto.", "key": "k"})

    assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, "bad_payload")
    assert wrong.json()["error"]["message"].startswith("Line 1, column 2")
    assert (made.status_code, made.json()["how"], made.json()["outcome"]) == (201, "taken_over", "replied")
    at_work.refresh_from_db()
    assert bea_api.post(f"runs/{made.json()['id']}/takeover", {"way": "skip"}).json()["error"]["code"] == "not_stuck"
