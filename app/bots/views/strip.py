"""The steps of a run as they stand now: what an open strip shows while the run goes on."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from bots import access, strip
from chat.views.doors import PersonRequest, for_people


@require_safe
@for_people
def steps(request: PersonRequest, run_id: uuid.UUID) -> HttpResponse:
    course = strip.live_course(access.run_for(request.user, run_id))
    return render(request, "bots/_steps.html", {"course": course})
