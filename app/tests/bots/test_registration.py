"""Bots make themselves known, again and again (PUT bots/{name})."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import Group
from django.db.models.functions import Now
from django.test import Client

from accounts.models import User
from accounts.names import RESERVED
from bots import editor_urls
from bots.models import Bot, BotVersion, Run
from bots.models.queue import in_seconds
from tests.bots.program import Api, in_threads

Example = Callable[[str], Any]


@pytest.fixture
def registration(example: Example) -> dict[str, Any]:
    wish: dict[str, Any] = example("registration")["request"]
    return wish


def test_registering_makes_the_bot_and_its_user(bots_api: Api, ada: User, example: Example, registration: dict[str, Any]) -> None:
    answer = bots_api.put("bots/echo", registration)

    assert answer.status_code == 201, answer.content
    assert answer.json() == example("registration")["response"]
    bot = Bot.objects.get()
    assert (bot.owner, bot.secret, bot.endpoint) == (ada, registration["secret"], registration["endpoint"])
    assert (bot.user.username, bot.user.name, bot.user.is_bot) == ("echo", "Echo", True)
    assert not bot.user.has_usable_password()


def test_registering_again_changes_nothing(bots_api: Api, registration: dict[str, Any]) -> None:
    bots_api.put("bots/echo", registration)
    before = Bot.objects.values().exclude(seen_at=None).get()

    answer = bots_api.put("bots/echo", registration)

    assert (answer.status_code, answer.json()["version"]) == (200, 1)
    assert Bot.objects.values().get() == {**before, "seen_at": Bot.objects.get().seen_at}
    assert BotVersion.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_managers_that_register_the_same_bot_at_once_make_one(
    ada: User, token_of: Callable[..., str], registration: dict[str, Any]
) -> None:
    api = Api(token_of(ada, "bots"))

    answers = in_threads([lambda: api.put("bots/echo", registration)] * 4)

    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert BotVersion.objects.count() == Bot.objects.count() == 1


@pytest.mark.parametrize("change", [{"yaml": "name: echo\nsteps: [Reply]\n"}, {"code_hash": "abc"}])
def test_what_differs_is_the_next_version(bots_api: Api, registration: dict[str, Any], change: dict[str, str]) -> None:
    bots_api.put("bots/echo", registration)

    assert bots_api.put("bots/echo", registration | change).json()["version"] == 2

    wanted = {"number": 2, "yaml": registration["yaml"], "code_hash": registration["code_hash"]} | change
    assert bots_api.get("bots/echo/versions/2").json() == wanted
    assert bots_api.get("bots/echo/versions/1").json()["yaml"] == registration["yaml"]
    assert bots_api.get("bots/echo/versions/3").status_code == 404


def test_a_secret_that_was_not_given_is_made_and_shown_once(bots_api: Api, registration: dict[str, Any]) -> None:
    del registration["secret"]

    made = bots_api.put("bots/echo", registration).json()["secret"]

    assert Bot.objects.get().secret == made
    assert len(made) == 64
    assert "secret" not in bots_api.put("bots/echo", registration).json()
    assert Bot.objects.get().secret == made


def test_the_name_of_somebody_elses_bot_is_refused(bots_api: Api, bot: Bot, cyd: User, registration: dict[str, Any]) -> None:
    bot.owner = cyd
    bot.save()

    answer = bots_api.put("bots/echo", registration)

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_allowed")


@pytest.mark.parametrize("name", ["bea", "admin", "Echo", "a", "1bot", "x" * 42, "ro om", "..", "é"])
def test_a_name_that_a_person_has_or_nobody_may_have_is_refused(bots_api: Api, bea: User, registration: dict[str, Any], name: str) -> None:
    """W19."""
    answer = bots_api.put(f"bots/{name}", registration)

    assert answer.status_code in {400, 404}
    assert not Bot.objects.exists()


def test_no_bot_is_named_like_a_page_beside_the_pages_of_bots() -> None:
    """/bots/schema/ is the language's: a bot of that name would have no page."""
    pages = {str(each.pattern).split("/")[1] for each in editor_urls.urlpatterns} - {"<str:name>"}
    assert "new" in pages
    assert pages <= RESERVED


def test_only_staff_may_register_new_bots(bea: User, token_of: Callable[..., str], registration: dict[str, Any]) -> None:
    answer = Api(token_of(bea, "bots")).put("bots/echo", registration)

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_allowed")
    assert not User.objects.filter(username="echo").exists()


