"""The marks of runs and steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.templatetags.looks import icon

if TYPE_CHECKING:
    from bots.models import Run

register = template.Library()

PULSE = format_html('<span class="{}" aria-hidden="true"></span>', "pulse")
STEPS = {"done": "check", "failed": "cross", "kept": "check", "hand": "person", "passed": "check", "next": "circle"}
STATES = {"replied": "check", "silent": "check", "failed": "cross", "cancelled": "stop", "pending": "circle"}
LATER = {"retried": "Retried as", "regenerated": "Regenerated as", "replayed": "Replayed as", "taken_over": "Taken over as"}


@register.simple_tag
def step_icon(mark: str) -> SafeString:
    return icon(STEPS[mark]) if mark in STEPS else PULSE


@register.simple_tag
def state_icon(mark: str) -> SafeString:
    return icon(STATES[mark]) if mark in STATES else PULSE


@register.filter
def made_words(run: Run) -> str:
    """What became of the run that this one was made from."""
    return LATER.get(run.how, "Went on as")
