"""P6: text in flight: at most once, fenced by attempt, whole for whoever comes late. In a real Redis."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import pytest
import redis
from channels.layers import get_channel_layer
from redis.backoff import NoBackoff
from redis.retry import Retry

from chat import away, broadcasts, drafts
from chat.away import Away
from chat.consumers.settling import settle
from chat.drafts import Draft, Frame
from chat.publisher import Publisher, address_of, packed, redis_client

AUTHOR = {"id": 3, "username": "echo", "name": "Echo", "is_bot": True}


@pytest.fixture
def room_id() -> str:
    return str(uuid.uuid4())


@pytest.fixture
def first() -> Frame:
    return Frame(run=str(uuid.uuid4()), attempt=1, author=AUTHOR, offset=0, text="歩き", step="Chat", activity="thinking with small")


def text_of(room_id: str) -> list[str]:
    return [draft.text for draft in drafts.of(room_id)]


def test_p6_it_keeps_the_text_so_far_counting_characters(room_id: str, first: Frame) -> None:
    assert drafts.put(room_id, [first, replace(first, offset=2, text="ましょう"), replace(first, offset=6, text=" 🚶")]) == []
    assert drafts.put(room_id, [replace(first, offset=8, text="!")]) == []
    assert drafts.of(room_id) == [Draft(first.run, 1, AUTHOR, "歩きましょう 🚶!", "Chat", "thinking with small")]


def test_p6_it_asks_for_the_whole_text_again_when_a_piece_is_missing(room_id: str, first: Frame) -> None:
    drafts.put(room_id, [first])
    assert drafts.put(room_id, [replace(first, offset=5, text="late"), replace(first, offset=9, text="later")]) == [first.run]
    assert text_of(room_id) == ["歩き"]
    assert drafts.put(room_id, [replace(first, offset=0, text="all of it")]) == []
    assert text_of(room_id) == ["all of it"]


def test_p6_a_piece_that_comes_twice_changes_nothing(room_id: str, first: Frame) -> None:
    second = replace(first, offset=2, text="ましょう")
    drafts.put(room_id, [first, second])
    assert drafts.put(room_id, [second]) == []
    assert text_of(room_id) == ["歩きましょう"]


def test_p6_empty_text_only_says_what_is_being_done(room_id: str, first: Frame) -> None:
    drafts.put(room_id, [first, replace(first, text="", step="Reply", activity="replying")])
    (draft,) = drafts.of(room_id)
    assert (draft.text, draft.step, draft.activity) == ("歩き", "Reply", "replying")


def test_p6_an_older_attempt_is_dropped_and_a_newer_one_starts_anew(room_id: str, first: Frame) -> None:
    drafts.put(room_id, [replace(first, attempt=2, text="new")])
    assert drafts.put(room_id, [replace(first, offset=0, text="old")]) == []
    assert text_of(room_id) == ["new"]
    assert drafts.put(room_id, [replace(first, attempt=3, offset=3, text="er")]) == [first.run]
    assert drafts.put(room_id, [replace(first, attempt=3, text="newest")]) == []
    assert text_of(room_id) == ["newest"]


def test_p6_a_reply_made_again_keeps_whose_place_it_takes(room_id: str, first: Frame) -> None:
    drafts.put(room_id, [replace(first, position=4)])
    assert [(draft.position, draft.as_frame(room_id)["position"]) for draft in drafts.of(room_id)] == [(4, 4)]


@pytest.mark.django_db
def test_p6_what_has_ended_is_gone_and_late_frames_do_not_bring_it_back(room_id: str, first: Frame) -> None:
    drafts.put(room_id, [first])
    drafts.end(room_id, first.run, attempt=1)
    drafts.put(room_id, [replace(first, offset=2, text="late"), first])
    assert drafts.of(room_id) == []

    drafts.put(room_id, [replace(first, attempt=2, text="tried again")])
    assert text_of(room_id) == ["tried again"]


def test_p6_what_became_a_message_is_not_shown_twice_and_the_run_writes_on(room_id: str, first: Frame) -> None:
    drafts.put(room_id, [first])
    drafts.said(room_id, first.run, attempt=0)
    assert text_of(room_id) == ["歩き"]
    drafts.said(room_id, first.run, first.attempt)
    assert text_of(room_id) == [""]
    assert drafts.put(room_id, [replace(first, text="second answer")]) == []
    assert text_of(room_id) == ["second answer"]


@pytest.mark.django_db
def test_p6_a_run_that_ended_before_its_first_frame_stays_ended(room_id: str, first: Frame) -> None:
    drafts.end(room_id, first.run, attempt=1)
    drafts.put(room_id, [first])
    assert drafts.of(room_id) == []


def test_p6_two_at_once_do_not_mix(room_id: str, first: Frame) -> None:
    other = replace(first, run=str(uuid.uuid4()), text="other")
    drafts.put(room_id, [first, other, replace(first, offset=2, text="..."), replace(other, offset=5, text="!")])
    assert sorted(text_of(room_id)) == sorted(["歩き...", "other!"])


def test_p6_everything_of_it_expires(room_id: str, first: Frame) -> None:
    drafts.put(room_id, [first])
    with redis_client() as client:
        keys = [*drafts._keys(room_id, first.run)]
        assert all(0 < client.ttl(key) <= drafts.LIFE for key in keys)


def test_p6_it_stops_growing_before_it_fills_redis(room_id: str, first: Frame) -> None:
    drafts.put(room_id, [replace(first, text="x" * 60_000), replace(first, offset=60_000, text="x" * 60_000)])
    assert [len(text) for text in text_of(room_id)] == [60_000]


@pytest.mark.django_db
def test_p6_a_redis_that_is_away_is_nobodys_problem(room_id: str, first: Frame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "away", Away())
    monkeypatch.setattr(drafts, "_client", lambda: redis.Redis(port=1, retry=Retry(NoBackoff(), 0)))
    assert drafts.put(room_id, [first]) == []
    assert drafts.of(room_id) == []
    drafts.end(room_id, first.run)


def test_p6_a_page_waits_only_once_for_a_redis_that_is_away(room_id: str, first: Frame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "away", Away())
    drafts.put(room_id, [first])
    assert [draft.text for draft in drafts.glance(room_id)] == ["歩き"]

    with monkeypatch.context() as gone:
        gone.setattr(drafts, "_client", lambda: redis.Redis(port=1, retry=Retry(NoBackoff(), 0)))
        assert drafts.glance(room_id) == []
    assert drafts.glance(room_id) == []  # not even asked
    monkeypatch.setattr(away, "REST", 0.0)
    drafts.away.begin()
    assert [draft.text for draft in drafts.glance(room_id)] == ["歩き"]


async def test_hints_reach_the_groups_of_the_channel_layer(first: Frame) -> None:
    """The publisher names Redis's channels as channels_redis does; this holds it to that."""
    layer = get_channel_layer()
    name = await layer.new_channel()
    await layer.group_add("room.x", name)
    await layer.send(name, {"type": "ready"})
    assert (await layer.receive(name))["type"] == "ready"
    publisher = Publisher()
    publisher.send("room.x", broadcasts.as_hint({"type": "event", "room": "x", "seq": 7, "body": "é"}))

    heard = await layer.receive(name)
    assert heard == {"type": "frame", "frame": "event", "room": "x", "seq": 7, "text": '{"type":"event","room":"x","seq":7,"body":"é"}'}
    assert address_of("room.x").endswith("__group__room.x")
    await layer.group_discard("room.x", name)


async def test_p4_what_is_sent_right_after_settling_is_heard() -> None:
    """Without settling, the layer has sent SUBSCRIBE but Redis may not have taken it yet."""
    layer: Any = get_channel_layer()
    name = await layer.new_channel()
    with redis_client() as client:
        for number in range(50):
            await layer.group_add(f"room.{number}", name)
            await settle(layer, name)
            assert client.publish(address_of(f"room.{number}"), packed({"type": "frame"})) == 1
    assert [group for group in layer._get_layer().groups if "settled" in group] == []
    for number in range(50):
        await layer.group_discard(f"room.{number}", name)
