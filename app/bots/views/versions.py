"""A bot's versions: what changed with each, and the way back to one."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from bots import access, bot_versions
from chat.views.doors import PersonRequest, for_people


@require_GET
@for_people
def versions(request: HttpRequest, name: str) -> HttpResponse:
    user, bot = cast("PersonRequest", request).user, access.bot_named(name)
    about = {
        "bot": bot,
        "page": bot_versions.rows_of(bot, request.GET.get("before", "")),
        "may_edit": bot.may_be_edited_by(user),
        "tab": "versions",
    }
    return render(request, "bots/versions.html", about)


@require_GET
@for_people
def version(request: HttpRequest, name: str, number: int) -> HttpResponse:
    user, bot = cast("PersonRequest", request).user, access.bot_named(name)
    page = bot_versions.VersionPage(bot, access.version_of(bot, number), request.GET.get("against", ""))
    return render(request, "bots/version.html", {"bot": bot, "page": page, "may_edit": bot.may_be_edited_by(user), "tab": "versions"})


@require_POST
@for_people
def restore(request: HttpRequest, name: str, number: int) -> HttpResponse:
    user, bot = cast("PersonRequest", request).user, access.bot_named(name)
    made = bot_versions.restore(user, bot, access.version_of(bot, number))
    messages.success(request, f"Version {number} is live again, as version {made}.")
    return redirect("bot_versions", name)
