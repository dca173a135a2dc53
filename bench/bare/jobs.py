"""The worker: one Celery job a reply. Reads the model's stream; all runs' drafts go in one request, as far apart as Parley's."""

from __future__ import annotations

import http.client
import json
import os
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

from celery import Celery, signals

GAP = float(os.environ["BENCH_GAP"])
APP, MODEL = os.environ["CHAT_API"], os.environ["MODEL_API"]

celery = Celery("bare", broker=f"{os.environ['REDIS_URL']}/1")
celery.conf.update(
    task_default_queue="bots", task_ignore_result=True, worker_prefetch_multiplier=1, broker_connection_retry_on_startup=True
)
mine = threading.local()


@celery.task(name="bare.answer")
def answer(room: str, body: str) -> None:
    run, text = uuid.uuid4().hex, ""
    drafts.put(run, room, text)
    for piece in _asked(body):
        text += piece
        drafts.put(run, room, text)
    drafts.end(run)
    _exchange(APP, "/replies", {"room": room, "body": text}).read()


class Drafts:
    """One thread, one request at a time."""

    def __init__(self) -> None:
        self._shown: dict[str, tuple[str, str]] = {}
        self._sent: dict[str, str] = {}
        self._changed = threading.Condition()

    def put(self, run: str, room: str, text: str) -> None:
        with self._changed:
            self._shown[run] = (room, text)
            self._changed.notify()

    def end(self, run: str) -> None:
        with self._changed:
            self._shown.pop(run, None)
            self._sent.pop(run, None)

    def loop(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: any(self._sent.get(run) != text for run, (_, text) in self._shown.items()))
                frames = self._frames()
            began = time.monotonic()
            _exchange(APP, "/drafts", frames).read()
            time.sleep(max(0.0, GAP - (time.monotonic() - began)))

    def _frames(self) -> list[dict[str, Any]]:
        frames = []
        for run, (room, text) in self._shown.items():
            sent = self._sent.get(run)
            if sent != text:
                frames.append({"run": run, "room": room, "offset": len(sent or ""), "text": text[len(sent or "") :]})
                self._sent[run] = text
        return frames


drafts = Drafts()


@signals.worker_ready.connect
def _begin(**_: Any) -> None:
    threading.Thread(target=drafts.loop, daemon=True).start()


def _asked(body: str) -> Iterator[str]:
    response = _exchange(MODEL, "/v1/chat/completions", {"model": "bench", "stream": True, "messages": [{"role": "user", "content": body}]})
    while line := response.readline():
        if line.startswith(b"data: {"):
            for choice in json.loads(line[6:])["choices"]:
                if piece := choice["delta"].get("content"):
                    yield piece


def _exchange(base: str, path: str, body: Any) -> http.client.HTTPResponse:
    """A request on this thread's kept connection, or on a fresh one when the kept one is dead."""
    kept: dict[str, http.client.HTTPConnection] = mine.__dict__
    for _ in range(2):
        connection = kept.setdefault(base, http.client.HTTPConnection(base.removeprefix("http://"), timeout=30))
        try:
            connection.request("POST", path, json.dumps(body), {"content-type": "application/json"})
            return connection.getresponse()
        except (http.client.HTTPException, OSError):
            kept.pop(base).close()
    raise ConnectionError(base)
