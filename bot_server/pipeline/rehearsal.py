"""A conversation with a bot without any server: for the terminal, for a bot file's own `tests`, and for authors of steps."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from errors import BotServerError, StepError
from pipeline.approving import canonical, sha256_of
from pipeline.bot_file import Case
from pipeline.context import Blank, Screen, Surroundings, present
from pipeline.control import Control
from pipeline.loader import Loader
from pipeline.payload import NO_SECRETS, Payload, Secrets, expanded
from pipeline.pipeline import Pipeline
from pipeline.run import Point, run
from pipeline.trace import Outcome
from steps import Attachment

MAX_HOPS = 3


class People(Protocol):
    """Who decides and answers in a rehearsal."""

    def decide(self, told: Mapping[str, Any]) -> Mapping[str, str] | None:
        """Approve what is `told` ({"title", "content", …}), with these texts in place of those of the parts so named. None: no."""

    def answer(self, told: Mapping[str, Any]) -> Any:
        """The answer to a question ({"text", "question", "choices", …}). None: nobody answers."""


@dataclass
class Rehearsal:
    """One conversation in a direct room that exists only here. It is also the run's `Ports`.

    Without `people`, a run that asks ends as `waiting`. Work is handed to the bot of that name in the same folder. What would be sent to
    others is in `sent`, as (username, text), and goes nowhere.
    """

    pipeline: Pipeline
    loader: Loader
    screen: Screen = field(default_factory=Blank)
    secrets: Secrets = NO_SECRETS
    asker: str = "you"
    control: Control = field(default_factory=Control)
    people: People | None = None
    replies: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    sent: list[tuple[str, str]] = field(default_factory=list)
    files: dict[str, Attachment] = field(default_factory=dict)
    now: Callable[[], datetime] = present
    hops: int = 0
    _messages: list[dict[str, Any]] = field(default_factory=list)
    _room: str = field(default_factory=lambda: str(uuid.uuid4()))
    _recorded: list[dict[str, Any]] = field(default_factory=list)
    _approved: dict[str, str] = field(default_factory=dict)

    def say(self, text: str) -> Outcome:
        """Say something and have the bot answer. What it replied is in `replies`, what it asked in `asked`."""
        self.replies, self.asked = [], []
        self._add(self.asker, text, is_bot=False)
        return self.go_on(Point(0, expanded(self._payload(), self.pipeline.bot)))

    def go_on(self, point: Point) -> Outcome:
        """Run from a point on, with all that is asked on the way."""
        self._recorded = []
        outcome = self._run(point)
        while (told := outcome.waiting) is not None:
            answer = self._answer(told)
            if answer is None:
                break
            if isinstance(answer, Outcome):
                outcome = replace(answer, steps=outcome.steps, usage=outcome.usage)
                break
            outcome = self._run(Point(told["step"], told["payload"], bool(self.replies), outcome.steps, outcome.usage, answer))
        return replace(outcome, steps=[*self._recorded, *outcome.steps])

    def remember(self, text: str, *, is_bot: bool) -> None:
        """What was said before."""
        self._add(self.pipeline.name if is_bot else self.asker, text, is_bot=is_bot)

    def reply(self, key: str, body: str, metadata: dict[str, Any]) -> None:
        """The bot replied."""
        self.replies.append(body)
        self._add(self.pipeline.name, body, is_bot=True)

    def conclude(self, key: str, body: str, metadata: dict[str, Any], outcome: Outcome) -> bool:
        """There is nobody to tell."""
        return False

    def send(self, key: str, approval: str) -> None:
        """What was approved would be sent now: exactly that."""
        texts = {part["kind"]: part["text"] for part in json.loads(self._approved[approval])["parts"]}
        self.sent.append((texts["recipients"], texts["text"]))

    def begin(self, approval: str) -> bool:
        """Nobody dies over it here."""
        return True

    def broke_off(self, approval: str) -> None:
        """Nothing was noted."""

    def tokens_left(self) -> tuple[int | None, str]:
        """There is no budget here."""
        return None, ""

    def record(self, steps: list[dict[str, Any]]) -> None:
        """There is no app to record it in; it is in the outcome."""
        self._recorded.extend(steps)

    def checkpoint(self, point: Point) -> None:
        """A rehearsal that is broken off begins anew."""

    def _run(self, point: Point) -> Outcome:
        around = Surroundings(
            self.pipeline.name,
            self.pipeline.bot.timezone,
            lambda: self.loader.agent(self.pipeline.granted),
            control=self.control,
            screen=self.screen,
            secrets=self.secrets,
            attachment=self._attachment,
            now=self.now,
        )
        return run(self.pipeline, point, self, around)

    def _attachment(self, reference: str) -> Attachment:
        if reference not in self.files:
            raise StepError("There is no such attachment here.", code="no_attachment")
        return self.files[reference]

    def _answer(self, told: dict[str, Any]) -> dict[str, Any] | Outcome | None:
        """What the app would answer later; an outcome when that is a no; None when nobody is there to ask."""
        if told["kind"] == "delegation":
            return self._delegated(told["to"], told["body"])
        self.asked.append(told["title"] if told["kind"] == "approval" else told["text"])
        if self.people is None:
            return None
        if told["kind"] == "question":
            value = self.people.answer(told)
            no = Outcome("cancelled", "no_answer", f"Nobody answered “{told['text']}”, so I stopped.")
            return no if value is None else {"kind": "question", "id": str(uuid.uuid4()), "value": value, "by": self.asker}
        texts = self.people.decide(told)
        if texts is None:
            return Outcome("cancelled", "rejected", f"{self.asker.capitalize()} rejected “{told['title']}”.")
        content = edited(told["content"], texts)
        answer = {"kind": "approval", "id": str(uuid.uuid4()), "content": content, "sha256": sha256_of(content), "by": self.asker}
        self._approved[answer["id"]] = content
        return answer

    def _delegated(self, to: str, body: str) -> dict[str, Any]:
        """Another bot's work, as the app would tell of it."""
        callee = neighbour(self.loader, to)
        if callee is None or callee.status == "off" or self.hops >= MAX_HOPS:
            why = "It is off." if callee else "There is no such bot here."
            outcome = Outcome("failed", explanation="Work was passed on too often." if self.hops >= MAX_HOPS else why)
            replies: list[str] = []
        else:
            other = self._other(callee)
            other.hops, other.sent, other.files, other.now = self.hops + 1, self.sent, self.files, self.now
            outcome, replies = other.say(body), other.replies
            self.asked += other.asked
        said = outcome.explanation or ("It asks somebody, and nobody is here." if outcome.outcome == "waiting" else "")
        return {
            "kind": "delegation", "id": str(uuid.uuid4()), "outcome": outcome.outcome, "replies": replies, "explanation": said,
        }  # fmt: skip

    def _other(self, callee: Pipeline) -> Rehearsal:
        return Rehearsal(callee, self.loader, self.screen, self.secrets, self.asker, self.control, self.people)

    def _add(self, username: str, body: str, *, is_bot: bool) -> None:
        author = {"username": username, "name": username.capitalize(), "is_bot": is_bot}
        said = {"id": str(uuid.uuid4()), "position": len(self._messages) + 1, "author": author, "body": body}
        self._messages.append(said | {"created_at": self.now().isoformat()})

    def _payload(self) -> Payload:
        context = self._messages[-self.pipeline.bot.attend.context :]
        return {
            "run": str(uuid.uuid4()),
            "attempt": 1,
            "bot": {"name": self.pipeline.name, "version": 0},
            "room": {"id": self._room, "kind": "direct", "name": ""},
            "asker": {"username": self.asker, "name": self.asker.capitalize(), "timezone": self.pipeline.bot.timezone},
            "trigger": [context[-1]["id"]],
            "messages": context,
        }


