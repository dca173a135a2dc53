"""Signing up: by whom, under which names, and with an invitation."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.models import Invitation, User

pytestmark = pytest.mark.django_db

SIGNUP = "/account/signup/"


GOOD = "blue bicycle in the rain"


def sign_up(client: Client, username: str = "dan", email: str = "dan@example.com", password: str = GOOD) -> Any:
    return client.post(SIGNUP, {"username": username, "email": email, "password1": password})


def test_somebody_signs_up_and_is_signed_in(client: Client) -> None:
    assert sign_up(client).status_code == 302
    dan = User.objects.get(username="dan")
    assert client.session["_auth_user_id"] == str(dan.pk)
    assert (dan.email, dan.is_bot, dan.is_staff, dan.timezone) == ("dan@example.com", False, False, "UTC")


def test_w12_nobody_signs_up_as_more_than_a_person(client: Client) -> None:
    wishes = {"is_staff": "1", "is_superuser": "1", "is_bot": "1", "is_active": "0", "id": "1"}
    client.post(SIGNUP, {"username": "dan", "email": "dan@example.com", "password1": "blue bicycle in the rain", **wishes})
    dan = User.objects.get(username="dan")
    assert (dan.is_staff, dan.is_superuser, dan.is_bot, dan.is_active) == (False, False, False, True)


def test_a_username_is_lower_case_whatever_was_typed(client: Client) -> None:
    sign_up(client, " Dan-2 ")
    assert User.objects.filter(username="dan-2").exists()


BAD_NAMES = ["d", "2dan", "-dan", "dan_x", "dan.x", "dän", "dan x", "d" * 42, "admin", "me", "everyone", "dan\u202e", "../x", "<b>"]


@pytest.mark.parametrize("username", BAD_NAMES)
def test_w19_a_bad_or_reserved_username_is_refused_with_the_reason(client: Client, username: str) -> None:
    answer = sign_up(client, username)
    assert answer.status_code == 422
    assert answer.context["form"].errors["username"]
    assert not User.objects.exists()


@pytest.mark.parametrize("username", ["bea", "BEA", "echo"])
def test_a_username_is_taken_once_by_people_and_bots_together(client: Client, bea: User, echo: User, username: str) -> None:
    assert sign_up(client, username).status_code == 422


@pytest.mark.parametrize("password", ["short", "password", "12345678", "dan@example.com", "x" * 129])
def test_w14_a_weak_or_endless_password_is_refused(client: Client, password: str) -> None:
    assert sign_up(client, password=password).status_code == 422


def test_w14_signing_up_does_not_tell_whether_an_address_is_known(client: Client, bea: User) -> None:
    """The second account with an address is possible and harmless: it opens nothing of the first."""
    assert sign_up(client, email="bea@example.com").status_code == 302
    bea.refresh_from_db()
    assert bea.check_password("correct horse battery staple")


@pytest.mark.parametrize("mode", ["invite", "closed"])
def test_without_an_invitation_nobody_signs_up_unless_it_is_open(client: Client, settings: Any, mode: str) -> None:
    settings.SIGNUP = mode
    assert b'name="username"' not in client.get(SIGNUP).content
    assert b'name="username"' not in sign_up(client).content
    assert not User.objects.exists()


def test_an_invitation_lets_one_person_in(client: Client, settings: Any, ada: User) -> None:
    settings.SIGNUP = "invite"
    invitation, text = Invitation.objects.make(ada)
    assert client.get(f"/invite/{text}/")["Location"] == SIGNUP
    assert b'name="username"' in client.get(SIGNUP).content
    assert sign_up(client).status_code == 302
    invitation.refresh_from_db()
    assert invitation.used_by == User.objects.get(username="dan") and not invitation.usable
    second = Client()
    assert second.get(f"/invite/{text}/").status_code == 410
    sign_up(second, "eve")
    assert not User.objects.filter(username="eve").exists()


def test_two_who_came_with_one_link_do_not_both_get_in(settings: Any, ada: User) -> None:
    settings.SIGNUP = "invite"
    _, text = Invitation.objects.make(ada)
    first, second = Client(), Client()
    for client in (first, second):
        client.get(f"/invite/{text}/")
    assert sign_up(first, "dan").status_code == 302
    assert sign_up(second, "eve").status_code != 302
    assert not User.objects.filter(username="eve").exists()


def test_of_two_at_the_same_moment_one_uses_an_invitation(ada: User, bea: User, cyd: User) -> None:
    _, text = Invitation.objects.make(ada)
    assert [Invitation.objects.use(text, user) for user in (bea, cyd)] == [True, False]


def test_an_invitation_ends_after_seven_days(client: Client, settings: Any, ada: User) -> None:
    settings.SIGNUP = "invite"
    invitation, text = Invitation.objects.make(ada)
    assert timedelta(days=6.9) < invitation.expires_at - timezone.now() <= timedelta(days=7)
    Invitation.objects.update(expires_at=timezone.now())
    assert client.get(f"/invite/{text}/").status_code == 410


def test_the_text_of_an_invitation_is_not_stored(ada: User) -> None:
    invitation, text = Invitation.objects.make(ada)
    assert len(text) >= 32
    assert text not in str(Invitation.objects.values_list().get(pk=invitation.pk))


def test_staff_make_invitations_on_a_page_and_others_do_not(ada_client: Client, bea_client: Client, client: Client) -> None:
    answer = ada_client.post("/invite/")
    link = answer.context["link"]
    assert link.startswith("http://testserver/invite/") and link.encode() in answer.content
    assert client.get(link).status_code == 302
    assert link.encode() not in ada_client.get("/invite/").content
    for other in (bea_client, client):
        assert other.post("/invite/").status_code == 302
    assert Invitation.objects.count() == 1


def test_the_operator_makes_an_invitation_at_a_terminal(client: Client, settings: Any) -> None:
    settings.SIGNUP = "invite"
    printed = StringIO()
    call_command("invite", stdout=printed)
    path = printed.getvalue().strip().removeprefix(settings.CHAT_API)
    assert client.get(path)["Location"] == SIGNUP


def test_the_command_says_when_an_invitation_leads_nowhere(settings: Any) -> None:
    settings.SIGNUP = "closed"
    warned = StringIO()
    call_command("invite", stdout=StringIO(), stderr=warned)
    assert "SIGNUP=invite" in warned.getvalue()
