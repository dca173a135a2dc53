"""What is wrong with a bot file, said so that the person who wrote it can mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from errors import BotFileError


@dataclass(frozen=True)
class Problem:
    """One fault: the file, the line (from 1), the key it is about ("" for the whole file), what is wrong, the nearest valid word."""

    file: str
    line: int
    key: str
    message: str
    nearest: str = ""

    def __str__(self) -> str:
        """`echo.yaml:4: steps.1.modle: there is no such key. Did you mean "model"?`."""
        place = f"{self.file}:{self.line}: "
        key = f"{self.key}: " if self.key else ""
        hint = f'. Did you mean "{self.nearest}"?' if self.nearest else ""
        return f"{place}{key}{self.message}{hint}"

    def as_json(self) -> dict[str, str | int]:
        """The same as a dict, for `check --json` and for the browser."""
        return asdict(self)


class BrokenBotFile(BotFileError):
    """A bot file that cannot be used. `problems` holds everything that is wrong with it, in the order of the file; never empty."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: problem.line)
        super().__init__("\n".join(map(str, self.problems)))


def nearest(word: str, words: Iterable[str]) -> str:
    """The valid word most like `word`, or "" when none is like it."""
    by_lower = {valid.lower(): valid for valid in words}
    found = difflib.get_close_matches(str(word).lower()[:80], by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else ""
