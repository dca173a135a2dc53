"""W13: API tokens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.authentication import user_of_token
from accounts.models import ApiToken, User
from accounts.models.token import new_text

pytestmark = pytest.mark.django_db


def test_a_token_is_shown_once_and_stored_hashed(bea: User, bea_client: Client) -> None:
    answer = bea_client.post("/profile/tokens/", {"name": "my script", "scope": "chat"})
    text = answer.context["text"]
    assert text.startswith("parley_") and text.encode() in answer.content
    assert text.encode() not in bea_client.get("/profile/tokens/").content
    stored = str(ApiToken.objects.values_list().get())
    assert text not in stored and text.split("_", 2)[2] not in stored


def test_a_token_stands_for_its_user(bea: User, token_of: Callable[..., str]) -> None:
    found = user_of_token(token_of(bea, "chat"))
    assert found is not None
    user, token = found
    assert user == bea and token.allows("chat") and not token.allows("bots")


@pytest.mark.parametrize(
    "change", [lambda text: text[:-1] + ("A" if text[-1] != "A" else "B"), lambda text: text + "A", lambda text: text.upper()]
)
def test_a_token_that_is_almost_right_is_wrong(bea: User, token_of: Callable[..., str], change: Callable[[str], str]) -> None:
    assert user_of_token(change(token_of(bea))) is None


@pytest.mark.parametrize(
    "text", ["", " ", "parley_", "parley_x_y", "x" * 10_000, "parley_abcdefgh_" + "\0" * 40, "parley_ÄÄÄÄÄÄÄÄ_" + "x" * 40]
)
def test_w25_rubbish_is_no_token(text: str) -> None:
    assert user_of_token(text) is None


def test_a_revoked_token_is_dead_at_once_and_its_sockets_hear_of_it(
    bea: User, bea_client: Client, token_of: Callable[..., str], revoked: list[dict[str, Any]], django_capture_on_commit_callbacks: Any
) -> None:
    text = token_of(bea)
    token = ApiToken.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        assert bea_client.post(f"/profile/tokens/{token.pk}/revocation/").status_code == 302
    assert user_of_token(text) is None
    assert revoked == [{"user": bea, "token_id": token.pk}]
    assert b"test" not in bea_client.get("/profile/tokens/").content.partition(b"Your tokens")[2]


def test_w11_nobody_revokes_or_sees_anothers_token(bea: User, cyd_client: Client, token_of: Callable[..., str]) -> None:
    text = token_of(bea)
    token = ApiToken.objects.get()
    assert cyd_client.post(f"/profile/tokens/{token.pk}/revocation/").status_code == 404
    assert cyd_client.post("/profile/tokens/999999/revocation/").status_code == 404
    assert token.prefix.encode() not in cyd_client.get("/profile/tokens/").content
    assert user_of_token(text) is not None


def test_w15_the_token_of_somebody_switched_off_is_dead(bea: User, token_of: Callable[..., str]) -> None:
    text = token_of(bea)
    User.objects.filter(pk=bea.pk).update(is_active=False)
    assert user_of_token(text) is None


def test_the_last_use_is_written_at_most_once_a_minute(bea: User, token_of: Callable[..., str], django_assert_num_queries: Any) -> None:
    text = token_of(bea)
    assert user_of_token(text)
    first = ApiToken.objects.get().last_used_at
    with django_assert_num_queries(1):
        user_of_token(text)
    assert ApiToken.objects.get().last_used_at == first
    ApiToken.objects.update(last_used_at=timezone.now() - timedelta(seconds=61))
    user_of_token(text)
    later = ApiToken.objects.get().last_used_at
    assert first is not None and later is not None and later > first


@pytest.mark.parametrize("scopes", [[], ["everything"], ["chat", "admin"]])
def test_w13_there_are_no_other_scopes(bea: User, scopes: list[str]) -> None:
    with pytest.raises(ValueError, match="scopes"):
        ApiToken.objects.make(bea, "x", scopes)


def test_w13_a_form_cannot_ask_for_more(bea_client: Client) -> None:
    assert bea_client.post("/profile/tokens/", {"name": "x", "scope": "everything"}).status_code == 422


def test_the_command_makes_a_token_that_registers_bots_and_nothing_else(ada: User, settings: Any) -> None:
    settings.DJANGO_SUPERUSER_TOKEN = ""
    printed = StringIO()
    call_command("createsuperusertoken", "ada", stdout=printed)
    found = user_of_token(printed.getvalue().strip())
    assert found is not None
    assert found[0] == ada and found[1].scopes == ["bots"]


def test_the_command_takes_the_token_of_the_environment_and_may_run_again(ada: User, settings: Any) -> None:
    settings.DJANGO_SUPERUSER_TOKEN = new_text()
    printed = StringIO()
    for _ in range(2):
        call_command("createsuperusertoken", stdout=printed)
    assert printed.getvalue() == ""
    assert ApiToken.objects.count() == 1
    assert user_of_token(settings.DJANGO_SUPERUSER_TOKEN) is not None


def test_the_command_takes_a_changed_or_revoked_value_as_the_operators_will(ada: User, settings: Any) -> None:
    settings.DJANGO_SUPERUSER_TOKEN = new_text()
    call_command("createsuperusertoken")
    ApiToken.objects.get().revoke()
    call_command("createsuperusertoken")
    assert user_of_token(settings.DJANGO_SUPERUSER_TOKEN) is not None


@pytest.mark.parametrize(("owner", "scopes"), [("bea", ["bots"]), ("ada", ["chat", "bots"]), ("ada", ["chat"])])
def test_w13_the_command_takes_no_token_that_is_another_users_or_may_something_else(
    ada: User, bea: User, settings: Any, owner: str, scopes: list[str]
) -> None:
    settings.DJANGO_SUPERUSER_TOKEN = ApiToken.objects.make({"ada": ada, "bea": bea}[owner], "x", scopes)[1]
    with pytest.raises(CommandError, match=f"a token of {owner} with the scopes {', '.join(scopes)}; it should be one of ada"):
        call_command("createsuperusertoken")
    assert ApiToken.objects.count() == 1


@pytest.mark.parametrize(
    ("token", "username", "words"), [("short", None, "must look like"), ("", "bea", "No superuser"), ("", "dan", "No superuser")]
)
def test_the_command_says_what_is_wrong(ada: User, bea: User, settings: Any, token: str, username: str | None, words: str) -> None:
    settings.DJANGO_SUPERUSER_TOKEN = token
    with pytest.raises(CommandError, match=words):
        call_command("createsuperusertoken", *([username] if username else []))


def test_djangos_own_command_makes_the_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"USERNAME": "Admin", "EMAIL": "admin@example.org", "PASSWORD": "blue bicycle in the rain"}.items():
        monkeypatch.setenv(f"DJANGO_SUPERUSER_{name}", value)
    call_command("createsuperuser", interactive=False, verbosity=0, username="admin")
    admin = User.objects.get()
    assert admin.username == "admin" and admin.is_superuser and admin.check_password("blue bicycle in the rain")
