"""Forgot password: a link by mail, once, and nothing for the curious."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.test import Client

from accounts import mail as sending
from accounts.models import User

pytestmark = pytest.mark.django_db

RESET = "/account/password/reset/"
NEW = "blue bicycle in the rain"


def mails() -> list[EmailMessage]:
    """What has been sent, once the sender has nothing left to do."""
    sending._sender.submit(lambda: None).result()
    return list(mail.outbox)


def test_a_link_in_a_mail_leads_to_a_new_password_once(client: Client, bea: User) -> None:
    assert client.post(RESET, {"email": "Bea@Example.com"}).status_code == 302
    (message,) = mails()
    assert message.to == ["bea@example.com"] and "bea" in message.body
    link = re.search(r"http://testserver(/\S+)", str(message.body))
    assert link
    form = client.get(link[1], follow=True)
    changed = client.post(form.redirect_chain[-1][0], {"password1": NEW, "password2": NEW})
    assert changed.status_code == 302
    bea.refresh_from_db()
    assert bea.check_password(NEW)
    again = Client().get(link[1], follow=True)
    assert b'name="password1"' not in again.content


def test_w14_the_answer_is_the_same_for_an_unknown_address_and_no_mail_goes_to_strangers(client: Client, bea: User) -> None:
    known = client.post(RESET, {"email": "bea@example.com"})
    unknown = client.post(RESET, {"email": "stranger@example.com"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert len(mails()) == 1


def test_w14_mails_to_one_address_are_limited(client: Client, bea: User) -> None:
    statuses = [client.post(RESET, {"email": "bea@example.com"}).status_code for _ in range(7)]
    assert statuses[:5] == [302] * 5 and 429 in statuses
    assert len(mails()) <= 5


def test_w16_the_link_is_not_for_a_host_that_a_visitor_makes_up(client: Client, bea: User) -> None:
    assert client.post(RESET, {"email": "bea@example.com"}, headers={"Host": "evil.example"}).status_code == 400
    client.post(RESET, {"email": "bea@example.com"}, headers={"X-Forwarded-Host": "evil.example"})
    assert all("evil.example" not in message.body for message in mails())


def test_a_mail_server_that_fails_is_logged_and_not_told_to_visitors(
    client: Client, bea: User, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert client.post(RESET, {"email": "bea@example.com"}).status_code == 302
    assert mails() == []
    assert "mail could not be sent" in caplog.text


def test_mails_are_files_while_there_is_no_mail_server(settings: Any, tmp_path: Any, client: Client, bea: User) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    client.post(RESET, {"email": "bea@example.com"})
    mails()
    (written,) = tmp_path.iterdir()
    assert "/account/password/reset/key/" in written.read_text()


def test_a_bot_gets_no_mail(client: Client, echo: User) -> None:
    User.objects.filter(pk=echo.pk).update(email="echo@example.com")
    client.post(RESET, {"email": "echo@example.com"})
    assert mails() == []
