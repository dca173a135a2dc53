"""Finding people and bots: as a page, and as the sidebar's own list."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from chat import people, shelves
from chat.views.doors import PersonRequest, for_people


@require_safe
@for_people
def directory(request: PersonRequest) -> HttpResponse:
    """Asked by the sidebar's frame it answers with the list alone."""
    search, page = request.GET.get("q", "").strip(), _page(request)
    if request.headers.get("Turbo-Frame") == "rooms":
        return render(request, "chat/_shelves.html", {"shelves": shelves.of(request.user, search, page), "path": ""})
    found = people.search(request.user, search, page)
    context = {"entries": shelves.entries_of(found.users), "search": search, "page": found.page, "more": found.more}
    return render(request, "chat/people.html", context)


def _page(request: PersonRequest) -> int:
    text = request.GET.get("page", "1")
    return int(text) if text.isdecimal() and len(text) < 6 else 1