def test_with_a_group_of_authors_its_members_register_bots_and_staff_do_not(
    bea: User, ada: User, token_of: Callable[..., str], registration: dict[str, Any], settings: LazySettings
) -> None:
    """DESIGN §8."""
    settings.BOT_AUTHORS = "Bot authors"
    bea.groups.add(Group.objects.create(name="Bot authors"))
    User.objects.filter(pk=ada.pk).update(is_staff=True, is_superuser=False)

    assert Api(token_of(ada, "bots")).put("bots/echo", registration).status_code == 403
    assert Api(token_of(bea, "bots")).put("bots/echo", registration).status_code == 201


@pytest.mark.parametrize(
    "endpoint",
    ["http://10.0.0.1/x", "https://127.0.0.1/x", "http://169.254.169.254/latest", "ftp://x", "nonsense", "http://127.0.0.1:6379/"],
)
def test_w7_an_endpoint_inside_is_refused_at_registration(bots_api: Api, registration: dict[str, Any], endpoint: str) -> None:
    answer = bots_api.put("bots/echo", registration | {"endpoint": endpoint})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "endpoint_refused")
    assert not Bot.objects.exists()


def test_a_bot_that_comes_back_has_its_waiting_runs_due_at_once(
    bots_api: Api, at_work: Run, registration: dict[str, Any], age: Any
) -> None:
    at_work.lease_ran_out()
    Run.objects.filter(pk=at_work.pk).update(state="pending", undelivered_since=Now(), due_at=in_seconds(250))

    bots_api.put("bots/echo", registration)

    assert [run.pk for run in Run.objects.claim(1)] == [at_work.pk]


def test_registering_needs_a_token_for_bots(bea_api: Api, ada_client: Client, registration: dict[str, Any]) -> None:
    assert bea_api.put("bots/echo", registration).json()["error"]["code"] == "out_of_scope"
    assert ada_client.put("/api/v1/bots/echo", registration, content_type="application/json").status_code in {401, 403}


def test_anybody_sees_bots_but_not_their_secrets(bots_api: Api, bea_api: Api, registration: dict[str, Any]) -> None:
    """I7."""
    bots_api.put("bots/echo", registration)

    one, listed = bea_api.get("bots/echo"), bea_api.get("bots")

    assert one.json()["title"] == "Echo"
    assert listed.json() == {"bots": [one.json()], "more": False}
    for answer in (one, listed):
        assert registration["secret"] not in answer.text
        assert registration["endpoint"] not in answer.text
    assert bea_api.get("bots/nobody").status_code == 404
    assert bea_api.get("bots?page=0").status_code == 400


def test_i3_bots_look_as_the_contracts_examples_show_them(
    bots_api: Api, bea_api: Api, registration: dict[str, Any], example: Example
) -> None:
    bots_api.put("bots/echo", registration)

    assert bea_api.get("bots/echo").json() == example("bots")["bot"]
    assert bea_api.get("bots").json() == example("bots")["list"]
    assert bots_api.get("bots/echo/versions/1").json() == example("bots")["version"]
    assert bots_api.get("registrations").json() == example("bots")["registrations"]


def test_nobody_sees_what_somebody_else_registered(bots_api: Api, bea_api: Api, bea: User, token_of: Callable[..., str],
                                                   registration: dict[str, Any]) -> None:  # fmt: skip
    """I7, I8."""
    bots_api.put("bots/echo", registration)

    assert Api(token_of(bea, "bots")).get("registrations").json() == {"bots": []}
    assert bea_api.get("registrations").status_code == 403
    assert registration["secret"] not in bots_api.get("registrations").text


def test_a_bot_that_never_worked_has_no_version_and_one_that_is_gone_no_new_one(bots_api: Api, registration: dict[str, Any]) -> None:
    off = registration | {"status": "off", "reason": "Its file is broken.", "yaml": "", "code_hash": ""}

    assert bots_api.put("bots/echo", off).json()["version"] == 0
    assert BotVersion.objects.count() == 0
    assert bots_api.put("bots/echo", registration).json()["version"] == 1
    assert bots_api.put("bots/echo", off).json()["version"] == 1
    assert bots_api.put("bots/echo", registration).json()["version"] == 1
