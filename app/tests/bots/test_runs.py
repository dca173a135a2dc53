"""What people do with a run: stop it, ask again; and what happens when that meets what its bot does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from django.test import Client

from accounts.models import User
from bots.errors import NotAllowed, StaleAttempt
from bots.models import Bot, Run
from bots.resuming import ask_again
from chat import drafts
from chat.models import Message, Room
from tests.bots.program import Api, in_threads, shape

Say = Callable[..., Message]


def test_a_member_sees_a_rooms_runs_and_a_run_with_its_steps(bea_api: Api, at_work: Run, direct: Room, bots_api: Api, example: Any) -> None:
    bots_api.post(f"runs/{at_work.pk}/steps", example("steps")["request"])

    listed, one = bea_api.get(f"rooms/{direct.pk}/runs").json(), bea_api.get(f"runs/{at_work.pk}").json()

    assert [run["id"] for run in listed["runs"]] == [str(at_work.pk)]
    assert (one["state"], one["bot"]["username"], one["asker"]["username"], one["version"]) == ("active", "echo", "bea", 1)
    assert one["steps"] == example("steps")["request"]["steps"]
    assert {**one, "steps": None} == {**listed["runs"][0], "steps": None}


def test_i3_runs_look_as_the_contracts_examples_show_them(bea_api: Api, at_work: Run, bots_api: Api, example: Any) -> None:
    bots_api.post(f"runs/{at_work.pk}/outcome", example("outcome")["request"])

    jsonschema.validate(bea_api.get(f"rooms/{at_work.room_id}/runs").json(), shape(example("runs")["list"]))
    jsonschema.validate(bea_api.get(f"runs/{at_work.pk}").json(), shape(example("runs")["run"]))
    jsonschema.validate(bea_api.post(f"runs/{at_work.pk}/cancellation").json(), shape(example("runs")["cancellation"]))


def test_the_runs_of_a_room_come_by_pages(bea_api: Api, direct: Room, say: Say) -> None:
    for number in range(3):
        say(direct, f"question {number}")
        Run.objects.claim(1)[0].finish((number and 1) or 1, "silent")

    first, second = (bea_api.get(f"rooms/{direct.pk}/runs?limit=2&page={page}").json() for page in (1, 2))

    assert (len(first["runs"]), first["more"], len(second["runs"]), second["more"]) == (2, True, 1, False)
    assert bea_api.get(f"rooms/{direct.pk}/runs?limit=0").status_code == 400


def test_w11_for_a_stranger_a_run_is_not_there(at_work: Run, cyd: User, cyd_client: Client, token_of: Callable[..., str]) -> None:
    api = Api(token_of(cyd, "chat"))
    never = "0199a7c1-e3f0-7b1a-9c55-2f6f0a8d1e01"

    assert api.get(f"runs/{at_work.pk}").content == api.get(f"runs/{never}").content
    assert api.get(f"runs/{at_work.pk}").status_code == 404
    assert api.get("runs/nonsense").status_code == 404
    assert api.get(f"rooms/{at_work.room_id}/runs").status_code == 404
    assert api.post(f"runs/{at_work.pk}/cancellation").status_code == 404
    assert cyd_client.post(f"/runs/{at_work.pk}/cancellation/").status_code == 404
    assert cyd_client.post(f"/runs/{at_work.pk}/retry/").status_code == 404
    assert Run.objects.get().state == "active"


def test_w11_who_has_left_the_room_has_lost_its_runs(group: Room, bea: User, bea_api: Api, ada: User, say: Say) -> None:
    say(group, "@echo hi")
    run = Run.objects.get()
    group.remove(bea, ada)

    assert bea_api.get(f"runs/{run.pk}").status_code == 404
    assert bea_api.post(f"runs/{run.pk}/cancellation").status_code == 404


# Stop


@pytest.mark.parametrize("claimed", [True, False])
def test_the_asker_stops_a_run(bea_api: Api, asked: Run, direct: Room, claimed: bool) -> None:
    if claimed:
        Run.objects.claim(1)

    answer = bea_api.post(f"runs/{asked.pk}/cancellation")

    assert (answer.status_code, answer.json()["state"], answer.json()["outcome"]) == (200, "done", "cancelled")
    event = direct.events.latest("seq")
    assert (event.kind, event.data["outcome"], event.data["reason"]) == ("run.ended", "cancelled", "stopped")
    assert Run.objects.get().lease_until is None


def test_stopping_takes_the_draft_away(bea_api: Api, bots_api: Api, at_work: Run, django_capture_on_commit_callbacks: Any) -> None:
    bots_api.post("drafts", {"frames": [{"run": str(at_work.pk), "attempt": 1, "offset": 0, "text": "half a sen"}]})
    assert drafts.of(at_work.room_id)

    with django_capture_on_commit_callbacks(execute=True):
        bea_api.post(f"runs/{at_work.pk}/cancellation")

    assert drafts.of(at_work.room_id) == []
    late = bots_api.post("drafts", {"frames": [{"run": str(at_work.pk), "attempt": 1, "offset": 10, "text": "tence"}]})
    assert late.json()["stale"] == [str(at_work.pk)]


def test_stopping_twice_is_stopping_once(bea_api: Api, at_work: Run, direct: Room) -> None:
    first, second = (bea_api.post(f"runs/{at_work.pk}/cancellation") for _ in range(2))

    assert first.json() == second.json()
    assert direct.events.filter(kind="run.ended").count() == 1


def test_a_stopped_attempt_still_tells_what_it_did_and_used(bea_api: Api, bots_api: Api, at_work: Run, direct: Room, example: Any) -> None:
    """I9: what was paid for is counted and shown, and the run stays stopped, whatever its bot says."""
    bea_api.post(f"runs/{at_work.pk}/cancellation")

    for wish in (example("outcome")["request"], {"attempt": 1, "outcome": "failed", "explanation": "No luck."}):
        late = bots_api.post(f"runs/{at_work.pk}/outcome", wish)
        assert (late.status_code, late.json()) == (200, {"state": "done", "due_in": None})

    run = Run.objects.get()
    assert (run.state, run.outcome, run.reason) == ("done", "cancelled", "stopped")
    assert (run.usage["tokens_in"], [step.name for step in run.steps.all()]) == (388, ["Chat"])
    assert direct.events.filter(kind="run.ended").count() == 1
    assert not direct.messages.filter(kind="failure").exists()


def test_p8_a_stopped_attempt_says_nothing_more_and_no_other_attempt_speaks_for_it(bea_api: Api, bots_api: Api, at_work: Run) -> None:
    bea_api.post(f"runs/{at_work.pk}/cancellation")

    for path, wish in {
        "replies": {"attempt": 1, "key": "1.0", "body": "hello"},
        "steps": {"attempt": 1, "steps": []},
        "outcome": {"attempt": 2, "outcome": "silent"},
    }.items():
        assert bots_api.post(f"runs/{at_work.pk}/{path}", wish).status_code == 409, path


def test_only_the_asker_and_the_bots_admins_may_stop_it(group: Room, bot: Bot, bea: User, cyd: User, say: Say) -> None:
    """DESIGN §8."""
    luke, operator = User.objects.create_user("luke"), User.objects.create_superuser("root-user")
    for user in (cyd, luke):
        group.add(user, bea)
    bot.attend = {"admins": ["luke"]}
    bot.save()
    say(group, "@echo hi")
    run = Run.objects.get()

    with pytest.raises(NotAllowed):
        run.cancel(cyd)
    assert all(run.may_be_steered_by(user) for user in (bea, luke, operator, bot.owner))


@pytest.mark.django_db(transaction=True)
def test_p6_what_a_bot_posted_is_not_shown_as_a_draft_too(at_work: Run, direct: Room, bots_api: Api) -> None:
    bots_api.post("drafts", {"frames": [{"run": str(at_work.pk), "attempt": at_work.attempt, "offset": 0, "text": "Half an ans"}]})
    assert [draft.text for draft in drafts.of(direct.pk)] == ["Half an ans"]

    bots_api.post(f"runs/{at_work.pk}/replies", {"attempt": at_work.attempt, "key": "1.0", "body": "Half an answer.", "metadata": {}})

    assert [draft.text for draft in drafts.of(direct.pk)] == [""]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_", range(5))
def test_a_stop_that_meets_a_reply_leaves_one_truth(at_work: Run, bea: User, direct: Room, _: int) -> None:
    """Either the reply was first and stands, or the stop was and it is refused; never both halves."""
    together = threading.Barrier(2)

    def reply() -> bool:
        together.wait()
        try:
            return at_work.reply(1, "1.0", "too late?", {}).created
        except StaleAttempt:
            return False

    def stop() -> None:
        together.wait()
        at_work.cancel(bea)

    posted, _stopped = in_threads([reply, stop])

    kinds = list(direct.events.order_by("seq").values_list("kind", flat=True))
    assert kinds == ["message.posted", *(["message.posted"] if posted else []), "run.ended"]
    assert Run.objects.get().outcome == "cancelled"


@pytest.mark.django_db(transaction=True)
def test_writers_of_all_kinds_at_once_never_wait_for_each_other_in_a_circle(group: Room, bea: User, ada: User) -> None:
    """Posting, claiming, ending, failing and sweeping take their locks in one order: the room, then the run."""

    def people(user: User) -> Callable[[], None]:
        def write() -> None:
            for number in range(12):
                group.post(user, f"@echo {number}")

        return write

    def relay() -> None:
        for _ in range(40):
            for run in Run.objects.claim(2):
                run.not_delivered("unreachable") if run.attempt % 2 else run.finish(run.attempt, "failed", permanent=True)
            Run.objects.recover(Bot.objects.get().endpoint)
            Run.objects.expire_leases()

    in_threads([people(bea), people(ada), relay, relay])

    assert [event.seq for event in group.events.order_by("seq")] == list(range(1, group.events.count() + 1))


# Retry


def test_a_failed_run_is_asked_again_as_a_new_one(at_work: Run, bea: User) -> None:
    at_work.finish(1, "failed", permanent=True)

    again = ask_again(at_work, bea)

    assert (again.pk != at_work.pk, again.state, again.trigger, again.asker, again.tries) == (True, "pending", at_work.trigger, bea, 0)
    assert Run.objects.get(pk=at_work.pk).outcome == "failed"


def test_retrying_twice_asks_once(at_work: Run, bea: User, bea_client: Client) -> None:
    at_work.finish(1, "failed", permanent=True)

    assert ask_again(at_work, bea) == ask_again(at_work, bea)
    assert bea_client.post(f"/runs/{at_work.pk}/retry/")["Location"] == f"/rooms/{at_work.room_id}/"
    Run.objects.claim(1)
    ask_again(at_work, bea)

    assert Run.objects.count() == 2


def test_what_went_well_cannot_be_retried(at_work: Run, bea: User) -> None:
    at_work.finish(1, "replied")

    with pytest.raises(NotAllowed):
        ask_again(at_work, bea)


def test_a_run_still_under_way_is_its_own_retry(at_work: Run, bea: User) -> None:
    assert ask_again(at_work, bea) == at_work


def test_only_the_asker_and_the_bots_admins_may_retry(at_work: Run, cyd: User) -> None:
    at_work.finish(1, "failed", permanent=True)

    with pytest.raises(NotAllowed):
        ask_again(at_work, cyd)


def test_a_bot_that_left_or_is_off_is_not_asked_again(group: Room, bot: Bot, ada: User, bea: User, say: Say) -> None:
    say(group, "@echo hi")
    run = Run.objects.get()
    run.cancel(bea)
    Bot.objects.update(status="off")
    with pytest.raises(NotAllowed, match="switched off"):
        ask_again(run, bea)

    Bot.objects.update(status="on")
    group.remove(bot.user, ada)
    with pytest.raises(NotAllowed, match="not in this room"):
        ask_again(run, bea)


# Pages


def test_stop_and_retry_work_as_plain_forms(at_work: Run, bea_client: Client) -> None:
    stopped = bea_client.post(f"/runs/{at_work.pk}/cancellation/")

    assert (stopped.status_code, stopped["Location"]) == (302, f"/rooms/{at_work.room_id}/")
    assert Run.objects.get().outcome == "cancelled"
    assert bea_client.get(f"/runs/{at_work.pk}/cancellation/").status_code == 405


def test_somebody_else_in_the_room_may_not_stop_it_by_the_form(group: Room, cyd: User, cyd_client: Client, bea: User, say: Say) -> None:
    group.add(cyd, bea)
    say(group, "@echo hi")

    assert cyd_client.post(f"/runs/{Run.objects.get().pk}/cancellation/").status_code == 403


def test_stopping_asks_for_the_csrf_token(at_work: Run, bea: User) -> None:
    """W10."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(bea)

    assert client.post(f"/runs/{at_work.pk}/cancellation/").status_code == 403
    assert client.post(f"/api/v1/runs/{at_work.pk}/cancellation").status_code == 403
    assert Run.objects.get().state == "active"


def test_a_room_that_was_removed_refuses_its_runs_quietly(group: Room, ada: User, say: Say, bots_api: Api) -> None:
    say(group, "@echo hi")
    (run,) = Run.objects.claim(1)
    group.dissolve(ada)

    assert bots_api.post(f"runs/{run.pk}/replies", {"attempt": 1, "key": "1.0", "body": "hello"}).status_code == 409
    assert bots_api.post(f"runs/{run.pk}/outcome", {"attempt": 1, "outcome": "silent"}).status_code == 409


def test_the_admin_shows_bots_and_runs_and_keeps_secrets(at_work: Run, ada_client: Client) -> None:
    for place in ("bot", "botversion", "run", "runstep"):
        assert ada_client.get(f"/admin/bots/{place}/").status_code == 200
    page = ada_client.get(f"/admin/bots/bot/{at_work.bot_id}/change/")
    assert page.status_code == 200
    assert at_work.bot.secret not in page.content.decode()
