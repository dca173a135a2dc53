"""Where bot files are made: the bot manager, asked over HTTP. It alone writes files; the app keeps the versions (DESIGN §5).

    version = workshop.save("echo", yaml, base=3, by=bea).version

Requests are signed like deliveries, with a key of their own, over method, path and body.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any

from django.conf import settings

from bots import saving
from bots.errors import BadInput, ChatError
from bots.signing import signed
from lib.database import let_go
from lib.errors import OutboundError
from lib.outbound import MOST_BYTES, ask

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accounts.models import User

# A save runs the bot's cases, and each may wait for a model.
SECONDS = 20.0
LONG_SECONDS = 180.0
# A trial tells its text again and again while it grows, and nobody keeps it.
MOST_OF_A_TRIAL = 20 * MOST_BYTES
# Each keeps a thread of the pages: there are 64, and most are for those who chat (W17).
AT_ONCE = BoundedSemaphore(24)
BUSY = "Many ask the bot server at the moment. Your text is still here; try again soon."


class WorkshopAway(ChatError):
    code = "workshop_away"
    status = 503


class ChangedMeanwhile(ChatError):
    """Somebody else's text has come between. `yaml` is what the file says now, and `seen` what to send to replace it all the same."""

    code = "changed_meanwhile"
    status = 409

    def __init__(self, message: str, yaml: str = "", seen: str = "") -> None:
        super().__init__(message)
        self.yaml, self.seen = yaml, seen


class HeldBack(ChatError):
    """The text does not load, or its cases fail: nothing was written, and the last good version goes on."""

    code = "held_back"
    status = 422

    def __init__(self, problems: list[dict[str, Any]], cases: list[dict[str, Any]]) -> None:
        self.problems, self.cases = problems, cases
        super().__init__(_held_back(problems, cases))
        missed = {case["case"][:80]: case["missed"] for case in cases if not case["passed"]}
        self.fields = {f"line {one['line']}": f"{one['key']}: {one['message']}" for one in problems} | missed


@dataclass(frozen=True)
class Checked:
    """What the manager says of a text. Without problems it loads; a `reason` says why it would be off here."""

    name: str
    problems: list[dict[str, Any]] = field(default_factory=list)
    steps: list[dict[str, str]] = field(default_factory=list)
    reason: str = ""


@dataclass(frozen=True)
class Saved:
    """The version that is live now."""

    name: str
    version: int
    status: str
    reason: str = ""


def check(yaml: str, name: str | None = None) -> Checked:
    """Look for mistakes, without running anything. With `name`, the text must be that bot's."""
    said = _asked("POST", "/checks", {"yaml": yaml, "name": name})
    return Checked(said["name"], said["problems"], said["steps"], said["reason"])


def save(bot_name: str, yaml: str, base: int | None, by: User, *, seen: str = "") -> Saved:
    """Write the bot's file and make it live. `base` is the version the text was made from, None for a new bot.

    Raises HeldBack, ChangedMeanwhile, WorkshopAway; all are ChatErrors with words to show. Whether `by` may do it is not asked here.
    """
    body = {"yaml": yaml, "base": base, "by": by.username, "seen": seen, "spent": saving.spent(by, bot_name)}
    said = _asked("POST", f"/files/{bot_name}", body, seconds=LONG_SECONDS, used=lambda used: saving.used_by(by, bot_name, used))
    saving.written_by(by, bot_name, int(said["version"]), is_new=base is None)
    return Saved(bot_name, int(said["version"]), said["status"], said["reason"])


def current(bot_name: str) -> str | None:
    """The text of the bot's file as it is on disk, working or not; None when there is none."""
    text: str | None = _asked("GET", f"/files/{bot_name}")["yaml"]
    return text


def run_cases(yaml: str, name: str | None, by: User | None = None) -> list[dict[str, Any]]:
    """[{"case", "passed", "missed"}] of a text that loads. Raises HeldBack when it does not. What they use counts as asked by `by`."""

    def book(used: list[dict[str, Any]]) -> None:
        if by and name:
            saving.used_by(by, name, used)

    cases: list[dict[str, Any]] = _asked("POST", "/cases", {"yaml": yaml, "name": name}, seconds=LONG_SECONDS, used=book)["cases"]
    return cases


