"""Bots: the directory, a bot's page, its gap beside a room, its runs."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from bots import access, gap, history, sparkline
from bots.bot_page import BotPage, Directory
from chat.views.doors import PersonRequest, for_people


@require_GET
@for_people
def directory(request: HttpRequest) -> HttpResponse:
    user = cast("PersonRequest", request).user
    return render(request, "bots/directory.html", {"page": Directory(user, request.GET.get("q", ""), request.GET.get("page", ""))})


@require_GET
@for_people
def bot(request: HttpRequest, name: str) -> HttpResponse:
    user = cast("PersonRequest", request).user
    page = BotPage(user, access.bot_named(name), request.GET.get("days", ""))
    return render(request, "bots/bot.html", {"page": page, "bot": page.bot, "may_edit": page.may_edit, "tab": "bot"})


@require_GET
@for_people
def beside(request: HttpRequest, name: str) -> HttpResponse:
    """The gap as it stands beside a room: a part of that page. Asked for by itself, it is the bot's page."""
    user = cast("PersonRequest", request).user
    if "Turbo-Frame" not in request.headers:
        return redirect("bot", name)
    found = access.bots_matching("").filter(user__username=name).first()
    if found is None:  # a user that only posts: the frame stays empty
        return render(request, "bots/_beside.html", {}, status=404)
    month = gap.of(found)
    about = {"gap": month, "line": sparkline.of(month), "may_edit": found.may_be_edited_by(user), "card": "card" in request.GET}
    return render(request, "bots/_beside.html", about | {"bot": found})


@require_GET
@for_people
def runs(request: HttpRequest, name: str) -> HttpResponse:
    user, found = cast("PersonRequest", request).user, access.bot_named(name)
    filters = history.Filters.read(request.GET.dict())
    about = {"bot": found, "filters": filters, "history": history.history(user, found, filters), "outcomes": history.CHOICES}
    about |= {"periods": history.PERIODS, "versions": found.versions.values_list("number", flat=True), "tab": "runs"}
    return render(request, "bots/runs.html", about | {"may_edit": found.may_be_edited_by(user)})
