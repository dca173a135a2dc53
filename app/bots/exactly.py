"""A text as it is, character for character: what cannot be seen, or changes the order of what can, is shown by its number (W21)."""

from __future__ import annotations

import re

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

# Controls but for tab and line feed; soft hyphen; zero-width space, word joiner and the like; marks that turn the direction of writing;
# other ends of a line; letters and blanks that are empty; selectors of how a sign looks, which can spell a text; tags, which nobody sees
# and a model reads. Joiners that Persian and emoji need are left where they can join something, and shown beside Latin and in rows.
UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u2800"
    r"\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff9-\ufffc\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
    r"|(?:\A|(?<=[\x00-\x7f]))[\u200c\u200d]|(?:\A|(?<=[^\d#*\x80-\U0010ffff]))\ufe0f|(?<=[\d#*])\ufe0f(?!\u20e3)"
    r"|(?<=[\u200c\u200d])[\u200c\u200d\ufe0f]|(?<=\ufe0f)[\u200c\ufe0f]"
)


def exactly(text: str) -> SafeString:
    pieces, at = [], 0
    for found in UNSEEN.finditer(text):
        pieces += [escape(text[at : found.start()]), format_html('<span class="unseen">U+{}</span>', f"{ord(found[0]):04X}")]
        at = found.end()
    return mark_safe("".join([*pieces, escape(text[at:])]))  # noqa: S308 (every piece is escaped)
