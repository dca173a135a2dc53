"""A conversation at a terminal: text as it grows, and people who are asked there."""

from __future__ import annotations

import json
import mimetypes
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.rehearsal import Rehearsal, value_of
from pipeline.trace import Outcome
from steps import Attachment

BYE = {"/quit", "/exit", "/bye"}
UNFIT = {"number": "That is no number.", "choice": "That is none of them. Give the number of one, or its word."}
MAX_FILE = 10 * 1024 * 1024


class Terminal:
    """Shows text as it grows. What was shown cannot be taken back: a text that begins anew begins on a new line."""

    def __init__(self) -> None:
        self._shown = ""

    def show(self, text: str, step: str, activity: str) -> None:
        """The text so far."""
        if self._shown and not text.startswith(self._shown):
            sys.stdout.write("\n")
            self._shown = ""
        sys.stdout.write(text[len(self._shown) :])
        sys.stdout.flush()
        self._shown = text or self._shown

    def pause(self) -> None:
        """Somebody is asked something now: begin a new line. What is said after that is said whole."""
        self._end_line()
        self._shown = ""

    def finish(self, talk: Rehearsal, outcome: Outcome) -> None:
        """The replies, unless the last one has been shown as it grew; what would be sent; and how it ended, if it did not reply."""
        self._end_line()
        for reply in talk.replies:
            if reply.strip() != self._shown.strip():
                say(reply)
        self._shown = ""
        for to, text in talk.sent:
            say(f"[would be sent to {to}: {text}]")
        talk.sent.clear()
        if outcome.outcome in ("failed", "cancelled"):
            say(f"[{outcome.outcome}: {outcome.explanation}]")
        elif outcome.outcome == "silent":
            say("[it says nothing]")

    def _end_line(self) -> None:
        if self._shown:
            sys.stdout.write("\n")


class Asked:
    """Whoever sits at the terminal decides and answers (`pipeline.rehearsal.People`). The end of the input is a no."""

    def __init__(self, screen: Terminal, files: dict[str, Attachment]) -> None:
        """`files`: where files that are given as answers go, for steps to read."""
        self._screen = screen
        self._files = files

    def decide(self, told: Mapping[str, Any]) -> Mapping[str, str] | None:
        """Show every part, and ask."""
        self._screen.pause()
        say(told["title"])
        parts = json.loads(told["content"])["parts"]
        for part in parts:
            say("\n".join([f"  {part['label']}:", *(f"    {line}" for line in part["text"].splitlines())]))
        editable = [part for part in parts if part.get("editable") and part.get("name")]
        choices = "yes, no or edit" if editable else "yes or no"
        while (said := heard(f"Approve? ({choices}) ")) is not None:
            word = said.strip().casefold()
            if word in ("y", "yes"):
                return {}
            if word in ("n", "no"):
                return None
            if word in ("e", "edit") and editable:
                return {part["name"]: _edited(part) for part in editable}
        return None

    def answer(self, told: Mapping[str, Any]) -> Any:
        """Ask until the answer fits."""
        self._screen.pause()
        say(told["text"])
        for number, choice in enumerate(told["choices"], 1):
            say(f"  {number}. {choice}")
        prompt = {"choice": "Which? ", "number": "A number: ", "file": "A file: "}.get(told["question"], "Answer: ")
        while (said := heard(prompt)) is not None:
            value = self._file(said.strip()) if told["question"] == "file" else value_of(said.strip(), told)
            if value not in (None, ""):
                return value
            if told["question"] in UNFIT and said.strip():
                say(UNFIT[told["question"]])
        return None

    def _file(self, name: str) -> dict[str, Any] | None:
        path = Path(name).expanduser()
        if not name or not path.is_file() or path.stat().st_size > MAX_FILE:
            say(f"There is no such file here, or it is bigger than {MAX_FILE // 1024 // 1024} MB.")
            return None
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        reference, data = str(uuid.uuid4()), path.read_bytes()
        self._files[reference] = Attachment(path.name, kind, data)
        shown = "image" if kind.startswith("image/") else "file"
        return {"id": reference, "name": path.name, "kind": shown, "content_type": kind, "size": len(data)}


def heard(prompt: str = "> ") -> str | None:
    """A line that was typed; None at the end of the input and when somebody takes leave."""
    try:
        said = input(prompt)
    except (EOFError, KeyboardInterrupt):
        say("")
        return None
    return None if said.strip() in BYE else said


def say(text: str) -> None:
    """A line for the reader."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def complain(text: str) -> int:
    """What is wrong with the command; its exit code."""
    sys.stderr.write(f"{text}\n")
    return 2


def _edited(part: Mapping[str, Any]) -> str:
    """Other words for a part; the same when nothing is typed."""
    say(f"  {part['label']}, anew; an empty line ends it:")
    lines = []
    while (line := heard("  | ")) is not None and line.strip():
        lines.append(line)
    return "\n".join(lines) or str(part["text"])