def edited(content: str, texts: Mapping[str, str]) -> str:
    """An approval's content with other texts in the parts so named."""
    told = json.loads(content)
    for part in told["parts"]:
        if part.get("editable") and part.get("name") in texts:
            part["text"] = texts[part["name"]]
    return canonical(told)


def neighbour(loader: Loader, name: str) -> Pipeline | None:
    """The bot of this name in the same folder; None when there is none that works."""
    for path in sorted([*loader.folder.glob("*.yaml"), *loader.folder.glob("*.yml")]):
        try:
            found = loader.load(path.read_text(encoding="utf-8"), path.name)
        except (BotServerError, OSError, UnicodeDecodeError):
            continue
        if found.name == name:
            return found
    return None


@dataclass
class Scripted:
    """People who answer in the order of a test's `answers`, and say no when there are none left. `texts`: what they change before a yes."""

    answers: list[str]
    texts: Mapping[str, str] = field(default_factory=dict)

    def decide(self, told: Mapping[str, Any]) -> Mapping[str, str] | None:
        """`yes` approves."""
        return self.texts if self._next().casefold() == "yes" else None

    def answer(self, told: Mapping[str, Any]) -> Any:
        """The next answer, as a number where one is asked for."""
        said = self._next()
        return value_of(said, told) if said else None

    def _next(self) -> str:
        return self.answers.pop(0) if self.answers else ""


def value_of(said: str, told: Mapping[str, Any]) -> Any:
    """What somebody typed, as the answer to a question. None when it does not fit."""
    if told["question"] == "number":
        try:
            number = float(said.replace(",", "."))
        except ValueError:
            return None
        return None if not math.isfinite(number) else int(number) if number.is_integer() else number
    if told["question"] == "choice":
        by_number = dict(enumerate(told["choices"], 1))
        wanted = by_number.get(int(said)) if said.isdecimal() and said not in told["choices"] else said
        return next((choice for choice in told["choices"] if choice.casefold() == str(wanted).casefold()), None)
    return said


def missed(case: Case, rehearsal: Rehearsal) -> list[str]:
    """What a test of a bot file expected and did not get, in plain words; [] when it passes."""
    outcome = Outcome("silent")
    rehearsal.people = Scripted(list(case.answers))
    for text in case.say:
        outcome = rehearsal.say(text)
        if outcome.outcome == "failed":
            return [f"it failed: {outcome.explanation}"]
    expect, reply = case.expect, "\n\n".join(rehearsal.replies)
    asked = " ".join(rehearsal.asked)
    if expect.asks is not None and expect.asks.casefold() not in asked.casefold():
        return [f'it was to ask "{_short(expect.asks)}", and asked: {_short(asked) or "nothing"}']
    if expect.silent != (not rehearsal.replies):
        why = f". {outcome.explanation}" if outcome.explanation else ""
        return [f"it said nothing{why}"] if not rehearsal.replies else [f"it was to be silent, and said: {_short(reply)}"]
    wrong = [f'"{wanted}" is not in: {_short(reply)}' for wanted in expect.contains if wanted.casefold() not in reply.casefold()]
    wrong += [f'"{unwanted}" is in: {_short(reply)}' for unwanted in expect.lacks if unwanted.casefold() in reply.casefold()]
    if expect.equals is not None and reply.strip() != expect.equals.strip():
        wrong.append(f'"{_short(expect.equals)}" was expected, and it said: {_short(reply)}')
    return wrong


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 160 else line[:159] + "…"
