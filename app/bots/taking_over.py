"""A person goes on where a bot stood still (C26): with a payload of their own, past the step, or by writing the answer themselves.

None of this is a way around an approval (I5). A step that waits for one is not passed over, and what was approved is not changed after.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from bots import placing, secrecy, traces
from bots.errors import BadInput, ChatError, NotAllowed
from bots.models import Approval, Run, RunStep
from bots.models.approval import APPROVED
from bots.models.run import CANCELLED, FAILED, REPLIED, SILENT, TAKEN_OVER
from bots.models.step import DONE
from bots.resuming import IDENTITY, Beginning, end_waiting, follow, known, known_input, must_be_heard, must_find_its_bot, successor
from chat.limits import clean_body

if TYPE_CHECKING:
    from accounts.models import User

MAX_BYTES = 256 * 1024
PAYLOAD, OUTPUT, SKIP, ANSWER = "payload", "output", "skip", "answer"
WAYS = (PAYLOAD, OUTPUT, SKIP, ANSWER)
ASKS = "Approve"  # the step that does nothing but ask
ANCESTORS = 50


class BadPayload(BadInput):
    """What a person wrote is no payload. It says where."""

    code = "bad_payload"


class NotStuck(ChatError):
    """There is nothing to take over."""

    code = "not_stuck"
    status = 409


def take_over(run: Run, by: User, way: str, text: str = "", key: str = "") -> Run:
    """The new run that goes on as this person says. `text` is the payload as JSON, or the answer."""
    run.must_be_steered_by(by)
    if way not in WAYS:
        raise BadInput("Take over by editing the payload, supplying the output, skipping the step or writing the answer.", way="is unknown")
    if way == ANSWER:
        return _answer(run, by, clean_body(text), key)
    return _go_on(run, by, way, text, key)


def _go_on(run: Run, by: User, way: str, text: str, key: str) -> Run:
    with run.held() as held:
        if key and (made := known(held, TAKEN_OVER, key, Beginning(0, {}, by), None)):
            return made
        step = must_be_stuck(held)
        must_find_its_bot(held)
        must_not_evade(held, step, way)
        given = known_input(held, step)
        payload = given if way == SKIP else parsed(text, given)
        end_waiting(held, by)
        made = follow(held, TAKEN_OVER, Beginning(step if way == PAYLOAD else step + 1, payload, by), key=key, version=held.version)
        if way != PAYLOAD:
            said = f"{by.label} skipped this step." if way == SKIP else f"{by.label} supplied the output of this step."
            _record(made, step, step_name(held, step), said, given, payload)
        return made


def _record(run: Run, step: int, name: str, said: str, given: dict[str, Any], payload: dict[str, Any]) -> None:
    """The trace of the new run says who did the step."""
    changed = {key: value for key, value in payload.items() if key not in given or given[key] != value}
    gone: dict[str, Any] = dict.fromkeys(key for key in given if key not in payload)
    RunStep.objects.create(
        run=run, index=step, attempt=0, name=name or "Step", state=DONE, summary=said, before=given, changed=changed | gone, after=payload
    )


def _answer(run: Run, by: User, body: str, key: str) -> Run:
    """The person's own words, in the bot's name and marked as theirs."""
    with run.held() as held:
        made = successor(held, TAKEN_OVER, key, held.version)
        made.regenerates = held.regenerates  # what should have stood beside an answer stands there
        if key and (done := Run.objects.filter(pk=made.pk).first()):
            return done
        if held.outcome not in ("", FAILED, CANCELLED, SILENT):
            raise NotStuck("This run has answered. Correct its answer in the room instead.")
        must_be_heard(held)
        must_not_be_answered(held)
        end_waiting(held, by)
        made.end_at_once(REPLIED)
        about = {"run": str(made.pk), "by_hand": {"username": by.username, "name": by.label}}
        placing.say(made, body, client_id=f"{made.pk}:by-hand", metadata=about)
        return made


def must_be_stuck(run: Run) -> int:
    step = traces.stuck_at(run)
    if step is None:
        raise NotStuck("This run does not stand still at a step, so there is nothing to take over.")
    return step


def must_not_be_answered(run: Run) -> None:
    """Two people, or one in two pages: the second would answer beside the first."""
    if run.successors.filter(outcome=REPLIED).exists():
        raise NotStuck("A later run has answered this already. Correct its answer in the room instead.")


def must_not_evade(run: Run, step: int, way: str) -> None:
    why = evades(run, step, way)
    if why:
        raise NotAllowed(why)


def evades(run: Run, step: int, way: str) -> str:
    """Why this way on would go around an approval, in plain words; empty when it does not (I5)."""
    family = _family(run)
    asked = Approval.objects.filter(run__in=family)
    if way in (SKIP, OUTPUT) and (step_name(run, step) == ASKS or asked.filter(step=step).exclude(state=APPROVED).exists()):
        return "This step asks for an approval, and cannot be passed over. Edit the payload to have it ask again."
    if way in (PAYLOAD, OUTPUT) and asked.filter(step__lt=step, state=APPROVED).exists():
        return "What the run works on here was approved as it is. Replay the run to change it: then it asks again."
    return ""


def step_name(run: Run, step: int) -> str:
    """The name of a step, also of one that has not been done."""
    recorded = run.steps.filter(index=step).values_list("name", flat=True).first()
    planned = run.bot.steps[step] if 0 <= step < len(run.bot.steps) else {}
    return recorded or str(planned.get("name", ""))


def parsed(text: str, given: dict[str, Any]) -> dict[str, Any]:
    """The payload that a person wrote. Whose run it is stays as it was, and so do secrets that they left as they were shown."""
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise BadPayload(f"The payload has {size // 1024} KB. It may have {MAX_BYTES // 1024} KB.")
    payload = secrecy.restored(_object_in(text), given)
    return {**payload, **{key: given[key] for key in IDENTITY if key in given}}


def shown(payload: dict[str, Any]) -> str:
    """The payload as a person edits it: without secrets, and without what says whose run it is."""
    mine = {key: value for key, value in payload.items() if key not in IDENTITY}
    return json.dumps(secrecy.hidden(mine), ensure_ascii=False, indent=2)


def _object_in(text: str) -> dict[str, Any]:
    try:
        payload = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
        json.dumps(payload, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise BadPayload(f"Line {error.lineno}, column {error.colno}: this is not JSON. {_remedy(error.msg)}") from None
    except UnicodeEncodeError:
        raise BadPayload("The payload holds half a character (a lone surrogate such as \\ud83d), which cannot be stored.") from None
    except RecursionError:
        raise BadPayload("The payload is nested too deep.") from None
    except ValueError as error:
        raise BadPayload(str(error) if isinstance(error, BadNumber) else "A number in the payload is too long.") from None
    if not isinstance(payload, dict):
        raise BadPayload("Line 1, column 1: a payload is an object, so it begins with { and ends with }.")
    if "\\u0000" in text or "\0" in text:
        raise BadPayload("The payload holds the character NUL (\\u0000), which cannot be stored.")
    return payload


class BadNumber(ValueError):
    """JSON knows no such number."""


def _no_constant(name: str) -> None:
    raise BadNumber(f"JSON knows no {name}. Write null or a number.")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise BadNumber(f"The number {text[:30]} is too large. Write a smaller one.")
    return number


def _remedy(message: str) -> str:
    """What the parser found, in words that say what to do."""
    for found, words in REMEDIES.items():
        if message.startswith(found):
            return words
    return f"{message}."


REMEDIES = {
    "Expecting ',' delimiter": "A comma or a closing bracket is missing before this place.",
    "Expecting ':' delimiter": "A colon is missing after the name of this key.",
    "Expecting property name enclosed in double quotes": "A key in double quotes belongs here; after the last one there is no comma.",
    "Illegal trailing comma": "Take the comma after the last entry away.",
    "Expecting value": "A value is missing or misspelt here: text stands in double quotes; true, false and null without.",
    "Unterminated string": "This text has no closing double quote.",
    "Invalid control character": "A line break inside a text is written \\n.",
    "Invalid \\": "A backslash in a text is written \\\\.",
    "Extra data": "The payload ends before this place. Take away what follows.",
}


def _family(run: Run) -> list[Any]:
    """This run and those it was made from."""
    found, origin = [run.pk], run.origin_id
    while origin and len(found) < ANCESTORS:
        found.append(origin)
        origin = Run.objects.filter(pk=origin).values_list("origin_id", flat=True).first()
    return found
