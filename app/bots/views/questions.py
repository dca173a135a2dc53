"""A question by itself: anybody in the room may look at it; a POST answers."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from bots import access, asking
from bots.cards import place_of
from bots.errors import BadInput, Decided
from bots.faces import question_face
from bots.models import Question
from bots.models.question import FILE
from chat import uploading
from chat.views.doors import PersonRequest, for_people


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def question(request: PersonRequest, question_id: uuid.UUID) -> HttpResponse:
    found = access.question_for(request.user, question_id)
    if request.method != "POST":
        return _page(request, found)
    try:
        asking.answer(found, request.user, _value(request, found))
    except (Decided, BadInput) as error:
        return _page(request, access.question_for(request.user, question_id), error.message, error.status)
    return redirect(place_of(found.run, found.message))


def _page(request: HttpRequest, question: Question, problem: str = "", status: int = 200) -> HttpResponse:
    shown = {"face": question_face(question), "question": question, "problem": problem, "place": place_of(question.run, question.message)}
    return render(request, "bots/question.html", shown, status=status)


def _value(request: PersonRequest, question: Question) -> object:
    """A file is taken in only from somebody whose answer it may be."""
    if question.kind != FILE:
        return request.POST.get("value", "")
    asking.may_answer(question, request.user)
    file = request.FILES.get("value")
    if file is None:
        raise BadInput("Choose a file to answer with.")
    return uploading.upload(request.user, question.run.room_id, file)
