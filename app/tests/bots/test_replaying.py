"""A run done again (C28): on the version it had or on the newest, and never over the head of a person who corrected it."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.test import Client

from accounts.models import User
from bots.deliveries import delivery_of
from bots.errors import BadInput, NotAllowed
from bots.models import Bot, BotVersion, Correction, Run
from bots.replaying import Corrected, replay
from chat.models import Message
from tests.bots.program import Api, in_threads
from tests.bots.traced import fail, first_payload, fresh, step


@pytest.fixture
def answered(at_work: Run) -> Run:
    """Echo has answered Osaka."""
    at_work.reply(1, "1.0", "Osaka in May", {})
    at_work.finish(1, "replied", steps=[step(0, "Chat", before=first_payload(at_work), after={"x": 1}), step(1, "Reply")])
    return fresh(at_work)


@pytest.fixture
def newest(bot: Bot, ada: User) -> BotVersion:
    bot.live = BotVersion.objects.create(bot=bot, number=2, yaml="name: echo\nsteps: [Chat]\n", created_by=ada)
    bot.save()
    return bot.live


def correct(run: Run, by: User) -> Message:
    message = Message.objects.get(client_id=f"{run.pk}:1.0")
    Correction.objects.create(
        message=message, bot=run.bot, run=run, by=by, before=message.body, after="Kyoto in May", distance=5, share=0.4
    )
    Message.objects.filter(pk=message.pk).update(body="Kyoto in May")
    return message


def do(made: Run, body: str) -> Message:
    (claimed,) = Run.objects.claim(1)
    assert claimed.pk == made.pk
    message = claimed.reply(1, "1.0", body, {}).message
    claimed.finish(1, "replied")
    return message


@pytest.mark.parametrize(("version", "number"), [("same", 1), ("newest", 2)])
def test_c28_a_replay_begins_with_the_first_input(answered: Run, newest: BotVersion, bea: User, version: str, number: int) -> None:
    """C28."""
    made = replay(fresh(answered), bea, version)

    (claimed,) = Run.objects.claim(1)
    delivery = delivery_of(claimed)
    assert delivery is not None
    assert (made.how, made.origin, delivery["bot"]["version"]) == ("replayed", answered, number)
    payload = delivery["resume"]["payload"]
    assert (delivery["resume"]["step"], payload["messages"], payload["run"]) == (0, [{"body": "a garden room"}], str(made.pk))
    assert payload["bot"] == {"name": "echo", "version": number}
    assert not made.steps.exists()


def test_the_reply_of_a_replay_stands_beside_the_old_one_and_is_shown(answered: Run, bea: User) -> None:
    message = do(replay(answered, bea, "same"), "Nara in May")

    old = Message.objects.get(client_id=f"{answered.pk}:1.0")
    message.refresh_from_db()
    assert (message.position, message.chosen, old.chosen) == (old.position, True, False)


def test_c28_what_a_person_corrected_is_not_replayed_unless_forced(answered: Run, bea: User, ada: User, bea_client: Client) -> None:
    """C28: and then the correction stays what the room shows, and the page sets the two side by side."""
    corrected = correct(answered, ada)
    with pytest.raises(Corrected, match="Ada has corrected this answer"):
        replay(answered, bea, "same")
    assert Run.objects.count() == 1

    made = replay(answered, bea, "same", force=True)
    message = do(made, "Nara in May")
    message.refresh_from_db()
    corrected.refresh_from_db()

    assert (message.chosen, message.hidden, corrected.chosen, corrected.hidden) == (False, True, True, False)
    page = bea_client.get(f"/runs/{made.pk}/").content.decode()
    assert "Against the correction by Ada" in page
    assert re.search(r"<del>Kyoto</del>\s*<ins>Nara</ins> in May", unescape(page))


def test_a_replay_of_a_replay_minds_the_correction_too(answered: Run, bea: User, ada: User) -> None:
    made = replay(answered, bea, "same")
    do(made, "Nara in May")
    correct(answered, ada)

    with pytest.raises(Corrected):
        replay(fresh(made), bea, "same")


def test_the_page_asks_once_more_before_it_replays_what_was_corrected(answered: Run, bea: User, bea_client: Client) -> None:
    correct(answered, bea)
    refused = bea_client.post(f"/runs/{answered.pk}/replay/", {"version": "same", "key": "k-1"})
    page = refused.content.decode()

    assert refused.status_code == 409
    assert "Replay anyway" in page
    assert "Kyoto in May" in page
    assert 'name="key" value="k-1"' in page
    forced = bea_client.post(f"/runs/{answered.pk}/replay/", {"version": "same", "key": "k-1", "force": "1"})
    assert forced["Location"] == f"/runs/{Run.objects.get(how='replayed').pk}/"


def test_a_run_without_a_reply_is_replayed_into_the_room(at_work: Run, bea: User) -> None:
    run = fail(at_work)
    message = do(replay(run, bea, "newest"), "Here I am")

    assert message.chosen
    assert message.position == run.room.messages.order_by("-position")[0].position


@pytest.mark.django_db(transaction=True)
def test_w23_a_double_click_replays_once(answered: Run, bea: User) -> None:
    """C35."""
    made = in_threads([lambda: replay(answered, bea, "same", "one-click") for _ in range(4)])

    assert len({run.pk for run in made}) == 1
    assert Run.objects.count() == 2


def test_a_run_that_is_not_over_or_kept_no_input_is_not_replayed(at_work: Run, bea: User, cyd: User) -> None:
    with pytest.raises(BadInput, match="not over yet"):
        replay(at_work, bea, "same")
    at_work.finish(1, "replied", steps=[step(0, "Chat")])
    with pytest.raises(BadInput, match="is not known"):
        replay(fresh(at_work), bea, "same")
    with pytest.raises(NotAllowed):
        replay(fresh(at_work), cyd, "same")
    with pytest.raises(BadInput, match="same version or on the newest"):
        replay(fresh(at_work), bea, "oldest")


def test_the_api_replays_and_refuses_with_a_code(answered: Run, bea: User, bea_api: Api) -> None:
    correct(answered, bea)
    refused = bea_api.post(f"runs/{answered.pk}/replay", {"version": "same"})
    forced = bea_api.post(f"runs/{answered.pk}/replay", {"version": "same", "force": True})

    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "corrected")
    assert (forced.status_code, forced.json()["how"]) == (201, "replayed")
    assert bea_api.post(f"runs/{answered.pk}/replay", {"version": "oldest"}).status_code == 400
