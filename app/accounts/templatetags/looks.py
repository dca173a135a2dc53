"""What all pages draw with: icons, avatars, form fields, the chosen theme."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, RadioSelect, Select
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

# One family of strokes on a field of 16 by 16.
ICONS = {
    "plus": "M8 3v10M3 8h10",
    "search": "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9ZM10.5 10.5 14 14",
    "dots": "M3 8h.01M8 8h.01M13 8h.01",
    "lines": "M2 4h12M2 8h12M2 12h12",
    "light": "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6ZM8 1.2v1.3M8 13.5v1.3M1.2 8h1.3M13.5 8h1.3M3.2 3.2l.9.9M11.9 11.9l.9.9M12.8 3.2l-.9.9M4.1 11.9l-.9.9",
    "dark": "M13.5 9.6A5.8 5.8 0 0 1 6.4 2.5a5.8 5.8 0 1 0 7.1 7.1Z",
    "auto": "M2 3.5h12v7.5H2ZM6 13.5h4M8 11v2.5",
    "theme": "M8 2a6 6 0 1 0 0 12A6 6 0 1 0 8 2ZM8 2v12M8 5.2h5M8 8h6M8 10.8h5",
    "person": "M8 2.5a2.7 2.7 0 1 0 0 5.4 2.7 2.7 0 0 0 0-5.4ZM2.8 13.8c.5-2.8 2.4-4.2 5.2-4.2s4.7 1.4 5.2 4.2",
    "people": "M6 3a2.4 2.4 0 1 0 0 4.8A2.4 2.4 0 0 0 6 3ZM1.5 13.2c.4-2.5 2-3.7 4.5-3.7s4.1 1.2 4.5 3.7M10.5 3.3a2.3 2.3 0 0 1 0 4.3M12 9.9c1.5.5 2.3 1.6 2.6 3.3",
    "key": "M10.5 2.5a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM8.3 7.7 2.5 13.5M4.5 11.5l1.7 1.7",
    "exit": "M6.5 2.5h-4v11h4M6.5 8h7M10.5 5l3 3-3 3",
    "pen": "m3 13 1-3 7-7 2 2-7 7-3 1Z",
    "bin": "M2.5 4.5h11M6 4.5v-2h4v2M4 4.5l.6 9h6.8l.6-9M6.7 7v4M9.3 7v4",
    "stop": "M4 4h8v8H4Z",
    "retry": "M13 8a5 5 0 1 1-1.5-3.5M13 2v3h-3",
    "settings": "M2 4.5h7M12 4.5h2M2 11.5h2M7 11.5h7M9 4.5a1.5 1.5 0 1 0 3 0 1.5 1.5 0 1 0-3 0M4 11.5a1.5 1.5 0 1 0 3 0 1.5 1.5 0 1 0-3 0",
    "link": "M6.5 9.5l3-3M7 4.5l1.5-1.5a3 3 0 0 1 4.3 4.3L11.3 8.8M9 11.5 7.5 13a3 3 0 0 1-4.3-4.3l1.5-1.5",
    "shield": "M8 1.8 2.8 3.8v3.9c0 3 2.1 5.3 5.2 6.5 3.1-1.2 5.2-3.5 5.2-6.5V3.8Z",
    "code": "M5 4.5 1.5 8 5 11.5M11 4.5 14.5 8 11 11.5M9.3 3 6.7 13",
    "back": "M10 3 5 8l5 5",
}
THEMES = {"light": "Light", "dark": "Dark", "auto": "Automatic"}


@register.simple_tag
def icon(name: str) -> SafeString:
    return format_html('<svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false"><path d="{}"/></svg>', ICONS[name])


@register.filter
def initials(name: str) -> str:
    """What stands in an avatar: the same rule as the browser's (frontend/models/initials.js)."""
    words = re.findall(r"[^\W_]+", name)
    if not words:
        return "?"
    first = words[0]
    if any(script in unicodedata.name(first[0], "") for script in ("CJK", "HIRAGANA", "KATAKANA", "HANGUL")):
        return first[0]
    letters: str = first[0] + words[1][0] if len(words) > 1 else first[:2]
    return letters.upper()


@register.simple_tag(takes_context=True)
def theme(context: Context) -> str:
    """The theme of the cookie; automatic for everything else. An error page may have no request."""
    request = context.get("request")
    chosen = request.COOKIES.get("theme", "auto") if request else "auto"
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
    names = {name.replace("_", "-"): value for name, value in attributes.items()}
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
