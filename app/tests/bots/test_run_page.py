"""The page of a run (C25): what it shows, to whom, in every state."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from bots.models import Approval, Bot, BotVersion, Correction, Question, Run, RunStep
from bots.models.queue import in_seconds
from bots.timeline import names_in
from chat import drafts
from chat.models import Message, Room
from chat.rendering import as_author
from tests.bots.program import Api
from tests.bots.traced import fail, fresh, step

Say = Callable[..., Message]


def words_of(page: bytes) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.decode())).split())


def shown(client: Client, run: Run, path: str = "") -> str:
    answer = client.get(f"/runs/{run.pk}/{path}")
    assert answer.status_code == 200
    return words_of(answer.content)


def test_c25_a_run_shows_each_step_and_what_it_was_given_and_made(at_work: Run, bea_client: Client) -> None:
    """C25: the step that failed is open, with its error, prompt, logs, code, input, and what it changed."""
    run = fail(at_work)
    words = shown(bea_client, run)

    for expected in (
        "Echo did not answer", "failed · model_rate_limited", "asked by Bea", "version 1", "tokens 1,284", "Draft", "Plan", "2,604 ms",
        "11.5 s", "What happened model_rate_limited The model answered 429", "Prompt", "You plan small trips.", "Logs asked the model",
        "Generated code", "print('hello')", "2 retries", "Reply", "not begun",
    ):  # fmt: skip
        assert expected in words


def test_c25_a_step_is_fetched_when_it_is_opened(at_work: Run, bea_client: Client) -> None:
    """C25."""
    run = fail(at_work)
    page = bea_client.get(f"/runs/{run.pk}/").content.decode()
    words = shown(bea_client, run, "steps/1/")

    assert f'src="/runs/{run.pk}/steps/1/" loading="lazy"' in page
    assert "What this step changed as before: draft, messages plan now: two nights in May" in words
    assert "model gpt-6-luna tokens 1,204 in, 80 out" in words
    assert shown(bea_client, run, "?step=1").count("two nights in May") >= 2
    assert bea_client.get(f"/runs/{run.pk}/steps/3/").status_code == 404


def test_i8_for_a_stranger_there_is_no_run_no_step_no_export_no_form(at_work: Run, cyd_client: Client, client_of: Any) -> None:
    """I8, C25: neither for somebody outside of the room, nor for the operator, who is not in it either."""
    run = fail(at_work)
    operator = client_of(User.objects.create_superuser("root-user"))
    never = "0199a7c1-e3f0-7b1a-9c55-2f6f0a8d1e01"

    for client in (cyd_client, operator):
        for path in ("", "steps/1/", "export/", "strip/", "takeover/?way=answer"):
            assert client.get(f"/runs/{run.pk}/{path}").status_code == 404, path
            assert client.get(f"/runs/{never}/{path}").status_code == 404, path
        for path in ("retry/", "replay/", "takeover/", "cancellation/"):
            assert client.post(f"/runs/{run.pk}/{path}").status_code == 404, path
    assert Run.objects.count() == 1


def test_who_is_not_signed_in_is_asked_to(at_work: Run, client: Client) -> None:
    assert client.get(f"/runs/{at_work.pk}/").headers["Location"].startswith("/account/login/")


def test_who_has_left_the_room_has_lost_the_page(group: Room, bea: User, bea_client: Client, ada: User, say: Say) -> None:
    say(group, "@echo hi")
    run = Run.objects.get()
    group.remove(bea, ada)

    assert bea_client.get(f"/runs/{run.pk}/").status_code == 404


def test_a_member_who_did_not_ask_reads_it_and_is_offered_nothing_but_the_export(
    group: Room, cyd: User, bea: User, cyd_client: Client, say: Say
) -> None:
    group.add(cyd, bea)
    say(group, "@echo hi")
    (run,) = Run.objects.claim(1)
    run = fail(run)
    words = shown(cyd_client, run)

    assert "Export JSON" in words
    assert not any(offer in words for offer in ("Retry from", "Replay", "Answer yourself", "Edit payload", "Skip Chat"))
    for path in ("retry/", "replay/", "takeover/"):
        assert cyd_client.post(f"/runs/{run.pk}/{path}", {"step": 2, "version": "same", "way": "skip"}).status_code == 403, path
    assert cyd_client.get(f"/runs/{run.pk}/takeover/?way=answer").status_code == 403


def test_what_is_offered_to_the_asker_of_a_failed_run(at_work: Run, bot: Bot, bea_client: Client, ada: User) -> None:
    run = fail(at_work)
    bot.live = BotVersion.objects.create(bot=bot, number=2, yaml="name: echo\nsteps: [Chat]\n", created_by=ada)
    bot.save()
    words = shown(bea_client, run)

    for offer in ("Retry from Chat", "Replay on version 2 (newest)", "Replay on version 1", "Answer yourself", "Edit payload and go on",
                  "Supply the output", "Skip Chat", "Export JSON"):  # fmt: skip
        assert offer in words


def test_a_bot_that_is_off_is_said_to_be_and_only_words_of_ones_own_are_offered(at_work: Run, bea_client: Client) -> None:
    run = fail(at_work)
    Bot.objects.update(status="off")
    words = shown(bea_client, run)

    assert "is switched off at the moment" in words
    assert "Answer yourself" in words
    assert not any(offer in words for offer in ("Retry from", "Replay", "Edit payload", "Skip Chat"))


# States


def test_a_run_that_waits_says_for_whom_and_leads_to_the_card(
    at_work: Run, ada: User, bea: User, bea_client: Client, client_of: Any
) -> None:
    card = at_work.room.post(at_work.bot.user, "May I?", kind="card", metadata={"run": str(at_work.pk)}).message
    Run.objects.filter(pk=at_work.pk).update(state="waiting", lease_until=None, start={"step": 0, "payload": {"a": 1}})
    Approval.objects.create(run=at_work, step=0, message=card, title="May I send this?", content="{}", sha256="0" * 64, deciders=[bea.pk],
                            expires_at=in_seconds(3600))  # fmt: skip
    words = shown(bea_client, at_work)

    assert "Echo waits for an answer" in words
    assert "It waits for you to decide: May I send this?" in words
    assert f"/rooms/{at_work.room_id}/messages/{card.pk}/" in bea_client.get(f"/runs/{at_work.pk}/").content.decode()
    Approval.objects.update(deciders=[ada.pk])
    assert "It waits for Ada to decide" in shown(bea_client, at_work)
    Approval.objects.update(state="withdrawn")
    Question.objects.create(run=at_work, step=0, text="How many nights?", answerers=[bea.pk], expires_at=in_seconds(3600))
    assert "It waits for an answer by you: How many nights?" in shown(bea_client, at_work)


def test_a_run_that_handed_work_on_leads_to_that_run_and_back(at_work: Run, bea_client: Client, make_bot: Callable[..., Bot]) -> None:
    guide = make_bot(User.objects.create_bot("guide", name="Guide"))
    Run.objects.filter(pk=at_work.pk).update(state="waiting", lease_until=None, start={"step": 0, "payload": {}})
    handed = {"body": "x", "card": str(at_work.pk), "replies": [{"key": "1.0", "body": "Three ryokan"}]}
    child = Run.objects.create(bot=guide, room=at_work.room, asker=at_work.asker, trigger_position=1, chain=at_work.chain, how="delegated",
                               parent=at_work, handed=handed)  # fmt: skip

    assert "It waits for Guide, to whom it handed work." in shown(bea_client, at_work)
    assert f"/runs/{child.pk}/" in bea_client.get(f"/runs/{at_work.pk}/").content.decode()
    assert "Handed over by" in shown(bea_client, child)
    assert "Guide handed back Three ryokan" in shown(bea_client, child)


def test_a_run_whose_worker_died_says_so(at_work: Run, bea_client: Client, age: Callable[..., None]) -> None:
    age(at_work, lease_until=42)
    words = shown(bea_client, at_work)

    assert "Its worker has not been heard of, and its time ran out 42" in words
    assert "Stop" in words


def test_a_run_that_will_be_tried_again_says_when(at_work: Run, bea_client: Client) -> None:
    at_work.finish(1, "failed", reason="model_rate_limited", explanation="The model is busy.", retry_after=120)
    words = shown(bea_client, at_work)

    assert "Echo tries again" in words
    assert re.search(r"The model is busy\. Trying again in 1(20|19) s\.", words)


def test_a_run_that_could_not_be_delivered_says_why(asked: Run, bea_client: Client) -> None:
    (run,) = Run.objects.claim(1)
    run.not_delivered("unreachable")

    assert "Echo cannot be reached just now. Your message is kept" in shown(bea_client, run)


def test_a_run_at_work_shows_the_step_that_its_draft_names(at_work: Run, bot: Bot, bea_client: Client) -> None:
    bot.steps = [{"name": name, "detail": ""} for name in ("Draft", "Chat", "Reply")]
    bot.save()
    drafts.put(at_work.room_id, [drafts.Frame(str(at_work.pk), 1, as_author(bot.user), 0, "Hel", "Chat", "thinking")])
    words = shown(bea_client, at_work)

    assert "done, not recorded yet: Draft" in words
    assert "at work: Chat" in words
    assert "not begun: Reply" in words
    drafts.end(at_work.room_id, at_work.pk)


def test_a_stopped_run_says_who_stopped_it(at_work: Run, bea: User, bea_client: Client) -> None:
    at_work.cancel(bea)

    assert "Echo was stopped" in shown(bea_client, at_work)
    assert "Bea stopped it." in shown(bea_client, at_work)


def test_attempts_follow_each_other_on_the_lane(at_work: Run, bea_client: Client) -> None:
    rows = [step(0, "A", before={}, started_ms=0, ms=500), step(1, "B", started_ms=0, ms=500)]
    RunStep.objects.bulk_create(RunStep(run=at_work, attempt=1 + index, **row) for index, row in enumerate(rows))
    page = bea_client.get(f"/runs/{at_work.pk}/").content.decode()

    assert re.findall(r'<rect x="(\d+)" width="(\d+)"', page) == [("0", "500"), ("500", "500")]
    assert "attempt 2" not in page, "a run that waited is delivered twice, and tried once"
    Run.objects.filter(pk=at_work.pk).update(tries=2)
    assert "attempt 2" in shown(bea_client, at_work)


def test_a_trace_of_another_language_is_shown_as_far_as_it_goes(at_work: Run, bea_client: Client) -> None:
    at_work.finish(
        1, "failed", permanent=True, steps=[step(0, "Ask", state="failed", error={"message": "No."}, usage={"tokens_in": "many"})]
    )
    words = shown(bea_client, fresh(at_work))

    assert "What this step was given is not recorded." in words
    assert "Ask again" in words
    assert "Retry from" not in words


def test_the_steps_to_come_are_those_of_the_version_that_runs(at_work: Run, bot: Bot, ada: User, bea_client: Client) -> None:
    old = "name: echo\nsteps:\n  - Draft\n  - Chat: {model: large}\n  - {class: dosaku.Metadata, config: {}}\n  - Reply\n"
    bot.versions.update(yaml=old)
    bot.live = BotVersion.objects.create(bot=bot, number=2, yaml="name: echo\nsteps: [Other]\n", created_by=ada)
    bot.steps = [{"name": "Other", "detail": ""}]
    bot.save()
    at_work.record_steps(1, [step(0, "Draft", before={})])
    words = shown(bea_client, at_work)

    assert re.search("done: Draft .* at work: Chat .* not begun: Metadata .* not begun: Reply", words)
    assert "Other" not in words


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("steps: [A, {B: {}}]", ["A", "B"], id="names"),
        pytest.param("steps: {A: 1}", [], id="no list"),
        pytest.param("steps: [[A], {}, 7]", ["", "", "7"], id="odd steps"),
        pytest.param("a: [", [], id="no yaml"),
        pytest.param("", [], id="nothing"),
        pytest.param("[" * 3000, [], id="too deep"),
        pytest.param("a: &a [x]\nb: &b [*a, *a]\nsteps: [*b]", [""], id="aliases"),
    ],
)
def test_any_text_can_stand_in_the_place_of_a_bot_file(text: str, names: list[str]) -> None:
    """I10."""
    assert names_in(text) == names


def test_i7_secrets_are_shown_nowhere(at_work: Run, bea_client: Client) -> None:
    """I7: not in a pane, a line, the form or the export."""
    secret = "sk-proj-abcdefghij0123456789"
    error = {"code": "broke", "message": f"bad key {secret}", "permanent": True}
    steps = [step(0, "Ask", state="failed", before={"draft": secret, "password": "lamp", "n": 1}, error=error, logs=[secret], code=secret,
                  prompt=[{"role": "user", "content": secret}], summary=secret)]  # fmt: skip
    at_work.finish(1, "failed", explanation=f"bad key {secret}", permanent=True, steps=steps)

    for path in ("", "steps/0/", "export/", "takeover/?way=payload"):
        page = bea_client.get(f"/runs/{at_work.pk}/{path}").content.decode()
        assert "[secret]" in page, path
        assert '"lamp"' not in unescape(page), path
        pages = page.replace(f"bad key {secret}", "") if path == "export/" else page
        assert secret not in pages, path


def test_the_export_holds_what_it_takes_to_do_the_run_again(at_work: Run, bea_client: Client) -> None:
    run = fail(at_work)
    answer = bea_client.get(f"/runs/{run.pk}/export/")
    export = json.loads(answer.content)

    assert answer.headers["Content-Disposition"] == f'attachment; filename="run-echo-{run.pk}.json"'
    assert (export["format"], export["contract"], export["run"]["id"]) == ("parley-run", 1, str(run.pk))
    assert export["bot"] | {"code_hash": ""} == {"name": "echo", "version": 1, "yaml": run.version and run.version.yaml, "code_hash": ""}
    assert export["input"]["messages"] == [{"body": "a garden room"}]
    assert [each["name"] for each in export["steps"]] == ["Draft", "Plan", "Chat"]


def test_the_api_exports_the_same(at_work: Run, bea_client: Client, bea_api: Api, cyd: User, token_of: Any) -> None:
    run = fail(at_work)
    page, api = json.loads(bea_client.get(f"/runs/{run.pk}/export/").content), bea_api.get(f"runs/{run.pk}/export").json()

    assert page | {"exported_at": ""} == api | {"exported_at": ""}
    assert Api(token_of(cyd, "chat")).get(f"runs/{run.pk}/export").status_code == 404


def test_a_correction_is_told(at_work: Run, bea: User, bea_client: Client) -> None:
    message = at_work.reply(1, "1.0", "Osaka", {}).message
    at_work.finish(1, "replied")
    Correction.objects.create(message=message, bot=at_work.bot, run=at_work, by=bea, before="Osaka", after="Kyoto", distance=5, share=1.0)

    assert "Bea corrected the answer" in shown(bea_client, at_work)


def test_fifty_steps_with_big_payloads_come_in_time(at_work: Run, bea_client: Client, django_assert_max_num_queries: Any) -> None:
    """Only the step that is open brings its payloads; the page is no larger for the others."""
    text = "word " * 40_000
    rows = (step(index, f"Chat {index}", before={"n": 0}, changed={"text": text}, after={"text": text, "n": index}) for index in range(50))
    RunStep.objects.bulk_create(RunStep(run=at_work, attempt=1, **row) for row in rows)
    at_work.finish(1, "replied")
    began = time.monotonic()
    with django_assert_max_num_queries(40):
        page = bea_client.get(f"/runs/{at_work.pk}/")
    one = bea_client.get(f"/runs/{at_work.pk}/steps/49/")

    assert page.status_code == one.status_code == 200
    assert len(page.content) < 150_000
    assert len(one.content) < 400_000
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("asked_for", ["-1", "99999999999999999999", "x", "7"])
def test_a_step_that_is_not_there_opens_nothing(at_work: Run, bea_client: Client, asked_for: str) -> None:
    run = fail(at_work)

    assert bea_client.get(f"/runs/{run.pk}/?step={asked_for}").status_code == 200


def test_i3_the_export_looks_as_the_contracts_example_shows_it(at_work: Run, bea_api: Api, bots_api: Api, example: Any) -> None:
    bots_api.post(f"runs/{at_work.pk}/replies", example("reply")["request"])
    bots_api.post(f"runs/{at_work.pk}/outcome", example("outcome")["request"])
    export, shown_there = bea_api.get(f"runs/{at_work.pk}/export").json(), example("export")

    assert sorted(export) == sorted(shown_there)
    for part in ("run", "bot"):
        assert sorted(export[part]) == sorted(shown_there[part])
    assert sorted(export["steps"][0]) == sorted(shown_there["steps"][0])
    assert sorted(export["replies"][0]) == sorted(shown_there["replies"][0])
