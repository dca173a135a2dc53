"""`./go bots replay`: does a run again in the terminal, from its exported file or from the chat. Nothing of it is said in a room.

A checkpoint after each step is kept in Redis, so that a replay which was broken off goes on where it was; `--sync` does without.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

from chat_api import ChatApi
from errors import BotServerError
from manager.terminal import Asked, Terminal, complain, say
from pipeline.approving import canonical
from pipeline.loader import Loader
from pipeline.payload import Payload
from pipeline.pipeline import Pipeline
from pipeline.problem import BrokenBotFile
from pipeline.rehearsal import Rehearsal, neighbour
from pipeline.run import Point
from pipeline.store import Store, connect
from pipeline.worker import secrets_of, trust_of
from settings import Settings

Json = dict[str, Any]

MAX_FILE = 64 * 1024 * 1024
_RUN_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class NotReplayable(BotServerError):
    """What was given is no run that could be done again."""

    code = "not_replayable"


@dataclass
class Replay(Rehearsal):
    """A rehearsal that keeps how far it is, and shows what each step did."""

    keep: Callable[[Point], None] = lambda point: None
    pause: Callable[[], None] = lambda: None
    debug: bool = False
    told: int = 0
    steps: list[Json] = field(default_factory=list)

    def checkpoint(self, point: Point) -> None:
        """After each step."""
        self.keep(point)
        self.trace(point.unsent)

    def trace(self, steps: list[Json]) -> None:
        """Say what the steps did that were not told of yet."""
        for step in steps:
            if step["index"] >= self.told or step["state"] == "failed":
                self.told = step["index"] + 1
                self.pause()  # the text that the step has shown ends without a line's end
                say(_line(step))
                for line in _details(step) if self.debug else ():
                    say(line)


def replay(given: argparse.Namespace, held: Settings) -> int:
    """Do a run again. 0 when it ended, 1 when it failed, 2 when it could not be done again."""
    try:
        document = _document(str(given.run_or_file), held)
        loader = Loader(held.bot_config, trust_of(held))
        pipeline = _pipeline(document, loader)
        start = _start(document, pipeline, given.step)
        keep = None if given.sync else Keeper(held, document, pipeline, start.step)
        point = (keep.kept() if keep else None) or start
    except (NotReplayable, BrokenBotFile) as error:
        return complain(error.explanation)
    except redis.RedisError:
        return complain("Redis cannot be reached, and a replay keeps its checkpoints there. Do without: ./go bots replay … --sync")
    except BotServerError as error:
        return complain(f"The chat did not give out the run. {error.explanation}")
    screen = Terminal()
    talk = Replay(pipeline, loader, screen, secrets_of(held), debug=given.debug)
    talk.people, talk.asker = Asked(screen, talk.files), str(point.payload.get("asker", {}).get("username", "you"))
    talk.told, talk.pause = point.step, screen.pause
    if point.step > start.step:
        say(f"Going on with step {point.step + 1}, where this replay was broken off.")
    if keep is not None:
        talk.keep = keep.keep
    outcome = talk.go_on(point)
    screen.pause()
    talk.trace([step for step in outcome.steps if step["index"] >= talk.told or step["state"] == "failed"])
    say("")
    screen.finish(talk, outcome)
    if keep is not None:
        keep.forget()
    for reply in document.get("replies") or []:
        say(f"Then it said: {reply.get('body', '')}")
    return 1 if outcome.outcome == "failed" else 0


class Keeper:
    """The checkpoints of one replay: of this run, with this text of the bot, from this step on."""

    def __init__(self, held: Settings, document: Json, pipeline: Pipeline, step: int) -> None:
        self._store = Store(connect(held.redis_url(2), timeout=3.0), held.bot_key.get_secret_value())
        self._start = hashlib.sha256(f"{pipeline.text}\n{pipeline.code_hash}\n{step}".encode()).hexdigest()
        self._run = "replay-" + hashlib.sha256(canonical(document).encode("utf-8", "replace")).hexdigest()[:32]

    def kept(self) -> Point | None:
        """How far it was. Raises RedisError."""
        return self._store.load(self._run, 0, self._start)

    def keep(self, point: Point) -> None:
        """How far it is."""
        self._store.save(self._run, 0, self._start, point)

    def forget(self) -> None:
        """It is over."""
        self._store.forget(self._run)


def _document(given: str, held: Settings) -> Json:
    """The exported run: a file, or by its id from the chat. Raises NotReplayable."""
    path = Path(given)
    if path.is_file():
        if path.stat().st_size > MAX_FILE:
            raise NotReplayable(f"{path.name} is bigger than {MAX_FILE // 1024 // 1024} MB.")
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError, OSError):
            raise NotReplayable(f"{path.name} is not JSON. Export the run on its page.") from None
    elif _RUN_ID.fullmatch(given):
        document = _fetched(given.lower(), held)
    else:
        raise NotReplayable(f"{given} is neither a file nor the id of a run.")
    if not isinstance(document, dict) or document.get("format") != "parley-run" or not isinstance(document.get("steps"), list):
        raise NotReplayable("This is not an exported run. Export the run on its page.")
    return document


def _fetched(run: str, held: Settings) -> Json:
    token = held.chat_token.get_secret_value()
    if not token:
        said = "CHAT_TOKEN is not set in .env. Make an API token for yourself on your profile."
        raise NotReplayable(f"{said} Or export the run on its page, and give the file.")
    api = ChatApi(held.chat_api, token, connections=1)
    try:
        return api.export(run)
    finally:
        api.close()


def _pipeline(document: Json, loader: Loader) -> Pipeline:
    """The bot as its file is now; as it was then, when there is no such file here. Raises NotReplayable and BrokenBotFile."""
    bot = document.get("bot")
    name = bot.get("name") if isinstance(bot, dict) else None
    if not isinstance(bot, dict) or not isinstance(name, str):
        raise NotReplayable("The export does not say which bot it was.")
    pipeline = neighbour(loader, name)
    if pipeline is None:
        if not isinstance(bot.get("yaml"), str) or not bot["yaml"]:
            raise NotReplayable(f"There is no bot {name} in {loader.folder}, and the export does not hold its file.")
        pipeline = loader.load(bot["yaml"], f"{name} version {bot.get('version')}")
        say(f"There is no bot {name} here that works; this is its version {bot.get('version')} from the export.")
    if pipeline.status == "off":
        raise NotReplayable(f"{name} is off. {pipeline.reason}")
    return pipeline


def _start(document: Json, pipeline: Pipeline, step: int | None) -> Point:
    """Where to begin, with the payload that the step had. Raises NotReplayable."""
    index = 0 if step is None else step - 1
    if not 0 <= index < len(pipeline.steps):
        raise NotReplayable(f"{pipeline.name} has the steps 1 to {len(pipeline.steps)}.")
    payload = input_of(document, index)
    if payload is None:
        raise NotReplayable(f"The export does not say what step {index + 1} was given. Start earlier: --step.")
    return Point(index, payload)


def input_of(document: Json, index: int) -> Payload | None:
    """The payload that a step was given: what the run began with, and all that the steps before changed. None when nobody knows."""
    steps = {step["index"]: step for step in document.get("steps") or [] if isinstance(step, dict) and isinstance(step.get("index"), int)}
    payload = document.get("input")
    for before in range(index):
        step = steps.get(before)
        if step is not None and isinstance(step.get("before"), dict):
            payload = step["before"]
        if step is None or step.get("state") != "done" or not isinstance(payload, dict):
            payload = None
        elif isinstance(step.get("payload"), dict):
            payload = step["payload"]
        else:
            changed = step.get("changed") or {}
            payload = {key: value for key, value in (payload | changed).items() if key not in changed or changed[key] is not None}
    own = steps.get(index, {}).get("before")
    found = own if isinstance(own, dict) else payload
    return dict(found) if isinstance(found, dict) else None


def _line(step: Json) -> str:
    said = step["error"]["message"] if step["error"] else step["summary"]
    return f"{step['index'] + 1:>3}. {step['name']}: {'failed: ' if step['error'] else ''}{said} ({step['ms']} ms)"


def _details(step: Json) -> list[str]:
    """What a step was asked, changed, made and logged."""
    shown = {"before": step["before"], "prompt": step["prompt"], "changed": step["changed"], "code": step["code"]}
    found = [f"     {label}: {json.dumps(value, ensure_ascii=False, indent=2)}" for label, value in shown.items() if value]
    return [*found, *(f"     log: {line}" for line in step["logs"])]
