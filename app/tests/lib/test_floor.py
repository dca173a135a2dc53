"""Ids, clocks, the cache and who is asking."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest
import redis
from django.core.cache import cache
from django.test import RequestFactory

from lib.clients import address_of, network_of
from lib.ids import uuid7
from lib.time import database_now, zone


def test_ids_are_version_7_and_never_the_same() -> None:
    ids = [uuid7() for _ in range(2000)]
    assert len(set(ids)) == 2000
    assert {(each.version, each.variant) for each in ids} == {(7, "specified in RFC 4122")}


def test_ids_sort_by_the_time_they_were_made(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time_ns()
    made = []
    for later in range(0, 5_000_000_000, 1_000_000_000):
        monkeypatch.setattr(time, "time_ns", lambda later=later: now + later)
        made.append(uuid7())
    assert made == sorted(made)
    assert made[0].int >> 80 == now // 1_000_000


def test_an_unknown_zone_is_utc() -> None:
    assert zone("Asia/Tokyo").key == "Asia/Tokyo"
    assert [zone(name).key for name in ("Mars/Olympus", "", "../secret", "/etc/localtime", "x\0y")] == ["UTC"] * 5


@pytest.mark.django_db
def test_the_clock_that_decides_is_the_databases() -> None:
    assert abs((database_now() - datetime.now(UTC)).total_seconds()) < 5


def test_the_cache_keeps_and_counts() -> None:
    cache.set("floor", "x", 10)
    assert cache.get("floor") == "x" and cache.delete("floor") and cache.get("floor", "none") == "none"
    assert cache.add("count", 1, 10) and not cache.add("count", 1, 10)
    assert cache.incr("count") == 2
    cache.delete("count")
    assert cache.incr("count") == 1, "a key that is gone begins anew"


def test_f7_a_cache_that_is_away_is_empty_and_refuses_nobody() -> None:
    with patch.object(redis.connection.ConnectionPool, "get_connection", side_effect=redis.ConnectionError("away")):
        cache.set("floor", "x")
        assert cache.get("floor", "none") == "none"
        assert cache.add("floor", 1) is True
        assert cache.incr("floor") == 1
        assert cache.delete("floor") is False


def asked(address: str, forwarded: str = "") -> Any:
    return RequestFactory().get("/", headers={"X-Forwarded-For": forwarded} if forwarded else {}, REMOTE_ADDR=address)


def test_w16_only_what_our_proxy_wrote_counts(settings: Any) -> None:
    assert address_of(asked("192.0.2.1", "203.0.113.9")) == "192.0.2.1"
    settings.BEHIND_PROXY = True
    assert address_of(asked("127.0.0.1", "203.0.113.9")) == "203.0.113.9"
    assert address_of(asked("127.0.0.1", "1.1.1.1, 203.0.113.9")) == "203.0.113.9"
    assert address_of(asked("127.0.0.1")) == "127.0.0.1"


def test_one_visitors_addresses_count_as_one() -> None:
    assert network_of(asked("2001:db8:1:2::1")) == network_of(asked("2001:db8:1:2:ffff::9")) == "2001:db8:1:2::/64"
    assert network_of(asked("192.0.2.1")) == "192.0.2.1"
    assert network_of(asked("rubbish")) == "unknown"
