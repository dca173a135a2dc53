"""One client of the SDK a process and address: its connections are kept and shared by all conversations."""

from __future__ import annotations

import os
import threading

import httpx2
from openai import AsyncOpenAI

from dosaku import background

_lock = threading.Lock()
_clients: dict[tuple[int, str, str, float], AsyncOpenAI] = {}


def client(base_url: str, api_key: str, connect: float) -> AsyncOpenAI:
    """The client for an address and key. Its only time-out is the one for connecting; the deadlines are ours."""
    place = (os.getpid(), base_url, api_key, connect)
    with _lock:
        if place not in _clients:
            _clients[place] = _make(base_url, api_key, connect)
        return _clients[place]


def close() -> None:
    """Close all connections of this process."""
    with _lock:
        mine = [place for place in _clients if place[0] == os.getpid()]
        open_ones = [_clients.pop(place) for place in mine]
    for one in open_ones:
        background.run(one.close(), timeout=5)


def _make(base_url: str, api_key: str, connect: float) -> AsyncOpenAI:
    # trust_env: a proxy named in the environment would see every conversation. Redirects would carry the key elsewhere.
    transport = httpx2.AsyncClient(
        timeout=httpx2.Timeout(None, connect=connect),
        limits=httpx2.Limits(max_connections=1000, max_keepalive_connections=100, keepalive_expiry=30),
        follow_redirects=False,
        trust_env=False,
    )
    # The SDK wants some key even for servers that ask for none.
    return AsyncOpenAI(
        api_key=api_key or "none", base_url=base_url, max_retries=0, timeout=httpx2.Timeout(None, connect=connect), http_client=transport
    )
