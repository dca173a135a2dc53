"""Stop, by a plain form."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from bots import access
from chat.views.doors import for_people

if TYPE_CHECKING:
    from accounts.models import User


@require_POST
@for_people
def cancel(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    user = cast("User", request.user)
    run = access.run_for(user, run_id)
    run.cancel(user)
    return redirect("run", run.pk) if request.POST.get("then") == "run" else redirect("room", run.room_id)