@contextlib.contextmanager
def trial(yaml: str, name: str | None, said: Mapping[str, Any], asker: User) -> Iterator[Iterator[bytes]]:
    """Let an unsaved bot go on with what was `said`: "messages" ({"by": "you" | "bot", "text"}), the last of which it answers, or an
    "answer" to what it has asked. Lines of JSON, as they come: {"text"} and {"activity"} while it works, {} to show that it is there, and
    at last {"outcome", "explanation", "replies", "steps", "usage", "used", "sent", "asks"}."""
    who = {"username": asker.username, "name": asker.label, "timezone": asker.timezone}
    body = {"yaml": yaml, "name": name, "asker": who, **said}
    with _open("POST", "/trials", body, LONG_SECONDS, MOST_OF_A_TRIAL) as (status, chunks):
        if status != 200:
            _refuse(status, _read(b"".join(chunks)))
        yield chunks


def schema() -> dict[str, Any]:
    """The JSON Schema of bot files."""
    return _asked("GET", "/schema")


def templates() -> list[dict[str, str]]:
    """[{"name", "title", "about", "yaml"}] to begin with."""
    found: list[dict[str, str]] = _asked("GET", "/templates")["templates"]
    return found


def _asked(
    method: str, path: str, body: dict[str, Any] | None = None, seconds: float = SECONDS, used: Callable[[list[Any]], None] | None = None
) -> dict[str, Any]:
    """The answer; `used` hears what cases have used, whatever came of them."""
    if not AT_ONCE.acquire(blocking=False):
        raise WorkshopAway(BUSY)
    try:
        with _open(method, path, body, seconds) as (status, chunks):
            said = _read(b"".join(chunks))
    finally:
        AT_ONCE.release()
    if used and said.get("used"):
        used(said["used"])
    if status != 200:
        _refuse(status, said)
    return said


@contextlib.contextmanager
def _open(
    method: str, path: str, body: dict[str, Any] | None, seconds: float, most: int = MOST_BYTES
) -> Iterator[tuple[int, Iterator[bytes]]]:
    if not settings.BOT_KEY:
        raise WorkshopAway("Bots cannot be edited here: BOT_KEY is not set for the chat. The operator can set it in .env.")
    packed = b"" if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    headers = signed(_key(), f"{method} {path}\n".encode() + packed)
    let_go()
    try:
        with ask(method, f"{settings.BOT_API}{path}", packed, headers, seconds=seconds, most=most) as answer:
            yield answer
    except OutboundError as error:
        raise WorkshopAway("The bot server cannot be reached at the moment. Your text is still here; try again soon.") from error


def _key() -> str:
    """The app's own secret towards the manager, from the key that both have."""
    return hmac.new(settings.BOT_KEY.encode(), b"app", hashlib.sha256).hexdigest()


def _read(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise WorkshopAway("The bot server gave an answer that cannot be read. Try again soon.")
    return said


def _refuse(status: int, said: dict[str, Any]) -> None:
    error = said.get("error") or {}
    if error.get("code") in ("not_asked", "answer_unfit", "budget_spent"):
        raise BadInput(error["message"])
    if status == 409:
        raise ChangedMeanwhile(error.get("message", ""), said.get("yaml", ""), said.get("seen", ""))
    if status == 422 and ("problems" in said or "cases" in said):
        raise HeldBack(said.get("problems", []), said.get("cases", []))
    if status == 503:
        raise WorkshopAway(error.get("message", "The bot server is busy. Try again soon."))
    raise WorkshopAway(f"The bot server refused it: {error.get('message', status)}")


def _held_back(problems: list[dict[str, Any]], cases: list[dict[str, Any]]) -> str:
    if problems:
        first = problems[0]
        more = f" And {len(problems) - 1} more." if len(problems) > 1 else ""
        about = f"{first['key']}: " if first["key"] else ""
        hint = f" Did you mean “{first['hint']}”?" if first["hint"] else ""
        return f"Not saved, since the file does not load. Line {first['line']}: {about}{first['message']}.{hint}{more}"
    missed = [case for case in cases if not case["passed"]]
    return f"Not saved, since {len(missed)} of {len(cases)} cases failed. “{missed[0]['case']}”: {missed[0]['missed']}"
