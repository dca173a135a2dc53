"""A text as it is, character for character: what cannot be seen, or changes the order of what can, is shown by its number (W21)."""

from __future__ import annotations

import re

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

# Controls but for tab and line feed; soft hyphen; zero-width space, word joiner and the like; marks that turn the direction of writing;
# tags, which nobody sees and a model reads. Joiners that Persian and emoji need are left.
UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)


def exactly(text: str) -> SafeString:
    pieces, at = [], 0
    for found in UNSEEN.finditer(text):
        pieces += [escape(text[at : found.start()]), format_html('<span class="unseen">U+{}</span>', f"{ord(found[0]):04X}")]
        at = found.end()
    return mark_safe("".join([*pieces, escape(text[at:])]))  # noqa: S308 (every piece is escaped)
