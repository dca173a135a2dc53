"""A bot's avatar."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from bots import access
from chat.views.doors import for_people


@require_GET
@for_people
def picture(request: HttpRequest, name: str, file: str) -> HttpResponse:
    with access.picture_of(name, file).open("rb") as found:
        shown = HttpResponse(found.read(), content_type="image/png")
    # The name says what is in it, so it never changes. Only people who are signed in see it: no proxy keeps it.
    shown["Cache-Control"] = "private, max-age=31536000, immutable"
    return shown
