from __future__ import annotations

from datetime import UTC, datetime

import pytest
from allauth.account.models import EmailAddress
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts.context import product
from accounts.models import User
from lib.time import time_zones
from tests.accounts.test_forgotten_password import mails
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db

NEW = {"name": "Beatrix", "email": "trix@example.com", "timezone": "Asia/Tokyo", "password": PASSWORD}


def test_a_person_changes_name_address_and_time_zone(bea: User, bea_client: Client) -> None:
    assert bea_client.post("/profile/", NEW)["Location"] == "/profile/"
    bea.refresh_from_db()
    assert (bea.name, bea.email, bea.timezone, bea.label) == ("Beatrix", "trix@example.com", "Asia/Tokyo", "Beatrix")
    assert b"Beatrix" in bea_client.get("/profile/").content


def test_w12_a_profile_changes_nothing_else(bea: User, bea_client: Client) -> None:
    bea_client.post("/profile/", NEW | {"username": "ada", "is_staff": "1", "is_superuser": "1", "is_bot": "1", "id": "99"})
    after = User.objects.get(pk=bea.pk)
    assert (after.username, after.is_staff, after.is_superuser, after.is_bot) == ("bea", False, False, False)


def test_the_list_shows_the_zone_that_is_chosen(bea: User, bea_client: Client) -> None:
    page = bea_client.get("/profile/").content.decode()
    assert '<option value="Australia/Melbourne" selected>Australia/Melbourne</option>' in page
    assert page.count(" selected") == 1 and '<option value="America/New_York">America/New York</option>' in page


@pytest.mark.parametrize("bad", [{"timezone": "Mars/Olympus"}, {"timezone": ""}, {"email": "nonsense"}, {"email": ""}, {"name": "x" * 81}])
def test_what_cannot_be_taken_is_said_at_its_field(bea: User, bea_client: Client, bad: dict[str, str]) -> None:
    answer = bea_client.post("/profile/", NEW | bad)
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == set(bad)


def test_an_old_address_gets_no_links_any_more(bea: User, bea_client: Client) -> None:
    EmailAddress.objects.create(user=bea, email="bea@example.com", primary=True)
    bea_client.post("/profile/", NEW)
    assert not EmailAddress.objects.filter(email="bea@example.com").exists()


@pytest.mark.parametrize("password", ["", "a guess"])
def test_w14_a_session_alone_does_not_change_the_address(bea: User, bea_client: Client, password: str) -> None:
    answer = bea_client.post("/profile/", NEW | {"password": password})
    assert answer.status_code == 422 and set(answer.context["form"].errors) == {"password"}
    bea.refresh_from_db()
    assert (bea.email, bea.name) == ("bea@example.com", "Bea")
    assert bea_client.post("/profile/", NEW | {"password": password, "email": "bea@example.com"}).status_code == 302


def test_w14_the_password_is_not_guessed_there(bea: User, bea_client: Client) -> None:
    for _ in range(5):
        bea_client.post("/profile/", NEW | {"password": "a guess"})
    assert "too many" in str(bea_client.post("/profile/", NEW).context["form"].errors["password"])


def test_the_old_address_is_told_of_a_new_one(bea: User, bea_client: Client) -> None:
    bea_client.post("/profile/", NEW | {"email": "bea@example.com"})
    assert mails() == []
    bea_client.post("/profile/", NEW)
    (message,) = mails()
    assert message.to == ["bea@example.com"] and message.subject == "Your e-mail address at Parley was changed"
    assert "bea at testserver" in message.body and "trix@example.com" not in message.body


def test_a_name_is_shown_as_text(bea: User, bea_client: Client) -> None:
    bea_client.post("/profile/", NEW | {"name": "<script>alert(1)</script>"})
    assert b"<script>alert(1)" not in bea_client.get("/profile/").content


def test_pages_show_times_in_the_readers_zone_and_only_for_their_request(bea: User, bea_client: Client) -> None:
    request = RequestFactory().get("/")
    request.user = bea
    product(request)
    shown = Template("{{ at|date:'H:i' }}").render(Context({"at": datetime(2026, 1, 1, 0, 0, tzinfo=UTC)}))
    assert shown == "11:00"
    bea_client.get("/healthz")
    assert timezone.get_current_timezone_name() == "UTC"


def test_the_list_of_zones_has_the_worlds_and_no_leftovers() -> None:
    zones = time_zones()
    assert zones[0] == "UTC"
    assert {"Australia/Melbourne", "Asia/Tokyo", "America/New_York"} <= set(zones)
    assert not [name for name in zones if name.startswith(("Etc/", "posix/"))]
