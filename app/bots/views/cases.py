"""A bot's cases: which version broke which, and what people propose."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from bots import access, case_text, casebook, workshop
from bots.bench import Bench
from bots.cases_page import CasesPage
from bots.views.editor import context_of
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
    try:
        version = casebook.save(user, bot, case_id)
    except workshop.HeldBack as error:
        messages.warning(request, f"{error.message} Here it stands in the file already: mend the bot together with it, and save.")
        return redirect("case_editing", name, case_id)
    messages.success(request, f"It stands in the bot's file now, and version {version} is live.")
    return redirect("bot_cases", name)


@require_GET
@for_people
def edit(request: HttpRequest, name: str, case_id: int) -> HttpResponse:
    """The editor, with the case in the text: a bot that answers it wrongly is mended and told so in one save."""
    bench = Bench.of(cast("PersonRequest", request).user, name)
    text = case_text.with_case(bench.text(), casebook.confirmed(bench.user, access.bot_named(name), case_id))
    return render(request, "bots/editor.html", context_of(bench, text, bench.base))


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
    said = f"passes {passed} of {len(results)} cases" if results else "was not tried: the bot's file has no cases that can run here"
    messages.success(request, f"Version {number} {said}.")
    return redirect("bot_version", name, number)
