"""How pages name and weigh attachments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template

from chat import showing

if TYPE_CHECKING:
    from chat.models import Attachment

register = template.Library()


@register.filter
def address(attachment: Attachment) -> str:
    return showing.url_of(attachment)


@register.filter
def weight(size: int) -> str:
    """As people say it, the same as the browser's own (frontend/models/weight.js)."""
    if size < 1000:
        return f"{size} B"
    for unit, much in (("kB", 1e3), ("MB", 1e6)):
        if size < much * 1000:
            return f"{size / much:.1f} {unit}" if size < much * 10 else f"{size / much:.0f} {unit}"
    return f"{size / 1e9:.1f} GB"
