"""Stop and Retry, by plain forms."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from bots import access
from chat.views.doors import for_people


@require_POST
@for_people
def cancel(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    run = access.run_for(request.user, run_id)
    run.cancel(request.user)
    return redirect("room", run.room_id)


@require_POST
@for_people
def retry(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    run = access.run_for(request.user, run_id)
    run.retry(request.user)
    return redirect("room", run.room_id)
