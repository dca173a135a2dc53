"""The settings of a group."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from chat.models import Room


@pytest.fixture
def room(ada: User, bea: User) -> Room:
    return Room.group(ada, "Kyoto in May", [bea])


def test_an_admin_renames_a_member_cannot(ada_client: Client, bea_client: Client, room: Room) -> None:
    assert "Rename" not in bea_client.get(f"/rooms/{room.pk}/settings/").content.decode()
    assert bea_client.post(f"/rooms/{room.pk}/name/", {"name": "Mine"}).status_code == 403
    answer = ada_client.post(f"/rooms/{room.pk}/name/", {"name": "Nara"}, follow=True)
    assert "The room has its new name." in answer.content.decode()
    room.refresh_from_db()
    assert room.name == "Nara"


def test_any_member_adds_somebody(bea_client: Client, cyd: User, echo: User, room: Room) -> None:
    answer = bea_client.post(f"/rooms/{room.pk}/members/", {"member": ["cyd"], "others": "echo"}, follow=True)
    assert "Cyd, Echo can now read and write here." in answer.content.decode()
    assert room.members.count() == 4


def test_nobody_can_be_added_who_is_not_there(ada_client: Client, room: Room) -> None:
    answer = ada_client.post(f"/rooms/{room.pk}/members/", {"others": "nobody"})
    assert "Nobody here has the username" in answer.content.decode()
    assert room.members.count() == 2


def test_an_admin_removes_a_member_and_a_member_leaves(
    ada_client: Client, bea_client: Client, ada: User, bea: User, cyd: User, room: Room
) -> None:
    room.add(cyd, ada)
    assert bea_client.post(f"/rooms/{room.pk}/members/cyd/removal/").status_code == 403
    ada_client.post(f"/rooms/{room.pk}/members/cyd/removal/")
    assert not room.members.filter(username="cyd").exists()
    answer = bea_client.post(f"/rooms/{room.pk}/members/bea/removal/", follow=True)
    assert "You have left Kyoto in May." in answer.content.decode()
    assert bea_client.get(f"/rooms/{room.pk}/").status_code == 404


def test_an_admin_removes_the_room(ada_client: Client, bea_client: Client, room: Room) -> None:
    assert bea_client.post(f"/rooms/{room.pk}/removal/").status_code == 403
    ada_client.post(f"/rooms/{room.pk}/removal/")
    assert ada_client.get(f"/rooms/{room.pk}/").status_code == 404


def test_a_direct_room_has_no_settings(ada_client: Client, ada: User, bea: User) -> None:
    assert ada_client.get(f"/rooms/{Room.direct(ada, bea).pk}/settings/").status_code == 404
