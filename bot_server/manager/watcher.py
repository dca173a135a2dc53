"""Reloads what changed on disk: the changed bot file, or the bots that use a changed step file, and no other bot."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from pathlib import Path

import watchfiles

from manager.examiner import Examiner
from manager.library import Library
from manager.registration import Registrar
from pipeline import pictures

log = logging.getLogger(__name__)

WATCHED = (".yaml", ".yml", ".py", *pictures.SUFFIXES)


class Watcher:
    """Watches the bot folder, not the folders in it."""

    def __init__(self, library: Library, registrar: Registrar, examiner: Examiner | None = None) -> None:
        self._library = library
        self._registrar = registrar
        self._examiner = examiner

    def loop(self, stop: threading.Event) -> None:
        """Watch until `stop`. What changed before the watching began is found by reading everything once more."""
        self._look_again()
        changes = watchfiles.watch(self._library.folder, watch_filter=_wanted, stop_event=stop, recursive=False, debounce=200, step=50)
        for batch in changes:
            self.apply(Path(path) for _, path in batch)

    def apply(self, changed: Iterable[Path]) -> None:
        """Reload what these files concern."""
        for path in sorted(self._library.touched_by(changed)):
            self._reload(path)

    def _look_again(self) -> None:
        known = {bot.path for bot in self._library.all()}
        for path in sorted(known | set(self._library.files())):
            before = next((bot for bot in self._library.all() if bot.path == path), None)
            if before is None or before.live is None or not path.is_file() or before.live.text.encode() != path.read_bytes():
                self._reload(path)

    def _reload(self, path: Path) -> None:
        before = next((bot for bot in self._library.all() if bot.path == path), None)
        after = self._library.reload(path)
        if before is not None and (after is None or after.name != before.name):
            self._registrar.removed(before)
        if after is not None and after != before:
            log.info("reloaded", extra={"bot": after.name, "problems": len(after.problems)})
            self._registrar.changed(after.name)
            if self._examiner is not None:
                self._examiner.changed(after.name)


def _wanted(_: watchfiles.Change, path: str) -> bool:
    name = Path(path)
    return name.suffix in WATCHED and not name.name.startswith((".", "#"))
