"""What all pages draw with: icons, avatars, form fields, the chosen theme."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, RadioSelect, Select
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from accounts.icons import ICONS
from accounts.models import User

register = template.Library()

THEMES = {"light": "Light", "dark": "Dark", "auto": "Automatic"}


@register.simple_tag
@cache
def icon(name: str) -> SafeString:
    return format_html('<svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false"><path d="{}"/></svg>', ICONS[name])


@register.filter
def initials(name: str) -> str:
    """What stands in an avatar: the same rule as the browser's (frontend/models/initials.js)."""
    words: list[str] = re.findall(r"[^\W_]+", name)
    if not words:
        return "?"
    first = words[0]
    if any(script in unicodedata.name(first[0], "") for script in ("CJK", "HIRAGANA", "KATAKANA", "HANGUL")):
        return first[0]
    letters: str = first[0] + words[1][0] if len(words) > 1 else first[:2]
    return letters.upper()


@register.simple_tag
def face(user: User | None, name: str = "") -> str:
    """What stands in an avatar: the picture of whoever has one, else the initials. Names stand beside it, so it says nothing of its own."""
    if user is not None and user.picture:
        return format_html('<img class="avatar__picture" src="{}" alt="" width="36" height="36" decoding="async">', user.picture)
    return initials(name or (user.label if user else ""))


@register.simple_tag(takes_context=True)
def theme(context: Context) -> str:
    """The theme of the cookie; automatic for everything else. An error page may have no request."""
    request = context.get("request")
    chosen: str = request.COOKIES.get("theme", "auto") if request else "auto"
    return chosen if chosen in THEMES else "auto"


@register.inclusion_tag("_theme_menu.html", takes_context=True)
def theme_menu(context: Context, place: str = "") -> dict[str, Any]:
    return {
        "themes": THEMES.items(),
        "chosen": theme(context),
        "place": place,
        "csrf_token": context.get("csrf_token"),
        "request": context.get("request"),
    }


@register.inclusion_tag("_field.html")
def field(bound: BoundField, **attributes: str) -> dict[str, Any]:
    """A field of a form with its label, help and errors, as Bootstrap and screen readers want it."""
    names: dict[str, bool | str] = {name.replace("_", "-"): value for name, value in attributes.items()}
    widget = bound.field.widget
    kind = "form-select" if isinstance(widget, Select) else "form-check-input" if isinstance(widget, CheckboxInput) else "form-control"
    if not isinstance(widget, RadioSelect):
        names["class"] = f"{kind} is-invalid" if bound.errors else kind
    described = [f"{bound.auto_id}_{part}" for part, there in (("helptext", bound.help_text), ("error", bound.errors)) if there]
    if described and not isinstance(widget, RadioSelect):
        names["aria-describedby"] = " ".join(described)
    return {
        "field": bound,
        "control": mark_safe(bound.as_widget(attrs=names)),  # noqa: S308 (a widget renders itself and escapes its values)
        "radio": isinstance(widget, RadioSelect),
        "check": isinstance(widget, CheckboxInput),
    }
