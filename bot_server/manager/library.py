"""The bots of the operator's folder, each with its last good pipeline. One bad file stops only its own bot."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline import pictures
from pipeline.bot_file import NAME
from pipeline.custom import snake
from pipeline.loader import Loader
from pipeline.pipeline import Pipeline
from pipeline.problem import BrokenBotFile, Problem
from pipeline.yaml_tree import MAX_BYTES

log = logging.getLogger(__name__)

SUFFIXES = (".yaml", ".yml")
_NAME_LINE = re.compile(r"^name:[ \t]*[\"']?([a-z][a-z0-9-]{1,40})[\"']?[ \t]*(#.*)?$", re.MULTILINE)


@dataclass(frozen=True)
class Bot:
    """One bot file: the name it goes by, its last good pipeline, and what is wrong with the file as it is now."""

    name: str
    path: Path
    live: Pipeline | None
    problems: tuple[Problem, ...] = ()
    steps: frozenset[str] = frozenset()

    @property
    def held_back(self) -> str:
        """Why the file's present text is not what runs; "" when it is."""
        return "\n".join(map(str, self.problems))[:2000]


class Library:
    """All bots. Safe to read while another thread reloads."""

    def __init__(self, loader: Loader, *, quiet: bool = False) -> None:
        """`quiet`: whoever asks shows the problems; they need not stand in the log as well."""
        self.loader = loader
        self._quiet = quiet
        self.folder = loader.folder
        self._lock = threading.RLock()
        self._bots: dict[Path, Bot] = {}

    def load_all(self) -> None:
        """Read every bot file of the folder."""
        for path in self.files():
            self.reload(path)

    def files(self) -> list[Path]:
        """The bot files, sorted."""
        return sorted(path for path in self.folder.iterdir() if path.suffix in SUFFIXES and path.is_file())

    def all(self) -> list[Bot]:
        """The bots, by file."""
        with self._lock:
            return [self._bots[path] for path in sorted(self._bots)]

    def get(self, name: str) -> Bot | None:
        """The bot of this name."""
        return next((bot for bot in self.all() if bot.name == name and not self._is_second(bot)), None)

    def reload(self, path: Path) -> Bot | None:
        """Read one file again: the bot as it is now, or None when the file is gone."""
        with self._lock:
            before = self._bots.get(path)
            if not path.is_file():
                self._bots.pop(path, None)
                return None
            bot = self._read(path, before)
            self._bots[path] = bot
        for problem in () if self._quiet else bot.problems:
            log.warning("%s", problem, extra={"bot": bot.name})
        return bot

    def touched_by(self, changed: Iterable[Path]) -> set[Path]:
        """The bot files that a set of changed files concerns: themselves, and those that use a changed step file or picture."""
        changed = set(changed)
        files = {path for path in changed if path.suffix in SUFFIXES}
        steps = {path.stem for path in changed if path.suffix == ".py"}
        shown = {path.name for path in changed if path.suffix in pictures.SUFFIXES}
        files |= {bot.path for bot in self.all() if bot.live and bot.live.bot.persona.avatar in shown}
        return files | {bot.path for bot in self.all() if steps & {snake(step) for step in bot.steps}}

    def restore(self, bot: Bot, yaml: str, version: int) -> Bot:
        """Give a bot whose file is broken its last good version, as the app has kept it."""
        try:
            live = self.loader.load(yaml, f"{bot.path.name} (version {version})")
        except BrokenBotFile as error:
            log.warning("the last version does not run either", extra={"bot": bot.name, "problem": str(error.problems[0])})
            return bot
        with self._lock:
            restored = replace(bot, live=live)
            if self._bots.get(bot.path) is bot:
                self._bots[bot.path] = restored
        return restored

    def _read(self, path: Path, before: Bot | None) -> Bot:
        live = before.live if before else None
        steps = before.steps if before else frozenset()
        text = ""
        try:
            text = read_text(path)
            steps = _step_names(text) or steps
            live = self._unique(self.loader.load(text, path.name), path)
        except BrokenBotFile as error:
            name = before.name if before else _guess(text, path)
            return Bot(name, path, live, tuple(error.problems), steps)
        return Bot(live.name, path, live, (), steps)

    def _unique(self, pipeline: Pipeline, path: Path) -> Pipeline:
        other = next((bot for bot in self.all() if bot.name == pipeline.name and bot.path != path), None)
        if other is not None:
            message = f"{other.path.name} already has the name {pipeline.name}; give this bot another"
            raise BrokenBotFile([Problem(path.name, 1, "name", message)])
        return pipeline

    def _is_second(self, bot: Bot) -> bool:
        """Whether an earlier file holds the name, and this one only says that it wants it."""
        return bot.live is None and any(one.name == bot.name and one.path != bot.path and one.live is not None for one in self.all())


def read_text(path: Path) -> str:
    """The text of a bot file. Raises BrokenBotFile when it is too big, no UTF-8, or cannot be read."""
    raw = read_bytes(path)
    if len(raw) > MAX_BYTES:
        raise BrokenBotFile([Problem(path.name, 1, "", f"the file is bigger than {MAX_BYTES:,} bytes")])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise BrokenBotFile([Problem(path.name, line, "", "this is not UTF-8 text; save the file as UTF-8")]) from None


def read_bytes(path: Path) -> bytes:
    """The bytes of a bot file, one more than it may have at most. Raises BrokenBotFile when it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BrokenBotFile([Problem(path.name, 1, "", f"the file cannot be read: {error.strerror}")]) from None


def _guess(text: str, path: Path) -> str:
    """The name of a bot whose file cannot be read: its `name:` line, or the file's own name."""
    found = _NAME_LINE.search(text)
    if found:
        return found[1]
    stem = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")
    return stem if NAME.fullmatch(stem) else f"bot-{stem}"[:41].rstrip("-")


def _step_names(text: str) -> frozenset[str]:
    """Every CamelCase word of a file: a superset of its steps, also when the file is broken; so that mending a step file reloads it."""
    return frozenset(re.findall(r"\b[A-Z][A-Za-z0-9]{0,60}\b", text))
