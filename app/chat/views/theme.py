"""The theme: a cookie, so that the server writes it into the page and nothing flashes."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from chat.views.doors import way_back

THEMES = ("light", "dark", "auto")
YEAR = 365 * 24 * 3600


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """For browsers without script; with it the same cookie is set in the page."""
    chosen = request.POST.get("theme", "")
    response = redirect(way_back(request, request.POST.get("next", "")))
    if chosen in THEMES:
        response.set_cookie("theme", chosen, max_age=YEAR, secure=request.is_secure(), samesite="Lax")
    return response
