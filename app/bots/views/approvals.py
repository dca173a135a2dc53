"""An approval by itself: anybody in the room may look at it; a POST decides, never a GET (W23)."""

from __future__ import annotations

import re
import uuid

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from bots import access, approving
from bots.cards import place_of
from bots.errors import BadInput, ContentChanged, Decided
from bots.faces import approval_face
from bots.models import Approval
from chat.views.doors import PersonRequest, for_people

PART = re.compile(r"parts\.(\d{1,2})")


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def approval(request: PersonRequest, approval_id: uuid.UUID) -> HttpResponse:
    found = access.approval_for(request.user, approval_id)
    if request.method != "POST":
        return _page(request, found)
    form = request.POST
    try:
        approving.decide(
            found, request.user, form.get("decision", ""), form.get("sha256", ""), reason=form.get("reason", ""), changes=changes(form)
        )
    except (Decided, ContentChanged, BadInput) as error:
        return _page(request, access.approval_for(request.user, approval_id), error.message, error.status)
    return redirect(place_of(found.run, found.message))


def _page(request: HttpRequest, approval: Approval, problem: str = "", status: int = 200) -> HttpResponse:
    shown = {"face": approval_face(approval), "approval": approval, "problem": problem, "editing": "edit" in request.GET}
    return render(request, "bots/approval.html", shown | {"place": place_of(approval.run, approval.message)}, status=status)


def changes(form: QueryDict) -> dict[int, str]:
    """What a form says of the parts, by their numbers."""
    named = ((PART.fullmatch(name), words) for name, words in form.items())
    return {int(match[1]): str(words) for match, words in named if match}
