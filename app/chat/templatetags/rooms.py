"""The sidebar, which stands beside every page of somebody who is signed in."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context

from chat import shelves

register = template.Library()


@register.inclusion_tag("chat/_sidebar.html", takes_context=True)
def sidebar(context: Context) -> dict[str, Any]:
    request = context["request"]
    return {
        "shelves": shelves.of(request.user),
        "user": request.user,
        "request": request,
        "path": request.path,
        "csrf_token": context.get("csrf_token"),
    }
