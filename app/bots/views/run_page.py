"""The page of a run, one of its steps by itself, and the run as a file."""

from __future__ import annotations

import json
import uuid

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from bots import access, exporting
from bots.run_page import RunPage
from bots.step_page import StepPage
from chat.views.doors import PersonRequest, for_people


@require_safe
@for_people
def page(request: PersonRequest, run_id: uuid.UUID) -> HttpResponse:
    asked = request.GET.get("step", "")
    opened = int(asked) if asked.isdecimal() and len(asked) < 5 else None
    return render(request, "bots/run.html", {"page": RunPage(access.run_for(request.user, run_id), request.user, opened)})


@require_safe
@for_people
def step(request: PersonRequest, run_id: uuid.UUID, index: int) -> HttpResponse:
    """What is behind a row of the timeline: asked for when the row is opened."""
    found = StepPage(access.run_for(request.user, run_id), index)
    return render(request, "bots/step.html", {"run": found.run, "step": found})


@require_safe
@for_people
def export(request: PersonRequest, run_id: uuid.UUID) -> HttpResponse:
    run = access.run_for(request.user, run_id)
    text = json.dumps(exporting.export_of(run), ensure_ascii=False, indent=2)
    response = HttpResponse(text, content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{exporting.file_name(run)}"'
    return response
