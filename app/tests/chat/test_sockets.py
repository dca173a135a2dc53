"""The websocket: who gets in, what they hear, and when they are put out."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from channels.layers import get_channel_layer
from django.conf import settings
from django.test import Client as Browser

from accounts.models import User
from accounts.signals import access_revoked
from chat import drafts
from chat.broadcasts import as_hint, user_group
from chat.consumers import visit
from chat.consumers.pulse import Pulse
from chat.consumers.settling import Groups, settle
from chat.consumers.work import in_thread as in_database
from chat.models import Membership, Room
from chat.publisher import publisher
from tests.chat.socket_client import Client, until

pytestmark = pytest.mark.django_db(transaction=True)
Tokens = Callable[..., str]


@pytest.fixture
def bea_token(bea: User, token_of: Tokens) -> str:
    return token_of(bea)


@pytest.fixture
def ada_token(ada: User, token_of: Tokens) -> str:
    return token_of(ada)


@pytest.fixture
def cyd_token(cyd: User, token_of: Tokens) -> str:
    return token_of(cyd)


def session_of(browser: Browser) -> str:
    return str(browser.cookies[settings.SESSION_COOKIE_NAME].value)


class TestTheDoor:
    async def test_w9_it_lets_in_a_session_from_our_own_origin(self, bea_client: Browser, room: Room) -> None:
        async with Client(session=session_of(bea_client)) as socket:
            assert socket.hello["user"]["username"] == "bea"
            assert socket.hello["rooms"] == {str(room.pk): 0}

    async def test_w9_it_lets_in_a_token_without_a_cookie(self, bea_token: str) -> None:
        async with Client(token=bea_token) as socket:
            assert socket.hello["user"]["username"] == "bea"

    @pytest.mark.parametrize(
        "origin",
        [None, "null", "", "http://testserver.evil", "http://evil", "https://testserver", "http://testserver:81", "http://testserver@evil"],
    )
    async def test_w9_it_refuses_a_session_from_another_origin(self, bea_client: Browser, origin: str | None) -> None:
        assert not await Client(session=session_of(bea_client), origin=origin).connect()

    async def test_w9_it_refuses_a_dead_session(self, bea_client: Browser) -> None:
        key = session_of(bea_client)
        await in_database(bea_client.logout)
        assert not await Client(session=key).connect()

    async def test_w9_it_refuses_nobody(self, db: None) -> None:
        assert not await Client().connect()

    async def test_w9_it_refuses_a_token_together_with_a_cookie(self, bea_token: str, bea_client: Browser) -> None:
        assert not await Client(token=bea_token, session=session_of(bea_client)).connect()

    async def test_w9_it_refuses_a_token_in_the_address(self, bea_token: str) -> None:
        assert not await Client(address=f"/ws?token={bea_token}").connect()
        assert not await Client(address="/ws?token=x", token=bea_token).connect()

    async def test_w9_it_refuses_a_token_without_the_scope(self, bea: User, token_of: Tokens) -> None:
        token = await in_database(token_of, bea, "bots")
        assert not await Client(token=token).connect()

    async def test_w9_it_refuses_a_revoked_token(self, bea: User, bea_token: str) -> None:
        await in_database(bea.tokens.update, revoked_at="2026-11-20T00:00Z")
        assert not await Client(token=bea_token).connect()

    async def test_it_refuses_any_other_address(self, bea_token: str) -> None:
        assert not await Client(token=bea_token, address="/ws/other").connect()


class TestAMember:
    async def test_it_hears_what_is_said_in_all_its_rooms(self, room: Room, direct: Room, bea: User, ada_token: str) -> None:
        async with Client(token=ada_token) as socket:
            await in_database(room.post, bea, "in the group")
            await in_database(direct.post, bea, "between us")

            heard = [await socket.next("event"), await socket.next("event")]
        assert [(event["room"], event["seq"], event["message"]["body"]) for event in heard] == [
            (str(room.pk), 1, "in the group"),
            (str(direct.pk), 1, "between us"),
        ]
        assert heard[0]["kind"] == "message.posted"
        assert "in the group" in heard[0]["html"]
        assert "client_id" not in heard[0]["message"]

    async def test_it_hears_of_a_room_it_is_added_to(self, room: Room, bea: User, cyd: User, cyd_token: str) -> None:
        async with Client(token=cyd_token) as socket:
            await in_database(room.add, cyd, bea)
            change = await socket.next("room")
            assert (change["room"], change["change"], change["name"]) == (str(room.pk), "joined", "Kyoto in May")

            await socket.ask("opened", type="open", room=str(room.pk), after=None)
            await in_database(room.post, bea, "welcome")
            assert (await socket.next("event", lambda event: event["kind"] == "message.posted"))["message"]["body"] == "welcome"

    async def test_p4_it_learns_of_what_was_said_before_it_heard_the_room(
        self, room: Room, bea: User, cyd: User, cyd_token: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def settle_late(groups: Groups, channel: str) -> None:
            await in_database(room.post, bea, "too early for you")
            await settle(groups, channel)

        async with Client(token=cyd_token) as socket:
            monkeypatch.setattr(visit, "settle", settle_late)
            await in_database(room.add, cyd, bea)
            assert (await socket.next("room"))["change"] == "joined"
            assert (await socket.next("seq"))["rooms"] == {str(room.pk): 2}

    async def test_p1_its_post_is_acknowledged_with_the_stored_message(self, room: Room, bea_token: str) -> None:
        async with Client(token=bea_token) as socket:
            ack = await socket.ask("ack", type="post", room=str(room.pk), body="hi", client_id="c-1")

        stored = await in_database(room.messages.get)
        assert ack["client_id"] == ack["message"]["client_id"] == "c-1"
        assert (ack["message"]["id"], ack["message"]["position"]) == (str(stored.pk), 1)

    async def test_p2_its_repeated_post_gives_the_same_message(self, room: Room, bea_token: str) -> None:
        post = {"type": "post", "room": str(room.pk), "body": "hi", "client_id": "c-1"}
        async with Client(token=bea_token) as socket:
            first, again = await socket.ask("ack", **post), await socket.ask("ack", **post)
            refused = await socket.ask("error", **(post | {"body": "another"}))

        assert first["message"]["id"] == again["message"]["id"]
        assert (refused["code"], refused["client_id"]) == ("client_id_reused", "c-1")

    async def test_its_other_tab_hears_that_it_has_read(self, room: Room, bea: User, ada: User, ada_token: str) -> None:
        await in_database(room.post, bea, "read me")
        async with Client(token=ada_token) as one, Client(token=ada_token) as two:
            await one.send(type="read", room=str(room.pk), position=1)
            assert (await two.next("read"))["position"] == 1
        assert (await in_database(Membership.objects.get, room=room, user=ada)).last_read == 1

    async def test_its_other_tab_hears_that_who_posts_has_read_all(self, room: Room, bea: User, ada: User, ada_token: str) -> None:
        await in_database(room.post, bea, "read me")
        async with Client(token=ada_token) as socket:
            await in_database(room.post, ada, "an answer")
            assert (await socket.next("event"))["seq"] == 2
            assert (await socket.next("read")) == {"type": "read", "room": str(room.pk), "position": 2}

    async def test_it_hears_drafts_of_open_rooms_only(self, room: Room, direct: Room, bea_token: str) -> None:
        frame = drafts.Frame(run=str(uuid.uuid4()), attempt=1, author={"id": 9}, offset=0, text="歩き", step="Chat", activity="thinking")
        async with Client(token=bea_token) as socket:
            await socket.ask("opened", type="open", room=str(room.pk), after=0)
            await in_database(drafts.put, direct.pk, [frame])
            await in_database(drafts.put, room.pk, [frame])
            heard = await socket.next("draft")
            assert (heard["room"], heard["run"], heard["offset"], heard["text"]) == (str(room.pk), frame.run, 0, "歩き")

            await socket.send(type="close", room=str(room.pk))
            await socket.hears_nothing_until_pong()
            await in_database(drafts.put, room.pk, [frame])
            await in_database(direct.post, await in_database(User.objects.get, username="bea"), "a mark")
            assert (await socket.receive())["type"] == "event"


class TestAStranger:
    async def test_i8_it_cannot_open_read_or_post_and_hears_nothing(self, room: Room, bea: User, cyd_token: str) -> None:
        wishes: list[dict[str, Any]] = [
            {"type": "open", "room": str(room.pk), "after": 0},
            {"type": "post", "room": str(room.pk), "body": "hi", "client_id": "c-1"},
            {"type": "read", "room": str(room.pk), "position": 0},
        ]
        never = str(room.pk)[:-4] + "ffff"
        async with Client(token=cyd_token) as socket:
            assert socket.hello["rooms"] == {}
            for wish in wishes:
                there, nowhere = await socket.ask("error", **wish), await socket.ask("error", **(wish | {"room": never}))
                assert there == nowhere
                assert there["code"] == "not_found"
            await in_database(room.post, bea, "a secret")
            await in_database(publisher.flush)
            assert await socket.hears_nothing_until_pong() == []


class TestTheRevoked:
    async def test_it_closes_a_member_removed_from_the_room_out_of_it(self, room: Room, bea: User, ada: User, ada_token: str) -> None:
        async with Client(token=ada_token) as socket:
            await socket.ask("opened", type="open", room=str(room.pk), after=0)
            await in_database(room.remove, ada, bea)
            assert (await socket.next("room", lambda frame: frame["change"] == "left"))["room"] == str(room.pk)
            await socket.hears_nothing_until_pong()

            await in_database(room.post, bea, "now we are alone")
            # As if it had been on its way to this socket all the time.
            for draft in ({"type": "draft", "room": str(room.pk)}, {"type": "draft.end", "room": str(room.pk)}):
                await in_database(publisher.send, user_group(ada.pk), as_hint(draft))
            await in_database(publisher.flush)
            assert await socket.hears_nothing_until_pong() == []
            assert (await socket.ask("error", type="open", room=str(room.pk), after=0))["code"] == "not_found"

    async def test_it_closes_the_sockets_of_a_revoked_token(self, bea: User, bea_token: str, token_of: Tokens) -> None:
        other = await in_database(token_of, bea)
        async with Client(token=bea_token) as gone, Client(token=other) as stays:
            token = await in_database(bea.tokens.earliest, "id")
            await in_database(access_revoked.send, User, user=bea, token_id=token.pk)
            assert await gone.closed_with(within=2) == 4001
            assert await stays.hears_nothing_until_pong() == []

    async def test_it_closes_the_sockets_of_a_session_that_signed_out(self, bea: User, bea_client: Browser, bea_token: str) -> None:
        key = session_of(bea_client)
        async with Client(session=key) as gone, Client(token=bea_token) as stays:
            await in_database(access_revoked.send, User, user=bea, session_key=key)
            assert await gone.closed_with(within=2) == 4001
            assert await stays.hears_nothing_until_pong() == []

    async def test_it_closes_all_sockets_when_all_access_ends(self, bea: User, bea_client: Browser, bea_token: str) -> None:
        async with Client(session=session_of(bea_client)) as one, Client(token=bea_token) as two:
            await in_database(access_revoked.send, User, user=bea)
            assert [await one.closed_with(within=2), await two.closed_with(within=2)] == [4001, 4001]


class TestTheMalformed:
    @pytest.mark.parametrize(
        "text",
        [
         "", "nonsense", "[]", "null", "{}", '{"type": 7}', '{"type": "dance"}', '{"type": "__init__"}',
         '{"type":"open"}', '{"type":"open","room":7}',
         '{"type":"open","room":"not-an-id"}', '{"type":"open","room":"\\u0000"}', '{"type":"post"}', '{"type":"post","room":[],"body":{}}',
         '{"type":"read","room":"x","position":1e9}', '{"type":"read","room":"x","position":true}', "[" * 30_000, "9" * 10_000,
        ],
    )  # fmt: skip
    async def test_i10_it_answers_a_malformed_frame_and_lives_on(self, bea_token: str, text: str) -> None:
        async with Client(token=bea_token) as socket:
            await socket.send_text(text)
            assert (await socket.next("error"))["code"] in {"malformed", "not_found"}
            assert await socket.hears_nothing_until_pong() == []

    @pytest.mark.parametrize(
        ("body", "words"), [("", "needs some text"), ("a\x00", "NUL"), ("\ud83d", "surrogate"), ("x" * 20_001, "20,000")]
    )
    async def test_i10_it_says_what_is_wrong_with_a_body(self, room: Room, bea_token: str, body: str, words: str) -> None:
        async with Client(token=bea_token) as socket:
            error = await socket.ask("error", type="post", room=str(room.pk), body=body, client_id="c-1")
            assert error["client_id"] == "c-1"
            assert words in error["message"]

    async def test_a_client_id_that_cannot_be_said_back_is_not(self, room: Room, bea_token: str) -> None:
        async with Client(token=bea_token) as socket:
            error = await socket.ask("error", type="post", room=str(room.pk), body="hi", client_id="\ud83d")
            assert "client_id" not in error

    async def test_binary_frames_are_refused_with_words(self, bea_token: str) -> None:
        async with Client(token=bea_token) as socket:
            await socket.wire.send_input({"type": "websocket.receive", "bytes": b"\x00\x01"})
            assert (await socket.next("error"))["code"] == "malformed"

    async def test_it_closes_on_a_frame_that_is_too_big(self, bea_token: str) -> None:
        async with Client(token=bea_token) as socket:
            await socket.send(type="ping", padding="x" * 65_536)
            assert await socket.closed_with() == 1009

    async def test_it_closes_on_a_flood(self, bea_token: str) -> None:
        async with Client(token=bea_token) as socket:
            for _ in range(400):
                await socket.send(type="ping")
            assert await socket.closed_with() == 4029


async def test_nothing_is_left_behind_by_clients_that_have_gone(room: Room, bea_token: str) -> None:
    layer: Any = get_channel_layer()
    for _ in range(20):
        async with Client(token=bea_token) as socket:
            await socket.ask("opened", type="open", room=str(room.pk), after=0)
    for _ in range(5):
        assert not await Client().connect()

    await until(lambda: not layer._get_layer().groups and not layer._get_layer().channels)
    assert Pulse.here()._sockets == set()
    assert Pulse.here()._task is None
