"""/api/v1/users and /api/v1/rooms."""

from __future__ import annotations

from accounts.models import User
from chat.models import Membership, Room
from tests.api.conftest import Program


def test_users_are_found_by_search_and_page(as_bea: Program, ada: User, echo: User) -> None:
    assert as_bea("GET", "users?search=ech&page=1") == (
        200,
        {"users": [{"id": echo.pk, "username": "echo", "name": "Echo", "is_bot": True}], "page": 1, "more": False},
    )
    assert as_bea("GET", "users/me")[1]["username"] == "bea"


def test_one_member_finds_or_makes_the_direct_room(as_bea: Program, as_ada: Program) -> None:
    status, made = as_bea("POST", "rooms", {"members": ["ada"]})
    assert (status, made["kind"], made["title"]) == (201, "direct", "Ada")
    status, found = as_ada("POST", "rooms", {"members": ["bea"]})
    assert (status, found["id"], found["title"]) == (200, made["id"], "Bea")


def test_several_members_or_a_name_make_a_group(as_bea: Program, ada: User, cyd: User) -> None:
    status, made = as_bea("POST", "rooms", {"members": ["ada", "Cyd", "ada"], "name": "Kyoto"})
    assert (status, made["kind"], made["name"], made["title"]) == (201, "group", "Kyoto", "Kyoto")
    assert Membership.objects.filter(room=made["id"]).count() == 3
    assert as_bea("POST", "rooms", {"members": ["ada"], "name": "Two of us"})[1]["kind"] == "group"


def test_a_member_nobody_knows_is_named(as_bea: Program) -> None:
    for username in ("nobody", "\x00", "a" * 5000):
        status, answer = as_bea("POST", "rooms", {"members": [username]})
        assert (status, set(answer)) == (400, {"error"})
    assert as_bea("POST", "rooms", {"members": []})[0] == 400
    assert "yourself" in as_bea("POST", "rooms", {"members": ["bea"]})[1]["error"]["message"]
    assert not Room.objects.exists()


def test_rooms_are_listed_with_what_is_unread(as_ada: Program, room: Room, bea: User) -> None:
    room.post(bea, "hi")
    status, answer = as_ada("GET", "rooms")
    assert status == 200
    assert [(each["id"], each["unread"], each["seq"]) for each in answer["rooms"]] == [(str(room.pk), 1, 1)]
    assert as_ada("GET", f"rooms/{room.pk}")[1] == answer["rooms"][0]

    assert as_ada("PUT", f"rooms/{room.pk}/read", {"position": 1}) == (200, {"position": 1})
    assert as_ada("GET", f"rooms/{room.pk}")[1]["unread"] == 0


def test_a_group_is_renamed_and_removed_by_its_admin(as_bea: Program, as_ada: Program, room: Room) -> None:
    assert as_ada("PATCH", f"rooms/{room.pk}", {"name": "Mine"})[0] == 403
    assert as_bea("PATCH", f"rooms/{room.pk}", {"name": "Osaka"})[1]["name"] == "Osaka"
    assert as_ada("DELETE", f"rooms/{room.pk}")[0] == 403
    assert as_bea("DELETE", f"rooms/{room.pk}") == (204, None)
    assert as_bea("GET", f"rooms/{room.pk}")[0] == 404


def test_members_come_and_go(as_bea: Program, as_ada: Program, room: Room, cyd: User) -> None:
    assert as_ada("POST", f"rooms/{room.pk}/members", {"username": "cyd"})[0] == 201
    assert as_ada("POST", f"rooms/{room.pk}/members", {"username": "cyd"})[0] == 200
    _, answer = as_ada("GET", f"rooms/{room.pk}/members")
    assert [(each["username"], each["role"]) for each in answer["members"]] == [("ada", "member"), ("bea", "admin"), ("cyd", "member")]
    assert [each["username"] for each in as_ada("GET", f"rooms/{room.pk}/members?search=cy")[1]["members"]] == ["cyd"]

    assert as_ada("DELETE", f"rooms/{room.pk}/members/cyd")[0] == 403
    assert as_bea("DELETE", f"rooms/{room.pk}/members/cyd") == (204, None)
    assert as_bea("DELETE", f"rooms/{room.pk}/members/cyd")[0] == 404
    assert as_bea("DELETE", f"rooms/{room.pk}/members/%00")[0] == 404
    assert as_ada("DELETE", f"rooms/{room.pk}/members/ada") == (204, None)
    assert as_ada("GET", f"rooms/{room.pk}")[0] == 404


def test_a_direct_room_stays_as_it_is(as_bea: Program, ada: User, cyd: User) -> None:
    room = as_bea("POST", "rooms", {"members": ["ada"]})[1]["id"]
    wishes = [
        ("PATCH", f"rooms/{room}", {"name": "x"}),
        ("DELETE", f"rooms/{room}", None),
        ("POST", f"rooms/{room}/members", {"username": "cyd"}),
        ("DELETE", f"rooms/{room}/members/bea", None),
    ]
    assert [as_bea(*wish)[0] for wish in wishes] == [403] * 4
