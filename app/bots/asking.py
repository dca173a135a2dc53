"""Questions: a run asks a person for a choice, a text, a number or a file, and waits without a worker."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db.models.functions import Now

from bots import cards
from bots.deciding import deciders_of, go_on, must_be_on, must_decide, must_wait, nobody, turn_down
from bots.errors import BadInput, Decided
from bots.models import Question, Run
from bots.models.question import ANSWERED, CHOICE, EXPIRED, FILE, NUMBER, OPEN, WITHDRAWN
from bots.models.queue import in_seconds
from chat.limits import storable
from chat.models import Attachment
from lib.time import database_now

if TYPE_CHECKING:
    from accounts.models import User

LONGEST = 20_000
IN_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+")


def ask(run: Run, wish: Mapping[str, Any]) -> None:
    """Put the card into the room. The run, which is held, waits."""
    answerers = deciders_of(run, wish["by"])
    if not answerers:
        nobody(run, "I have a question")
        return
    question = Question(
        run=run, step=wish["step"], text=wish["text"], kind=wish["question"], choices=wish["choices"],
        answerers=[user.pk for user in answerers], expires_at=in_seconds(wish["expires"]),
    )  # fmt: skip
    question.message = cards.post(run, cards.QUESTION, question.pk, wish["text"])
    question.save(force_insert=True)


def answer(question: Question, by: User, value: Any) -> None:
    """Take a person's answer, once. A file is given as its reference."""
    with question.run.held() as run:
        question = _as_it_is(question)
        _must_be_open(question, by, run)
        value = _attached(question, by, value) if question.kind == FILE else _fitting(question, value)
        Question.objects.filter(pk=question.pk).update(state=ANSWERED, answer=value, answered_by=by, answered_at=Now())
        shown = value["name"] if question.kind == FILE else value
        cards.settled(run, question.message_id, f"Q: {question.text}\n\nA ({by.label}): {shown}", answered=True)
        go_on(run, {"kind": "question", "id": str(question.pk), "value": value, "by": by.username})


def may_answer(question: Question, by: User) -> None:
    """Before anything is taken in from them: whether it could be an answer at all."""
    with question.run.held() as run:
        _must_be_open(_as_it_is(question), by, run)


def expire(question: Question) -> None:
    """Nobody answered in time: the run ends without."""
    with question.run.held() as run:
        question = _as_it_is(question)
        if question.state != OPEN or question.expires_at > database_now():
            return
        Question.objects.filter(pk=question.pk).update(state=EXPIRED)
        cards.settled(run, question.message_id, f"{question.text}\n\nNobody answered in time.")
        turn_down(run, "no_answer", f"Nobody answered “{question.text}” in time, so I stopped.")


def withdraw_of(run: Run) -> None:
    """The run has ended: nobody needs to answer any more."""
    for question in Question.objects.select_for_update(no_key=True).filter(run=run, state=OPEN):
        Question.objects.filter(pk=question.pk).update(state=WITHDRAWN)
        cards.settled(run, question.message_id, f"{question.text}\n\nWithdrawn: the run has ended.")


def in_words(question: Question) -> str:
    """What became of it, for a person."""
    who = question.answered_by.label if question.answered_by else ""
    said = {
        ANSWERED: f"{who} has answered this already.",
        EXPIRED: "The time to answer this is over.",
        WITHDRAWN: "The run that asked has ended, so nobody needs to answer any more.",
    }
    return said[question.state]


def _must_be_open(question: Question, by: User, run: Run) -> None:
    must_decide(by, run, question.answerers)
    if question.state != OPEN:
        raise Decided(in_words(question))
    if question.expires_at <= database_now():
        raise Decided("The time to answer this is over.")
    must_wait(run)
    must_be_on(run)


def _fitting(question: Question, value: Any) -> Any:
    """The answer as its kind wants it."""
    text = storable(str(value).replace("\r\n", "\n").strip(), "value")
    if not text:
        raise BadInput("An answer is needed.", value="is blank")
    if question.kind == CHOICE and text not in question.choices:
        raise BadInput("Choose one of the answers that are offered.", value="is not one of the choices")
    if question.kind == NUMBER:
        return _number(text)
    if len(text) > LONGEST:
        raise BadInput(f"This answer has {len(text):,} characters; {LONGEST:,} is the most it can have.", value="is too long")
    return text


def _attached(question: Question, by: User, file: Any) -> dict[str, Any]:
    """A file that the person has just put into this room hangs on the card, where everybody in the room and the bot can read it."""
    mine = Attachment.objects.filter(room=question.run.room_id, uploader=by, message=None)
    if not isinstance(file, Attachment) or not mine.filter(pk=file.pk).update(message=question.message_id):
        raise BadInput("Choose a file to answer with.", value="is no file")
    return {"id": str(file.pk), "name": file.name, "kind": file.kind, "content_type": file.content_type, "size": file.size}


def _number(text: str) -> int | float:
    if IN_THOUSANDS.fullmatch(text):
        raise BadInput(f"Write {text} without the comma if it is a large number, or with a point if it has decimals.", value="is ambiguous")
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or len(text) > 30:
        raise BadInput("The answer is a number, such as 3 or 2.5.", value="is no number")
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _as_it_is(question: Question) -> Question:
    rows = Question.objects.select_for_update(of=("self",), no_key=True).select_related("answered_by")
    return rows.get(pk=question.pk)
