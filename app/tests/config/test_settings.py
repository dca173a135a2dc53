"""The environment, read once, typed, and refused with the name of the variable."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import settings as ours
from config.checks import check_settings, refuse_misconfiguration

APP = Path(ours.__file__).parents[1]
SHOW = """
import json, sys
from config import settings
print(json.dumps({name: getattr(settings, name) for name in sys.argv[1:]}))
"""


def settings_with(environment: dict[str, str], *names: str) -> dict[str, Any]:
    """These settings, read by a process of its own in this environment."""
    run = [sys.executable, "-c", SHOW, *names]
    printed = subprocess.run(run, cwd=APP, env=os.environ | environment, capture_output=True, text=True, check=True).stdout
    shown: dict[str, Any] = json.loads(printed)
    return shown


@pytest.mark.parametrize(
    ("read", "value", "words"),
    [
        (lambda: ours.number("X", 1), "3000x", "X must be a whole number"),
        (lambda: ours.number("X", 1), "-1", "X must be a whole number"),
        (lambda: ours.flag("X"), "maybe", "X must be true or false"),
        (lambda: ours.choice("X", ("open", "closed")), "ajar", "X must be one of open, closed"),
    ],
)
def test_a_bad_value_is_refused_by_the_name_of_its_variable(monkeypatch: pytest.MonkeyPatch, read: Any, value: str, words: str) -> None:
    monkeypatch.setenv("X", value)
    with pytest.raises(ImproperlyConfigured, match=words):
        read()


def test_an_empty_variable_means_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", " ")
    assert (ours.number("X", 7), ours.flag("X", default=True), ours.words("X", "a, b"), ours.text("X", "y")) == (7, True, ["a", "b"], "y")


def test_w15_with_https_cookies_are_bound_to_host_and_tls() -> None:
    names = ["SESSION_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_NAME", "CSRF_COOKIE_SECURE", "SECURE_HSTS_SECONDS"]
    assert list(settings_with({"DJANGO_HTTPS": "1"}, *names).values()) == [
        "__Host-parley_session",
        True,
        "__Host-parley_csrf",
        True,
        31536000,
    ]
    assert list(settings_with({"DJANGO_HTTPS": "0"}, *names).values()) == ["parley_session", False, "parley_csrf", False, 0]


def test_w16_forwarded_headers_count_behind_our_proxy_only() -> None:
    assert settings_with({"DJANGO_BEHIND_PROXY": "1"}, "SECURE_PROXY_SSL_HEADER", "USE_X_FORWARDED_HOST")["USE_X_FORWARDED_HOST"] is True
    with pytest.raises(subprocess.CalledProcessError):
        settings_with({"DJANGO_BEHIND_PROXY": "0"}, "SECURE_PROXY_SSL_HEADER")


def test_mail_goes_by_smtp_when_there_is_a_host() -> None:
    assert settings_with({"EMAIL_HOST": "mail.example"}, "EMAIL_BACKEND")["EMAIL_BACKEND"].endswith("smtp.EmailBackend")
    assert settings_with({"EMAIL_HOST": ""}, "EMAIL_BACKEND")["EMAIL_BACKEND"].endswith("filebased.EmailBackend")


def ids() -> set[str | None]:
    return {message.id for message in check_settings()}


def test_the_settings_of_these_tests_are_in_order() -> None:
    assert ids() == set()
    refuse_misconfiguration()


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"SECRET_KEY": ""}, "parley.E001"),
        ({"SECRET_KEY": "short"}, "parley.E002"),
        ({"ALLOWED_HOSTS": ["*"]}, "parley.E003"),
        ({"DEBUG": True, "ALLOWED_HOSTS": ["chat.example.org"]}, "parley.E004"),
        ({"ALLOWED_HOSTS": ["chat.example.org"]}, "parley.W005"),
        ({"BOT_API": "bots:3001"}, "parley.E006"),
        ({"BOT_ENDPOINTS": ["http://10.0.0.5:9000"]}, "parley.E007"),
        ({"ALLOWED_HOSTS": ["chat.example.org"], "EMAIL_HOST": ""}, "parley.I008"),
    ],
)
def test_w26_a_misconfiguration_is_found_at_start_with_its_remedy(settings: Any, changed: dict[str, Any], found: str) -> None:
    for name, value in changed.items():
        setattr(settings, name, value)
    assert found in ids()
    assert all(message.hint for message in check_settings())
    if ".E" in found:
        with pytest.raises(ImproperlyConfigured, match=found):
            refuse_misconfiguration()


def test_w26_the_server_does_not_start_with_a_public_debug() -> None:
    environment = os.environ | {"DJANGO_DEBUG": "1", "DJANGO_ALLOWED_HOSTS": "chat.example.org"}
    run = subprocess.run(
        [sys.executable, "-c", "import config.asgi"], cwd=APP, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode != 0
    assert "parley.E004" in run.stderr and "DJANGO_DEBUG=0" in run.stderr
