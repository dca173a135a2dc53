"""What is kept in Redis, on a real one."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest

from pipeline.run import Point
from pipeline.store import Store, connect
from settings import Settings

POINT = Point(2, {"draft": {"body": "歩き"}}, True, [{"index": 1}], {"tokens_in": 1})


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store(connect(Settings().redis_url(2)), "key")
    yield store
    store.client.close()


@pytest.fixture
def run_id() -> str:
    return uuid.uuid4().hex


def test_a_checkpoint_comes_back_as_it_was(store: Store, run_id: str) -> None:
    store.save(run_id, 3, "", POINT)
    assert store.load(run_id, 3, "") == POINT
    store.forget(run_id)
    assert store.load(run_id, 3, "") is None


def test_a_checkpoint_of_another_version_does_not_count(store: Store, run_id: str) -> None:
    store.save(run_id, 3, "", POINT)
    assert store.load(run_id, 4, "") is None


def test_a_checkpoint_from_before_an_answer_does_not_count(store: Store, run_id: str) -> None:
    """W23: what a person decided is the app's to say; nothing that was kept earlier outweighs it."""
    store.save(run_id, 3, "", POINT)
    assert store.load(run_id, 3, "the answer") is None
    store.save(run_id, 3, "the answer", POINT)
    assert store.load(run_id, 3, "another answer") is None
    assert store.load(run_id, 3, "") is None
    assert store.load(run_id, 3, "the answer") == POINT


def test_a_checkpoint_never_holds_an_answer(store: Store, run_id: str) -> None:
    """W28: who could write to Redis could not approve anything."""
    store.save(run_id, 3, "", replace(POINT, answer={"kind": "approval", "id": "a"}))
    found = store.load(run_id, 3, "")
    assert found is not None
    assert found.answer is None


def test_a_forged_or_torn_checkpoint_does_not_count(store: Store, run_id: str) -> None:
    """W28."""
    store.save(run_id, 1, "", POINT)
    key = f"parley:checkpoint:{run_id}"
    kept = str(store.client.get(key))
    for forged in (kept.replace("歩き", "悪い"), kept[64:], kept[:-1], "", "x" * 64 + "{}"):
        store.client.set(key, forged)
        assert store.load(run_id, 1, "") is None
    store.client.set(f"parley:checkpoint:{run_id}x", kept)
    assert store.load(f"{run_id}x", 1, "") is None
    assert Store(store.client, "other key").load(run_id, 1, "") is None


def test_a_delivery_is_accepted_once(store: Store, run_id: str) -> None:
    """P7, F11."""
    accepted: list[int] = []
    answers = [store.first_time(run_id, 1, lambda: accepted.append(1)) for _ in range(10)]
    assert (answers, accepted) == ([True] + [False] * 9, [1])
    assert store.first_time(run_id, 2, lambda: accepted.append(2))


def test_a_delivery_that_could_not_be_enqueued_may_come_again(store: Store, run_id: str) -> None:
    def fail() -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        store.first_time(run_id, 1, fail)
    assert store.first_time(run_id, 1, lambda: None)


def test_a_manager_killed_between_mark_and_queue_blocks_the_delivery_for_seconds_only(store: Store, run_id: str) -> None:
    """F3."""

    def killed() -> None:
        assert 0 < store.client.pttl(f"parley:delivery:{run_id}:1") <= 10_000

    store.first_time(run_id, 1, killed)
    assert store.client.ttl(f"parley:delivery:{run_id}:1") > 3600


def test_an_attempt_is_claimed_by_one_worker(store: Store, run_id: str) -> None:
    assert store.claim(run_id, 1, "a")
    assert store.claim(run_id, 1, "a")
    assert not store.claim(run_id, 1, "b")
    assert store.claim(run_id, 2, "b")
    store.release(run_id, 1, "b")
    assert not store.claim(run_id, 1, "b")
    store.release(run_id, 1, "a")
    assert store.claim(run_id, 1, "b")
    store.renew([(run_id, 1)], "b")
    assert 0 < store.client.ttl(f"parley:claim:{run_id}:1") <= 30


def test_a_cancellation_is_remembered_for_its_attempt(store: Store, run_id: str) -> None:
    store.cancel(run_id, 1)
    assert store.was_cancelled(run_id, 1)
    assert not store.was_cancelled(run_id, 2)


def test_every_key_has_the_prefix(store: Store, run_id: str) -> None:
    store.save(run_id, 1, "", POINT)
    store.cancel(run_id, 1)
    store.claim(run_id, 1, "a")
    store.first_time(run_id, 1, lambda: None)
    assert [key for key in store.client.keys("*") if not str(key).startswith("parley:")] == []
