"""A bot's cases: which version broke which, and what people propose."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from bots import access, casebook
from bots.cases_page import CasesPage
from chat.views.doors import PersonRequest, for_people


@require_GET
@for_people
def cases(request: HttpRequest, name: str) -> HttpResponse:
    user, bot = cast("PersonRequest", request).user, access.bot_named(name)
    about = {"bot": bot, "page": CasesPage(user, bot), "may_edit": bot.may_be_edited_by(user), "tab": "cases"}
    return render(request, "bots/cases.html", about)


@require_POST
@for_people
def confirm(request: HttpRequest, name: str, case_id: int) -> HttpResponse:
    user, bot = cast("PersonRequest", request).user, access.bot_named(name)
    casebook.confirm(user, bot, case_id, request.POST.get("sha256", ""))
    messages.success(request, "Confirmed. The bot's editors can put it into its file now.")
    return redirect("bot_cases", name)


@require_POST
@for_people
def save(request: HttpRequest, name: str, case_id: int) -> HttpResponse:
    user, bot = cast("PersonRequest", request).user, access.bot_named(name)
    version = casebook.save(user, bot, case_id)
    messages.success(request, f"It stands in the bot's file now, and version {version} is live.")
    return redirect("bot_cases", name)


@require_POST
@for_people
def drop(request: HttpRequest, name: str, case_id: int) -> HttpResponse:
    user, bot = cast("PersonRequest", request).user, access.bot_named(name)
    casebook.drop(user, bot, case_id)
    messages.success(request, "Dropped.")
    return redirect("bot_cases", name)


@require_POST
@for_people
def run(request: HttpRequest, name: str, number: int) -> HttpResponse:
    user, bot = cast("PersonRequest", request).user, access.bot_named(name)
    results = casebook.run(user, bot, access.version_of(bot, number))
    passed = sum(result.passed for result in results)
    messages.success(request, f"Version {number} passes {passed} of {len(results)} cases.")
    return redirect("bot_version", name, number)
