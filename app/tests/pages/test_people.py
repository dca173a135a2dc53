"""Finding people and bots."""

from __future__ import annotations

from django.test import Client

from accounts.models import User
from bots.models import Bot
from chat.models import Room


def test_people_are_found_by_name_and_in_pages(ada_client: Client, ada: User) -> None:
    for number in range(45):
        User.objects.create_user(f"member{number:02}", name=f"Member {number}")
    first = ada_client.get("/people/?q=member").content.decode()
    assert "Member 0" in first
    assert "Member 44" not in first
    assert 'href="?q=member&amp;page=2"' in first
    third = ada_client.get("/people/?q=member&page=3").content.decode()
    assert "Member 44" in third
    assert "Next page" not in third


def test_a_search_without_results_says_so(ada_client: Client, ada: User) -> None:
    assert "Nobody here is called “zzz”" in ada_client.get("/people/?q=zzz").content.decode()


def test_the_sidebar_gets_its_list_alone(ada_client: Client, ada: User, echo: User, bea: User) -> None:
    Bot.objects.create(user=echo, owner=ada, endpoint="http://127.0.0.1:1/", secret="x", persona={"about": "Says it back"})
    part = ada_client.get("/people/?q=ech", headers={"Turbo-Frame": "rooms"}).content.decode()
    assert part.strip().startswith('<turbo-frame id="rooms"')
    assert "Says it back" in part
    Room.group(ada, "Kyoto", [bea])
    assert "Kyoto" in ada_client.get("/people/", headers={"Turbo-Frame": "rooms"}).content.decode()


def test_a_card_tells_what_a_bot_does(ada_client: Client, ada: User, echo: User) -> None:
    Bot.objects.create(
        user=echo,
        owner=ada,
        endpoint="http://127.0.0.1:1/",
        secret="x",
        steps=[{"name": "Chat", "detail": "EchoBot"}],
        held_back="echo.yaml:3",
    )
    page = ada_client.get("/people/echo/").content.decode()
    assert "EchoBot" in page
    assert "Its newest file is held back: echo.yaml:3" in page


def test_nobody_is_a_404(ada_client: Client, ada: User) -> None:
    assert ada_client.get("/people/nobody/").status_code == 404


def test_names_are_shown_as_they_are_and_never_run(ada_client: Client, ada: User) -> None:
    User.objects.create_user("mallory", name="<script>alert(1)</script>")
    for path in ("/people/", "/people/mallory/", "/rooms/new/"):
        page = ada_client.get(path).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_strange_numbers_of_pages_are_the_first(ada_client: Client, ada: User) -> None:
    for page in ("0", "-1", "x", "9" * 30):
        assert ada_client.get(f"/people/?page={page}").status_code == 200
