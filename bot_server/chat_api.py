"""The client of the chat app's API (docs/api): everything the bot server tells or asks the app goes through here.

Every call is safe to repeat: replies carry a key, steps an index, all carry the attempt. So a stale connection, an app that restarts, or
a lost answer costs a retry, not a reply.
"""

from __future__ import annotations

import json
import logging
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote, unquote

import httpx

import outbound
from errors import AnswerRefused, BotServerError, OutboundError, StaleAttempt, Unreachable
from storable import storable, storable_json

log = logging.getLogger(__name__)

Json = dict[str, Any]
T = TypeVar("T")

FIRST_WAIT = 0.2
LONGEST_WAIT = 5.0
# The largest file the app takes, by far; and how long a slow line may take over it.
FILE_BYTES = 256_000_000
FILE_SECONDS = 60.0
# An app that restarts or is redeployed is back within this; after it the lease has long moved the run on.
PATIENCE = 120.0
_JSON = {"Content-Type": "application/json"}
_NO_MORE: Mapping[str, str] = {}


class ChatApi:
    """One process's connection to the app. Safe to use from many threads."""

    def __init__(self, base: str, token: str, *, connections: int = 64, transport: httpx.BaseTransport | None = None) -> None:
        self._closing = threading.Event()
        self._http = outbound.client(
            f"{base}/api/v1/", headers={"Authorization": f"Bearer {token}"}, connections=connections, transport=transport
        )

    def close(self) -> None:
        """Close the connections and end all waiting."""
        self._closing.set()
        self._http.close()

    def register(self, name: str, registration: Json) -> Json:
        """Make or refresh a bot. Raises AnswerRefused with status 403 when somebody else has the name."""
        return self._json("PUT", f"bots/{name}", registration, patience=0)

    def version(self, name: str, number: int, *, patience: float = 20.0) -> Json | None:
        """{"number", "yaml", "code_hash"} of one version; None when there is none."""
        return self._found(f"bots/{name}/versions/{number}", patience=patience)

    def registrations(self) -> dict[str, Json]:
        """Our bots by name, as the app has kept them."""
        return {str(bot["name"]): bot for bot in self._json("GET", "registrations", None, patience=0)["bots"]}

    def live_version(self, name: str) -> Json | None:
        """The version of a bot of ours that is live; None when it has none."""
        number = self.registrations().get(name, {}).get("version")
        return None if number is None else self.version(name, number, patience=0)

    def export(self, run: str) -> Json:
        """A run as a file; needs the token of a person who may read it."""
        return self._json("GET", f"runs/{run}/export", None, patience=0)

    def drafts(self, frames: Sequence[Json]) -> tuple[list[str], list[str]]:
        """Show frames of text in flight. (runs whose attempt is stale, runs whose whole text the app wants again)."""
        answer = self._json("POST", "drafts", {"frames": list(frames)}, patience=0)
        return list(answer.get("stale", [])), list(answer.get("resend", []))

    def heartbeats(self, worker: str, runs: Sequence[tuple[str, int]]) -> list[str]:
        """Renew the leases of runs, given as (run, attempt). Those whose attempt is stale come back."""
        body = {"worker": worker, "runs": [{"run": run, "attempt": attempt} for run, attempt in runs]}
        return list(self._json("POST", "heartbeats", body, patience=0).get("stale", []))

    def steps(self, run: str, attempt: int, steps: Sequence[Json], *, give_up: Callable[[], bool] | None = None) -> None:
        """Record steps. Raises StaleAttempt."""
        self._json("POST", f"runs/{run}/steps", {"attempt": attempt, "steps": list(steps)}, give_up=give_up)

    def reply(self, run: str, attempt: int, key: str, body: str, metadata: Json, *, last: Json | None = None,
              give_up: Callable[[], bool] | None = None) -> None:  # fmt: skip
        """Post a reply under its key; with `last` ({"steps", "usage"}) the attempt has ended with it. Raises StaleAttempt."""
        said = {"attempt": attempt, "key": key, "body": body, "metadata": metadata} | ({} if last is None else {"last": last})
        self._json("POST", f"runs/{run}/replies", said, give_up=give_up)

    def sending(self, run: str, attempt: int, key: str, approval: str, *, give_up: Callable[[], bool] | None = None) -> None:
        """Have an approved message sent in the name of who asked; the app knows the words and the recipient. Raises StaleAttempt."""
        self._json("POST", f"runs/{run}/sendings", {"attempt": attempt, "key": key, "approval": approval}, give_up=give_up)

    def budget(self, run: str, attempt: int) -> tuple[int | None, str]:
        """(tokens that the run may still use, None for no limit; what to say when there are none). Raises StaleAttempt."""
        told = self._json("GET", f"runs/{run}/budget?attempt={attempt}", None)
        left = told.get("tokens_left")
        return (int(left) if isinstance(left, int | float) else None), str(told.get("said", ""))

    def outcome(self, run: str, attempt: int, outcome: Json, *, give_up: Callable[[], bool] | None = None) -> Json:
        """End the attempt. Raises StaleAttempt, also when an earlier try of this very request went through and its answer was lost."""
        return self._json("POST", f"runs/{run}/outcome", {"attempt": attempt} | outcome, give_up=give_up)

    def attachment(self, run: str, attempt: int, reference: str, *, give_up: Callable[[], bool] | None = None) -> tuple[str, str, bytes]:
        """Name, type and bytes of a file or picture that the run may read. Raises StaleAttempt; AnswerRefused with 404 when it may not."""
        path = f"runs/{run}/attachments/{quote(reference, safe='')}?attempt={attempt}"

        def read() -> outbound.Answer:
            return self._sent("GET", path, None, seconds=FILE_SECONDS, most_bytes=FILE_BYTES)

        answer = self._patiently(read, path, PATIENCE, give_up)
        return unquote(answer.headers.get("x-attachment-name", "")), answer.headers.get("x-attachment-type", ""), answer.body

    def for_asker(
        self, method: str, path: str, body: Json | None, headers: Mapping[str, str], *, give_up: Callable[[], bool], **limits: Any
    ) -> Json:
        """Something that a run's asker may do (docs/api/workshop.md); `headers` name the run. Raises StaleAttempt."""
        return self._patiently(lambda: _json_of(self._sent(method, path, body, headers, **limits)), path, PATIENCE, give_up)

    def _found(self, path: str, patience: float) -> Json | None:
        try:
            return self._json("GET", path, None, patience=patience)
        except AnswerRefused as error:
            if error.status == 404:
                return None
            raise

    def _json(
        self, method: str, path: str, body: Json | None, *, patience: float = PATIENCE, give_up: Callable[[], bool] | None = None
    ) -> Json:
        """The answer to one request, as JSON."""
        return self._patiently(lambda: _json_of(self._sent(method, path, body)), path, patience, give_up)

    def _patiently(self, act: Callable[[], T], path: str, patience: float, give_up: Callable[[], bool] | None) -> T:
        """What the request gives, tried again for `patience` seconds while the app is away, unless `give_up` says to stop."""
        end = time.monotonic() + patience
        wait = FIRST_WAIT
        while True:
            try:
                return act()
            except OutboundError as error:
                left = end - time.monotonic()
                if error.permanent or left <= 0 or self._closing.is_set() or (give_up is not None and give_up()):
                    raise
                pause = min(left, error.retry_after or random.uniform(wait / 2, wait))  # noqa: S311 (jitter)
                log.info("app is away, trying again", extra={"path": path, "code": error.code, "pause": round(pause, 2)})
            self._closing.wait(pause)
            wait = min(wait * 2, LONGEST_WAIT)

    def _sent(self, method: str, path: str, body: Json | None, headers: Mapping[str, str] = _NO_MORE, **limits: Any) -> outbound.Answer:
        try:
            content = None if body is None else _packed(body)
            return outbound.send(self._http, method, path, content=content, headers=_JSON | dict(headers), **limits)
        except AnswerRefused as error:
            raise _refused(error) from None
        except RuntimeError as error:
            if not self._closing.is_set():
                raise
            # httpx says it so when a client was closed under a thread that still wanted to use it.
            raise Unreachable("This process is going down.") from error


def _json_of(answer: outbound.Answer) -> Json:
    try:
        said = json.loads(answer.body)
    except ValueError:
        raise Unreachable("The chat app answered with something that is not JSON.") from None
    return said if isinstance(said, dict) else {"items": said}


def _packed(body: Json) -> bytes:
    """The body as the app can store it."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return (text if storable_json(text) else json.dumps(storable(body), ensure_ascii=False, separators=(",", ":"))).encode()


def _refused(error: AnswerRefused) -> BotServerError:
    """The app's no, with its own words."""
    try:
        said = json.loads(error.body)["error"]
        code, message = str(said["code"]), str(said["message"])[:300]
    except (ValueError, KeyError, TypeError):
        code, message = "", "no words with it"
    if error.status == 409 and code == "stale_attempt":
        return StaleAttempt(message)
    wait = None if error.retry_after is None else min(error.retry_after, LONGEST_WAIT)
    return AnswerRefused(f"The chat app answered {error.status}: {message}", status=error.status, body=error.body[:2000], retry_after=wait)
