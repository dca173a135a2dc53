"""The theme without script, and the pages of errors."""

from __future__ import annotations

import pytest
from django.template.loader import render_to_string
from django.test import Client

from accounts.models import User


@pytest.mark.parametrize("theme", ["light", "dark", "auto"])
def test_a_chosen_theme_is_written_into_the_next_page(client: Client, theme: str) -> None:
    answer = client.post("/theme/", {"theme": theme, "next": "/account/login/"})
    assert answer.headers["Location"] == "/account/login/"
    assert f'data-theme="{theme}"' in client.get("/account/login/").content.decode()


def test_a_theme_nobody_made_is_not_kept(client: Client) -> None:
    client.post("/theme/", {"theme": '"><script>'})
    assert "theme" not in client.cookies
    client.cookies["theme"] = '"><script>'
    assert 'data-theme="auto"' in client.get("/account/login/").content.decode()


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_the_way_back_never_leads_away(client: Client, address: str) -> None:
    assert client.post("/theme/", {"theme": "dark", "next": address}).headers["Location"] == "/"


@pytest.mark.parametrize("code", [400, 403, 404, 429, 500, 503])
def test_an_error_page_needs_nothing_but_itself(code: int) -> None:
    page = render_to_string(f"{code}.html")
    assert f'<p class="error-code">{code}</p>' in page
    assert "<h1>" in page
    assert "something went wrong" not in page.lower()


def test_a_page_that_is_not_there_says_so(ada_client: Client, ada: User) -> None:
    answer = ada_client.get("/nowhere/")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()


def test_no_page_holds_a_script_or_style_of_its_own(client: Client, ada_client: Client, ada: User) -> None:
    for visitor, path in ((client, "/account/login/"), (ada_client, "/welcome/"), (ada_client, "/rooms/new/"), (ada_client, "/profile/")):
        page = visitor.get(path).content.decode()
        assert page.count("<script") == 1
        assert " style=" not in page
        assert "<style" not in page
        assert " onclick=" not in page
