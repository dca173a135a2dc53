"""A conversation with a bot without any server: for the terminal, for a bot file's own `tests`, and for authors of steps."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pipeline.bot_file import Case
from pipeline.context import Blank, Screen, Surroundings
from pipeline.control import Control
from pipeline.loader import Loader
from pipeline.payload import NO_SECRETS, Secrets
from pipeline.pipeline import Pipeline
from pipeline.run import Point, run
from pipeline.trace import Outcome


@dataclass
class Rehearsal:
    """One conversation in a direct room that exists only here. It is also the run's `Ports`."""

    pipeline: Pipeline
    loader: Loader
    screen: Screen = field(default_factory=Blank)
    secrets: Secrets = NO_SECRETS
    asker: str = "you"
    control: Control = field(default_factory=Control)
    replies: list[str] = field(default_factory=list)
    _messages: list[dict[str, Any]] = field(default_factory=list)
    _room: str = field(default_factory=lambda: str(uuid.uuid4()))

    def say(self, text: str) -> Outcome:
        """Say something and have the bot answer. What it replied is in `replies`."""
        self.replies = []
        self._add(self.asker, text, is_bot=False)
        zone = self.pipeline.bot.timezone
        around = Surroundings(
            self.pipeline.name,
            zone,
            lambda: self.loader.agent(self.pipeline.granted),
            control=self.control,
            screen=self.screen,
            secrets=self.secrets,
        )
        return run(self.pipeline, Point(0, self._payload(zone)), self, around)

    def remember(self, text: str, *, is_bot: bool) -> None:
        """What was said before."""
        self._add(self.pipeline.name if is_bot else self.asker, text, is_bot=is_bot)

    def reply(self, key: str, body: str, metadata: dict[str, Any]) -> None:
        """The bot replied."""
        self.replies.append(body)
        self._add(self.pipeline.name, body, is_bot=True)

    def record(self, steps: list[dict[str, Any]]) -> None:
        """There is no app to record it in."""

    def checkpoint(self, point: Point) -> None:
        """A rehearsal that is broken off begins anew."""

    def _add(self, username: str, body: str, *, is_bot: bool) -> None:
        author = {"username": username, "name": username.capitalize(), "is_bot": is_bot}
        said = {"id": str(uuid.uuid4()), "position": len(self._messages) + 1, "author": author, "body": body}
        self._messages.append(said | {"created_at": datetime.now(UTC).isoformat()})

    def _payload(self, zone: str) -> dict[str, Any]:
        context = self._messages[-self.pipeline.bot.attend.context :]
        return {
            "run": str(uuid.uuid4()),
            "attempt": 1,
            "bot": {"name": self.pipeline.name, "version": 0},
            "room": {"id": self._room, "kind": "direct", "name": ""},
            "asker": {"username": self.asker, "name": self.asker.capitalize(), "timezone": zone},
            "trigger": [context[-1]["id"]],
            "messages": context,
        }


def missed(case: Case, rehearsal: Rehearsal) -> list[str]:
    """What a test of a bot file expected and did not get, in plain words; [] when it passes."""
    outcome = Outcome("silent")
    for text in case.say:
        outcome = rehearsal.say(text)
        if outcome.outcome == "failed":
            return [f"it failed: {outcome.explanation}"]
    expect, reply = case.expect, "\n\n".join(rehearsal.replies)
    if expect.silent != (outcome.outcome == "silent"):
        return ["it said nothing"] if outcome.outcome == "silent" else [f"it was to be silent, and said: {_short(reply)}"]
    wrong = [f'"{wanted}" is not in: {_short(reply)}' for wanted in expect.contains if wanted.casefold() not in reply.casefold()]
    wrong += [f'"{unwanted}" is in: {_short(reply)}' for unwanted in expect.lacks if unwanted.casefold() in reply.casefold()]
    if expect.equals is not None and reply.strip() != expect.equals.strip():
        wrong.append(f'"{_short(expect.equals)}" was expected, and it said: {_short(reply)}')
    return wrong


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 160 else line[:159] + "…"
