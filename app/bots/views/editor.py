"""The editor of bots, and what it asks while somebody writes. Its pages work as plain forms; with JavaScript they answer in JSON."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bots import workshop
from bots.bench import Bench
from bots.errors import BadInput, ChatError
from bots.trying import answer, conversation, trial_of
from bots.views.approvals import changes
from chat.views.doors import PersonRequest, for_people

LONGEST = 64 * 1024


def in_json(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """What cannot be done is an answer with its words, and with what the editor shows beside them."""

    @login_required
    @wraps(view)
    def door(request: PersonRequest, *arguments: Any, **named: Any) -> HttpResponseBase:
        try:
            return view(request, *arguments, **named)
        except ChatError as error:
            return JsonResponse(_told(error), status=error.status)

    return door


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def new(request: PersonRequest) -> HttpResponse:
    return _page(request, Bench.new(request.user))


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def edit(request: PersonRequest, name: str) -> HttpResponse:
    return _page(request, Bench.of(request.user, name))


@require_POST
@in_json
def save(request: PersonRequest, name: str | None = None) -> HttpResponseBase:
    saved = Bench.at(request.user, name).save(_text(request), _base(request), request.POST.get("seen", ""))
    if name is None:  # the browser goes on to the bot's own page, which says it
        messages.success(request, f"Version {saved.version} of {saved.name} is live.")
    return JsonResponse({"name": saved.name, "version": saved.version, "status": saved.status, "reason": saved.reason})


@require_POST
@in_json
def check(request: PersonRequest, name: str | None = None) -> HttpResponseBase:
    found = Bench.at(request.user, name).check(_text(request))
    return JsonResponse({"name": found.name, "problems": found.problems, "steps": found.steps, "reason": found.reason})


@require_POST
@in_json
def cases(request: PersonRequest, name: str | None = None) -> HttpResponseBase:
    return JsonResponse({"cases": Bench.at(request.user, name).cases(_text(request))})


@require_POST
@in_json
def trial(request: PersonRequest, name: str | None = None) -> HttpResponseBase:
    bench, form = Bench.at(request.user, name), request.POST
    said = answer(form["state"], form.get("value", ""), changes(form)) if "state" in form else conversation(form.get("messages", ""))
    lines = trial_of(bench, _text(request), said)
    # No proxy may hold the lines back until there are many of them.
    return StreamingHttpResponse(lines, content_type="application/x-ndjson", headers={"X-Accel-Buffering": "no"})


@require_safe
@in_json
@cache_control(private=True, max_age=300)
def schema(request: PersonRequest) -> HttpResponseBase:
    """Nothing in it is of one bot: whoever is signed in may know the language."""
    return JsonResponse(workshop.schema())


def _page(request: PersonRequest, bench: Bench) -> HttpResponse:
    """The editor; after a form that was sent without JavaScript also with what came of it."""
    if request.method != "POST":
        return render(request, "bots/editor.html", context_of(bench))
    text = request.POST.get("yaml", "")
    try:
        saved = bench.save(_text(request), _base(request), request.POST.get("seen", ""))
    except ChatError as error:
        told = context_of(bench, text, _base(request)) | {"problem": error.message, "told": _told(error)}
        return render(request, "bots/editor.html", told, status=error.status)
    messages.success(request, f"Version {saved.version} of {saved.name} is live.")
    return redirect("bot_edit", saved.name)


def context_of(bench: Bench, text: str | None = None, base: int | None = None) -> dict[str, Any]:
    """`text`: what was sent and could not be saved."""
    live, away = bench.bot.live.yaml if bench.bot and bench.bot.live else "", ""
    templates: list[dict[str, str]] = []
    try:
        templates = workshop.templates() if bench.bot is None else []
        live = bench.text() if text is None else text
    except workshop.WorkshopAway as error:
        away = error.message
    return {
        "bench": bench,
        "bot": bench.bot,
        "text": live if text is None else text,
        "base": bench.base if text is None else base,
        "templates": templates,
        "away": away,
    }


def _text(request: PersonRequest) -> str:
    text = request.POST.get("yaml", "").replace("\r\n", "\n")
    if len(text.encode("utf-8", "replace")) > LONGEST:
        raise BadInput(f"A bot file may have {LONGEST:,} bytes.")
    return text


def _base(request: PersonRequest) -> int | None:
    base = request.POST.get("base", "")
    return int(base) if base.isdecimal() and len(base) < 10 else None


def _told(error: ChatError) -> dict[str, Any]:
    told: dict[str, Any] = {"error": {"code": error.code, "message": error.message}}
    if isinstance(error, workshop.HeldBack):
        return told | {"problems": error.problems, "cases": error.cases}
    if isinstance(error, workshop.ChangedMeanwhile):
        return told | {"yaml": error.yaml, "seen": error.seen}
    return told
