"""W3, W10: what browsers are told, and that every door with a session checks where a request comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import User

pytestmark = pytest.mark.django_db

# What a visitor without an account may see. Everything else asks them to sign in, or is the API's.
PUBLIC = {
    "healthz",
    "readyz",
    "metrics",
    "account_login",
    "account_logout",
    "account_signup",
    "account_inactive",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "invitation",
    "theme",
}
SAMPLES = {"int": "1", "str": "x", "slug": "x", "uuid": "01890000-0000-7000-8000-000000000000", "path": "x"}


def routes(patterns: Any = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every address of the product, with made-up values in its places."""
    for entry in patterns if patterns is not None else get_resolver().url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns, route)
        else:
            yield "/" + re.sub(r"<(?:(\w+):)?\w+>", lambda found: SAMPLES[found[1] or "str"], made_plain(route)), entry


def made_plain(route: str) -> str:
    """A regular expression as an address that it matches."""
    return re.sub(r"\(\?P<\w+>\[[^\]]+\][+*]\)", "x", route).replace("^", "").replace("$", "")


# The API checks in its own authenticator (see app/tests/api); the admin's own tests are Django's.
WITH_SESSION = [(path, entry) for path, entry in routes() if not path.startswith("/api/")]
PAGES = [(path, entry) for path, entry in WITH_SESSION if not path.startswith("/admin/")]


@pytest.mark.parametrize(("path", "entry"), WITH_SESSION, ids=[path for path, _ in WITH_SESSION])
def test_w10_no_page_is_exempt_from_the_csrf_check(path: str, entry: URLPattern) -> None:
    assert not getattr(entry.callback, "csrf_exempt", False)


@pytest.mark.parametrize(("path", "entry"), PAGES, ids=[path for path, _ in PAGES])
def test_w10_a_post_without_the_token_of_a_form_is_refused(path: str, entry: URLPattern, ada: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    assert client.post(path).status_code in {403, 405}


@pytest.mark.parametrize(("path", "entry"), PAGES, ids=[path for path, _ in PAGES])
def test_every_page_but_the_public_ones_asks_a_visitor_to_sign_in(path: str, entry: URLPattern) -> None:
    answers = [Client().get(path), Client().post(path)]
    if entry.name in PUBLIC:
        assert all(answer.status_code in {200, 201, 302, 404, 405, 410, 422} for answer in answers)
        return
    for answer in answers:
        assert answer.status_code == 405 or (answer.status_code == 302 and answer["Location"].startswith("/account/login/")), path


@pytest.mark.parametrize("path", ["/account/login/", "/nowhere/", "/healthz", "/profile/"])
def test_w3_every_answer_carries_the_strict_headers(path: str, bea_client: Client) -> None:
    answer = bea_client.get(path)
    policy = dict(part.strip().split(" ", 1) for part in answer["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["script-src"] == policy["connect-src"] == policy["form-action"] == "'self'"
    assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["img-src"] == "'self' data: blob:"
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "no-store" in answer["Cache-Control"]


def test_w3_the_nonce_in_the_page_is_the_one_in_the_policy_and_new_each_time() -> None:
    answers = [Client().get("/account/login/") for _ in range(2)]
    nonces = [re.search(r'name="csp-nonce" content="([^"]+)"', answer.content.decode())[1] for answer in answers]  # type: ignore[index]
    assert all(f"'nonce-{nonce}'" in answer["Content-Security-Policy"] for nonce, answer in zip(nonces, answers, strict=True))
    assert nonces[0] != nonces[1]


@pytest.mark.parametrize(
    "path", ["/account/login/", "/account/signup/", "/account/password/reset/", "/profile/", "/profile/tokens/", "/nowhere/"]
)
def test_w3_no_page_has_inline_scripts_or_styles(path: str, bea_client: Client) -> None:
    for client in (bea_client, Client()):
        html = client.get(path).content.decode()
        assert not re.search(r"<script(?![^>]*\bsrc=)", html)
        assert not re.search(r"\son\w+\s*=", html)
        assert not re.search(r"\sstyle\s*=|<style", html)


def test_w16_a_foreign_host_is_refused() -> None:
    assert Client().get("/account/login/", headers={"Host": "evil.example"}).status_code == 400
    assert Client().get("/account/login/", headers={"X-Forwarded-Host": "evil.example"}).status_code == 200
