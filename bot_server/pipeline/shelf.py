"""The pipelines a worker has ready: each version of each bot is fetched from the app once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Protocol

from errors import BotServerError
from pipeline.loader import Loader
from pipeline.pipeline import Pipeline
from pipeline.problem import BrokenBotFile

MAX_PIPELINES = 200


class BotUnavailable(BotServerError):
    """The bot cannot answer: its version is gone or broken, or it is off."""

    code = "bot_unavailable"


class Versions(Protocol):
    """Where YAML comes from: the app."""

    def version(self, name: str, number: int) -> dict[str, object] | None:
        """{"number", "yaml", "code_hash"}; None when there is no such version."""


class Shelf:
    """Pipelines by (bot, version). Custom steps are read from disk, and again when they change there."""

    def __init__(self, loader: Loader, versions: Versions) -> None:
        self._loader = loader
        self._versions = versions
        self._lock = threading.Lock()
        self._ready: OrderedDict[tuple[str, int], Pipeline] = OrderedDict()

    def pipeline(self, name: str, version: int | None) -> Pipeline:
        """The pipeline to run. Raises BotUnavailable with what to say in the room, and what asking the app raises."""
        if version is None:
            raise BotUnavailable(f"{name} has no version that works yet.")
        with self._lock:
            ready = self._ready.get((name, version))
            if ready is not None:
                self._ready.move_to_end((name, version))
        if ready is None or not self._loader.is_fresh(ready):
            ready = self._made(name, version)
        if ready.status == "off":
            raise BotUnavailable(f"{name} is off. {ready.reason}", code="bot_off")
        return ready

    def _made(self, name: str, version: int) -> Pipeline:
        found = self._versions.version(name, version)
        if found is None:
            raise BotUnavailable(f"The app has no version {version} of {name}.")
        try:
            made = self._loader.load(str(found["yaml"]), f"{name} version {version}")
        except BrokenBotFile as error:
            more = f" ({len(error.problems) - 1} more)" if len(error.problems) > 1 else ""
            raise BotUnavailable(f"{name} cannot run: {error.problems[0]}{more}", code="bot_broken") from None
        with self._lock:
            self._ready[name, version] = made
            while len(self._ready) > MAX_PIPELINES:
                self._ready.popitem(last=False)
        return made
