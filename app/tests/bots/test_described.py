"""What else a bot tells of itself when it registers: budget, commands, callees, picture, how its cases went."""

from __future__ import annotations

import base64
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from accounts.models import User
from bots.models import Bot, CaseResult
from chat.models import Room
from tests.bots.program import Api


@pytest.fixture
def registration(example: Callable[[str], Any]) -> dict[str, Any]:
    wish: dict[str, Any] = example("registration")["request"]
    return wish


@pytest.fixture(autouse=True)
def _media(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


def picture(*, size: tuple[int, int] = (300, 200), kind: str = "JPEG", **more: Any) -> str:
    made = BytesIO()
    Image.new("RGB", size, "#0f6b5c").save(made, kind, **more)
    return base64.b64encode(made.getvalue()).decode()


def test_a_bot_tells_its_budget_its_commands_and_its_callees(bots_api: Api, registration: dict[str, Any]) -> None:
    bots_api.put("bots/echo", registration)

    bot = Bot.objects.get()
    assert (bot.budget, bot.commands, bot.callees) == (registration["budget"], registration["commands"], registration["callees"])
    assert bots_api.put("bots/echo", registration | {"budget": {"tokens_per_day": -1}}).status_code == 400
    assert bots_api.put("bots/echo", registration | {"commands": [{"name": "Not one"}]}).status_code == 400


def test_the_results_of_its_cases_belong_to_the_version_that_is_live(bots_api: Api, registration: dict[str, Any]) -> None:
    bots_api.put("bots/echo", registration)
    worse = [{"case": "one", "passed": False, "missed": "tooth"}, {"case": "two", "passed": True}]
    bots_api.put("bots/echo", registration | {"yaml": registration["yaml"] + "# 2\n", "results": worse})
    bots_api.put("bots/echo", registration | {"yaml": registration["yaml"] + "# 2\n", "results": None})

    assert list(CaseResult.objects.filter(version__number=2).values_list("case", "passed", "missed")) == [
        ("one", False, "tooth"),
        ("two", True, ""),
    ]
    assert [result.passed for result in CaseResult.objects.filter(version__number=1)] == [True]


def test_results_that_are_told_anew_replace_those_that_were_known(bots_api: Api, registration: dict[str, Any]) -> None:
    bots_api.put("bots/echo", registration)
    bots_api.put("bots/echo", registration | {"results": [{"case": "another", "passed": True}]})

    assert [result.case for result in CaseResult.objects.all()] == ["another"]


def test_a_picture_is_made_anew_and_shown_to_people(bots_api: Api, registration: dict[str, Any], bea: User, client: Client) -> None:
    """W4: nothing of the file but its pixels goes on: no place of the camera, no trailing script."""
    tainted = base64.b64encode(base64.b64decode(picture(comment=b"SECRET-PLACE")) + b"<script>alert(1)</script>").decode()
    bots_api.put("bots/echo", registration | {"picture": tainted})

    bot = Bot.objects.get()
    client.force_login(bea)
    shown = client.get(bot.user.picture)

    assert shown.status_code == 200
    assert (shown["Content-Type"], shown["X-Content-Type-Options"]) == ("image/png", "nosniff")
    body = shown.content
    with Image.open(BytesIO(body)) as image:
        assert (image.format, image.size) == ("PNG", (256, 256))
    assert b"SECRET-PLACE" not in body
    assert b"<script>" not in body


def test_a_picture_told_again_stays_and_an_empty_one_goes(bots_api: Api, registration: dict[str, Any], tmp_path: Path) -> None:
    bots_api.put("bots/echo", registration | {"picture": picture()})
    first = Bot.objects.get().picture.name
    bots_api.put("bots/echo", registration | {"picture": picture()})
    bots_api.put("bots/echo", {key: value for key, value in registration.items() if key != "picture"})
    assert Bot.objects.get().picture.name == first
    assert [path.name for path in (tmp_path / "bots").iterdir()] == [Path(str(first)).name]

    bots_api.put("bots/echo", registration | {"picture": ""})

    assert Bot.objects.get().user.picture == ""


@pytest.mark.django_db(transaction=True)
def test_the_file_of_a_picture_goes_with_it(ada: User, token_of: Callable[..., str], registration: dict[str, Any], tmp_path: Path) -> None:
    api = Api(token_of(ada, "bots"))
    api.put("bots/echo", registration | {"picture": picture()})
    api.put("bots/echo", registration | {"picture": picture(size=(64, 64))})

    assert len(list((tmp_path / "bots").iterdir())) == 1


@pytest.mark.parametrize(
    "sent",
    ["no base64", base64.b64encode(b"GIF89a").decode(), base64.b64encode(b"<svg onload=alert(1)>").decode(), picture(size=(2049, 1))],
    ids=["text", "gif", "svg", "wide"],
)
def test_what_is_no_picture_is_refused_in_plain_words(bots_api: Api, registration: dict[str, Any], sent: str) -> None:
    """W4, I10."""
    answer = bots_api.put("bots/echo", registration | {"picture": sent})

    assert answer.status_code == 400
    assert "Use a PNG or JPEG" in answer.json()["error"]["message"]
    assert not Bot.objects.exists()


def test_a_stranger_sees_no_picture(bots_api: Api, registration: dict[str, Any], client: Client) -> None:
    bots_api.put("bots/echo", registration | {"picture": picture()})

    assert client.get(Bot.objects.get().user.picture).status_code == 302


def test_the_picture_stands_wherever_the_initials_stood(bots_api: Api, registration: dict[str, Any], bea: User, bea_client: Client) -> None:
    """C27."""
    bots_api.put("bots/echo", registration | {"picture": picture()})
    user = User.objects.get(username="echo")
    room = Room.direct(bea, user)
    room.post(user, "hello")
    group = Room.group(bea, "Kyoto in May", [user])

    for page in (f"/rooms/{room.pk}/", "/people/", "/people/echo/", "/rooms/new/", f"/rooms/{group.pk}/settings/"):
        assert f'src="{user.picture}"' in bea_client.get(page).content.decode(), page
