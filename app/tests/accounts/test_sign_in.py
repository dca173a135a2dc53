"""W14 and W15: signing in, guessing, and what a session is worth afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
import redis
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client
from django.urls import reverse

from accounts.models import User

pytestmark = pytest.mark.django_db

LOGIN = "/account/login/"
PASSWORD = "correct horse battery staple"  # of everybody in the cast


def sign_in(client: Client, login: str, password: str = PASSWORD, **extra: Any) -> Any:
    return client.post(LOGIN, {"login": login, "password": password}, **extra)


@pytest.mark.parametrize("login", ["bea", "BEA", "bea@example.com", "Bea@Example.com"])
def test_a_person_signs_in_by_username_or_address(bea: User, client: Client, login: str) -> None:
    assert sign_in(client, login)["Location"] == "/"
    assert client.session["_auth_user_id"] == str(bea.pk)


def test_a_visitor_reads_what_this_place_is(client: Client) -> None:
    assert "Parley is a chat in which some members are bots." in client.get(LOGIN).content.decode()


def test_the_answer_to_a_wrong_password_does_not_tell_who_exists(bea: User, client: Client) -> None:
    known = sign_in(client, "bea", "wrong password")
    unknown = sign_in(client, "dan", "wrong password")
    assert known.status_code == unknown.status_code == 422
    assert known.context["form"].errors == unknown.context["form"].errors
    assert known.content.replace(b"bea", b"dan").count(b"error") == unknown.content.count(b"error")


@pytest.mark.parametrize("login", ["bea", "bea@example.com", "nobody", "nobody@example.com", "echo", "", "bea\0"])
def test_w14_one_password_is_hashed_whoever_is_named(bea: User, echo: User, client: Client, login: str) -> None:
    """Hashing is nearly all the time that signing in takes: as many hashes, as much time."""
    hashed: list[str] = []
    encode = MD5PasswordHasher.encode

    def counted(self: Any, password: str, salt: str) -> str:
        hashed.append(password)
        return encode(self, password, salt)

    with patch.object(MD5PasswordHasher, "encode", counted):
        sign_in(client, login, "wrong password")
    assert len(hashed) == (0 if login in {"", "bea\0"} else 1), "what the form refuses is not even looked up"


def test_w14_the_sixth_guess_in_a_minute_is_refused_even_with_the_right_password(bea: User, client: Client) -> None:
    for _ in range(5):
        assert sign_in(client, "bea", "wrong password").status_code == 422
    refused = sign_in(client, "bea")
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 60
    assert b"try again" in refused.content
    assert sign_in(client, "bea", REMOTE_ADDR="192.0.2.7").status_code == 302, "another address is not held up"


def test_w14_an_address_has_fifty_guesses_an_hour_however_they_are_spread(bea: User, client: Client) -> None:
    statuses = [sign_in(client, f"person-{number}", "wrong password").status_code for number in range(51)]
    assert statuses == [422] * 50 + [429]
    assert sign_in(client, "bea").status_code == 429


def test_w14_one_ipv6_network_counts_as_one_address(client: Client) -> None:
    addresses = [f"2001:db8:1:2::{number}" for number in range(6)]
    statuses = [sign_in(client, "bea", "wrong password", REMOTE_ADDR=address).status_code for address in addresses]
    assert statuses == [422] * 5 + [429]


def test_w16_a_forwarded_address_from_a_visitor_does_not_get_around_the_throttle(bea: User, client: Client) -> None:
    statuses = [sign_in(client, "bea", "wrong password", HTTP_X_FORWARDED_FOR=f"192.0.2.{number}").status_code for number in range(6)]
    assert statuses[-1] == 429


def test_signing_in_often_is_no_guessing(bea: User) -> None:
    assert [sign_in(Client(), "bea").status_code for _ in range(12)] == [302] * 12


def test_w14_a_throttle_whose_redis_is_away_lets_people_in(bea: User, client: Client) -> None:
    with patch.object(redis.connection.ConnectionPool, "get_connection", side_effect=redis.ConnectionError("away")):
        assert sign_in(client, "bea").status_code == 302


def test_w14_the_admin_has_no_login_of_its_own(client: Client) -> None:
    answer = client.get("/admin/login/?next=/admin/")
    assert answer.status_code == 302 and answer["Location"].startswith(LOGIN)
    assert client.post("/admin/login/", {"username": "ada", "password": PASSWORD})["Location"].startswith(LOGIN)


def test_a_bot_cannot_sign_in_even_with_a_password(echo: User, client: Client) -> None:
    echo.set_password(PASSWORD)
    echo.save()
    assert sign_in(client, "echo").status_code == 422
    assert "_auth_user_id" not in client.session


def test_somebody_who_is_switched_off_cannot_sign_in(bea: User, client: Client) -> None:
    User.objects.filter(pk=bea.pk).update(is_active=False)
    sign_in(client, "bea")
    assert "_auth_user_id" not in client.session


def test_w15_the_session_key_changes_at_sign_in(bea: User, client: Client) -> None:
    session = client.session
    session["invitation"] = "x"
    session.save()
    before = session.session_key
    sign_in(client, "bea")
    assert client.session.session_key != before


def test_w15_a_session_is_dead_after_sign_out_and_the_sockets_hear_of_it(bea: User, client: Client, revoked: list[dict[str, Any]]) -> None:
    sign_in(client, "bea")
    key = client.session.session_key
    stolen = client.cookies["parley_session"].value
    client.post("/account/logout/")
    assert {"user": bea, "session_key": key} in revoked
    thief = Client()
    thief.cookies["parley_session"] = stolen
    assert thief.get("/profile/").status_code == 302


def test_w15_a_new_password_ends_other_sessions_but_not_this_one(
    bea: User, client_of: Callable[[User], Client], revoked: list[dict[str, Any]], django_capture_on_commit_callbacks: Any
) -> None:
    here, elsewhere = client_of(bea), client_of(bea)
    new = {"oldpassword": PASSWORD, "password1": "another horse battery", "password2": "another horse battery"}
    with django_capture_on_commit_callbacks(execute=True):
        assert here.post("/account/password/change/", new).status_code == 302
    assert revoked == [{"user": bea}]
    assert here.get("/profile/").status_code == 200
    assert elsewhere.get("/profile/").status_code == 302


def test_w15_switching_somebody_off_ends_their_sessions(
    bea: User, bea_client: Client, revoked: list[dict[str, Any]], django_capture_on_commit_callbacks: Any
) -> None:
    person = User.objects.get(pk=bea.pk)
    person.is_active = False
    with django_capture_on_commit_callbacks(execute=True):
        person.save()
    assert revoked == [{"user": bea}]
    assert bea_client.get("/profile/").status_code == 302


def test_changing_ones_name_ends_nothing(bea: User, revoked: list[dict[str, Any]], django_capture_on_commit_callbacks: Any) -> None:
    person = User.objects.get(pk=bea.pk)
    person.name = "Beatrix"
    with django_capture_on_commit_callbacks(execute=True):
        person.save()
        assert person.check_password(PASSWORD)
    assert revoked == []


def test_w15_cookies_are_for_us_alone_and_last_fourteen_days(bea: User, client: Client) -> None:
    sign_in(client, "bea")
    cookie = client.cookies["parley_session"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"
    assert cookie["max-age"] == 14 * 24 * 3600


def test_signing_in_sends_nobody_to_another_host(bea: User, client: Client) -> None:
    assert sign_in(client, "bea")["Location"] == "/"
    client.logout()
    answer = client.post(LOGIN, {"login": "bea", "password": PASSWORD, "next": "https://evil.example/"})
    assert not answer["Location"].startswith("https://evil")


def test_w10_signing_in_needs_the_token_of_the_form(bea: User) -> None:
    client = Client(enforce_csrf_checks=True)
    assert sign_in(client, "bea").status_code == 403


VISITORS = ["account_login", "account_signup", "account_reset_password", "account_reset_password_done", "account_inactive"]


@pytest.mark.parametrize("page", VISITORS)
def test_pages_for_visitors_answer(client: Client, page: str) -> None:
    assert client.get(reverse(page)).status_code == 200


def test_who_has_no_password_sets_one_and_who_has_one_changes_it(bea: User, bea_client: Client, client: Client) -> None:
    assert "Change password</button>" in bea_client.get("/account/password/change/").content.decode()
    bea.set_unusable_password()
    bea.save()
    client.force_login(bea)
    page = client.get("/account/password/change/", follow=True)
    assert page.redirect_chain == [("/account/password/set/", 302)]
    assert "<h1>Set a password</h1>" in page.content.decode() and "Set password</button>" in page.content.decode()
