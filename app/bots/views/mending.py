"""Go on with a run in another way: retry, replay, take over. Plain forms; each carries a key, so that pressing twice does it once."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from bots import access, resuming
from bots.errors import BadInput, ChatError
from bots.replaying import Corrected, replay
from bots.takeover_page import TakeoverPage
from bots.taking_over import take_over
from chat.throttle import posts
from chat.views.doors import PersonRequest, for_people

LONGEST_NUMBER = 5


@require_POST
@for_people
def retry(request: PersonRequest, run_id: uuid.UUID) -> HttpResponse:
    """From a step when the form names one; else what was asked is asked again."""
    run, step = access.run_for(request.user, run_id), request.POST.get("step", "")
    posts.admit(request.user)
    if step and not (step.isdecimal() and len(step) < LONGEST_NUMBER):
        raise BadInput("A step is named by its number.", step="is no number")
    made = resuming.retry_or_ask_again(run, request.user, int(step) if step else None, request.POST.get("key", ""))
    return redirect("run", made.pk) if request.POST.get("then") == "run" else redirect("room", run.room_id)


@require_POST
@for_people
def replay_run(request: PersonRequest, run_id: uuid.UUID) -> HttpResponse:
    run = access.run_for(request.user, run_id)
    posts.admit(request.user)
    version, key = request.POST.get("version", ""), request.POST.get("key", "")
    try:
        made = replay(run, request.user, version, key, force=bool(request.POST.get("force")))
    except Corrected as error:
        about = {"run": run, "correction": error.correction, "why": error.message, "version": version, "key": key}
        return render(request, "bots/corrected.html", about, status=error.status)
    return redirect("run", made.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def takeover(request: PersonRequest, run_id: uuid.UUID) -> HttpResponse:
    """What cannot be taken comes back with its text and the reason."""
    page = TakeoverPage(access.run_for(request.user, run_id), request.user, request.POST.get("way") or request.GET.get("way", ""))
    if request.method != "POST":
        return render(request, "bots/takeover.html", {"page": page})
    page.text, page.key = request.POST.get("text", "").replace("\r\n", "\n"), request.POST.get("key", "")
    try:
        posts.admit(request.user)
        made = take_over(page.run, request.user, page.way, page.text, page.key)
    except ChatError as error:
        return render(request, "bots/takeover.html", {"page": page, "problem": error.message}, status=page.status_of(error))
    return redirect("run", made.pk)
