"""Custom steps: Python files of the operator's, beside the bot files.

`KidsJournalEntry` is the class of that name in `kids_journal_entry.py`, and no other file is ever opened. A file is read again when it
has changed on disk; one that broke keeps its last good class until it is mended, where the caller wishes that.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import sys
import threading
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from pipeline.problem import BrokenBotFile, Problem, nearest
from steps import Step

_WORD_ENDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def snake(name: str) -> str:
    """`KidsJournalEntry` to `kids_journal_entry`."""
    return _WORD_ENDS.sub("_", name).lower()


@dataclass(frozen=True)
class CustomStep:
    """A class found in a file, and the SHA-256 of the file's bytes."""

    step: type[Step]
    code_hash: str


class CustomSteps:
    """The custom steps of one folder."""

    def __init__(self, folder: Path, *, keep_last_good: bool = False) -> None:
        """`keep_last_good`: go on with a file's last good class when the file breaks (workers do; checks do not)."""
        self._folder = folder
        self._keep = keep_last_good
        self._lock = threading.Lock()
        self._good: dict[str, tuple[tuple[int, int, int], CustomStep]] = {}

    def path(self, name: str) -> Path | None:
        """The file of a custom step; None when there is none. A link that leads out of the folder is none."""
        path = self._folder / f"{snake(name)}.py"
        try:
            inside = path.resolve(strict=True).is_relative_to(self._folder.resolve())
        except (OSError, RuntimeError):
            return None
        return path if inside and path.is_file() else None

    def names(self) -> list[str]:
        """The class names that the folder's files are named for: to suggest near ones."""
        return [
            "".join(part.capitalize() for part in path.stem.split("_"))
            for path in sorted(self._folder.glob("*.py"))
            if path.stem != "__init__"
        ]

    def find(self, name: str) -> CustomStep | None:
        """The custom step; None when there is no file for it. Raises BrokenBotFile naming the file and line where its code breaks."""
        path = self.path(name)
        if path is None:
            return None
        with self._lock:
            known = self._good.get(name)
            try:
                status = path.stat()
                stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
                if known and known[0] == stamp:
                    return known[1]
                found = _loaded(path, name)
            except (BrokenBotFile, OSError):
                if known and self._keep:
                    return known[1]
                raise
            self._good[name] = (stamp, found)
            return found


def _loaded(path: Path, name: str) -> CustomStep:
    code = path.read_bytes()
    code_hash = hashlib.sha256(code).hexdigest()
    module = _executed(path, code, f"bot_config_step_{path.stem}_{code_hash[:12]}")
    step = getattr(module, name, None)
    if not isinstance(step, type):
        classes = [found for found, value in vars(module).items() if isinstance(value, type) and value.__module__ == module.__name__]
        raise BrokenBotFile([Problem(path.name, 1, "", f"there is no class {name} in this file", nearest(name, classes))])
    if not issubclass(step, Step):
        raise BrokenBotFile(
            [Problem(path.name, 1, name, f"a custom step builds on Step: `from steps import Step` and `class {name}(Step):`")]
        )
    if "process" in getattr(step, "__abstractmethods__", ()):
        raise BrokenBotFile([Problem(path.name, 1, name, "a step needs a method `process(self, payload)` that returns the payload")])
    return CustomStep(step, code_hash)


def _executed(path: Path, code: bytes, module_name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise BrokenBotFile([Problem(path.name, 1, "", "this file cannot be read as Python")])
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module  # dataclasses and pydantic look the module up while its classes are made
    try:
        exec(compile(code, str(path), "exec"), module.__dict__)  # noqa: S102 (the operator's own code; compiled from the bytes that were hashed)
    except (Exception, SystemExit) as error:  # noqa: BLE001 (the file may raise anything; it becomes the file's problem)
        sys.modules.pop(module_name, None)
        raise BrokenBotFile([Problem(path.name, _broke_at(error, path), "", _said(error))]) from None
    return module


def _broke_at(error: BaseException, path: Path) -> int:
    """The line of the file where its code broke."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno or 1
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return (lines[-1] if lines else None) or 1


def _said(error: BaseException) -> str:
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"its Python stops with {type(error).__name__}: {text[:200]}"
