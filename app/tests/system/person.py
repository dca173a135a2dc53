"""A person at the product: posts over HTTP as a program does, and listens on a socket."""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Self

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.system.product import PASSWORD, Product

Json = dict[str, Any]
DONE = "done"
FORM_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Person:
    """Somebody with an API token. What the API answers is returned as it is; anything but success fails the test."""

    def __init__(self, product: Product, username: str) -> None:
        self.product = product
        self.username = username
        self.headers = {"Authorization": f"Bearer {product.tokens[username]}"}
        # A connection for each request: a process that was killed must not be met again on a connection that is dead.
        limits = httpx.Limits(max_keepalive_connections=0)
        self.http = httpx.Client(base_url=f"{product.url}/api/v1", headers=self.headers, trust_env=False, timeout=20, limits=limits)

    # Rooms

    def room(self, *members: str) -> str:
        """A group room of its own, so that tests do not meet."""
        return str(self.ask("POST", "rooms", json={"members": [*members, *({"cyd", "bea"} - {self.username})], "name": "A room"})["id"])

    def direct(self, username: str) -> str:
        return str(self.ask("POST", "rooms", json={"members": [username]})["id"])

    def post(self, room: str, body: str, client_id: str | None = None) -> Json:
        return self.ask("POST", f"rooms/{room}/messages", json={"body": body, "client_id": client_id})

    def insist(self, room: str, body: str, client_id: str, seconds: float = 60) -> Json:
        """Post as a composer does: again and again with the same client_id, until it is acknowledged."""
        deadline = time.monotonic() + seconds
        while True:
            with contextlib.suppress(httpx.TransportError):
                answer = self.http.post(f"rooms/{room}/messages", json={"body": body, "client_id": client_id})
                if answer.status_code in (200, 201):
                    message: Json = answer.json()
                    return message
                assert answer.status_code == 503, answer.text
                assert answer.headers["Retry-After"]
            assert time.monotonic() < deadline, f"{client_id} was not acknowledged within {seconds} s."
            time.sleep(0.05)

    def messages(self, room: str) -> list[Json]:
        """All of them, oldest first."""
        found: list[Json] = []
        while page := self.ask("GET", f"rooms/{room}/messages", params={"after": found[-1]["position"] if found else 0})["messages"]:
            found += page
        return found

    # Runs

    def runs(self, room: str) -> list[Json]:
        """Oldest first."""
        found: list[Json] = self.ask("GET", f"rooms/{room}/runs", params={"limit": 100})["runs"]
        return found[::-1]

    def run(self, run: str) -> Json:
        return self.ask("GET", f"runs/{run}")

    def cancel(self, run: str) -> Json:
        return self.ask("POST", f"runs/{run}/cancellation")

    def ended(self, room: str, count: int = 1, seconds: float = 90) -> list[Json]:
        """The runs of a room as soon as there are so many and all have ended."""

        def over() -> list[Json]:
            runs = self.runs(room)
            return runs if len(runs) >= count and all(run["state"] == DONE for run in runs) else []

        runs: list[Json] = self.product.until(over, f"{count} runs of the room have ended", seconds)
        assert len(runs) == count, runs
        return runs

    def replies(self, room: str) -> list[Json]:
        return [message for message in self.messages(room) if message["author"]["is_bot"]]

    def ask(self, method: str, path: str, **options: Any) -> Json:
        answer = self.http.request(method, path, **options)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        found: Json = answer.json()
        return found

    # Pages

    @contextlib.contextmanager
    def signed_in(self) -> Iterator[httpx.Client]:
        """A browser without JavaScript, in which this person has signed in."""
        with httpx.Client(base_url=self.product.url, trust_env=False, timeout=20) as browser:
            token = FORM_TOKEN.findall(browser.get("/account/login/").text)[0]
            fields = {"login": self.username, "password": PASSWORD, "csrfmiddlewaretoken": token}
            answer = browser.post("/account/login/", data=fields)
            assert answer.status_code == 302, answer.text
            yield browser

    # The socket

    @contextlib.contextmanager
    def listening(self, room: str) -> Iterator[Listener]:
        with Listener(self, room) as listener:
            yield listener


class Listener:
    """Hears what happens in a room: frames in the order they came, each with the second of its arrival."""

    def __init__(self, person: Person, room: str) -> None:
        self.person = person
        self.room = room
        self.frames: list[tuple[float, Json]] = []
        self._open = contextlib.ExitStack()
        self._socket: ClientConnection
        self._ear = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        address = self.person.product.url.replace("http", "ws", 1) + "/ws"
        self._socket = self._open.enter_context(connect(address, additional_headers=self.person.headers, proxy=None, max_size=None))
        self._socket.send(f'{{"type": "open", "room": "{self.room}", "after": null}}')
        self._ear.start()
        self.first(lambda frame: frame["type"] == "opened", "the room is open")
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()
        self._ear.join(10)

    def first(self, wanted: Callable[[Json], Any], what: str, seconds: float = 30) -> tuple[float, Json]:
        """The first such frame, and when it came."""
        heard: tuple[float, Json] = self.person.product.until(
            lambda: next(((at, frame) for at, frame in list(self.frames) if wanted(frame)), None), f"heard: {what}", seconds
        )
        return heard

    def drafts(self) -> list[Json]:
        return [frame for _, frame in list(self.frames) if frame["type"] == "draft"]

    def events(self, kind: str) -> list[Json]:
        return [frame for _, frame in list(self.frames) if frame["type"] == "event" and frame["kind"] == kind]

    def text(self) -> str:
        """What the bot has written of its answer so far. Frames may overlap; their offsets say where they belong."""
        opened = [draft for _, frame in list(self.frames) if frame["type"] == "opened" for draft in frame["drafts"]]
        text = ""
        for frame in [*opened, *self.drafts()]:
            if frame["text"]:
                text = text[: frame["offset"]] + frame["text"]
        return text

    def _listen(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                frame = json.loads(self._socket.recv())
                if frame.get("room") == self.room:  # events of all rooms of a user come
                    self.frames.append((time.time(), frame))
