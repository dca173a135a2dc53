"""JSON that the app can store: PostgreSQL takes no NUL, and UTF-8 no half of a surrogate pair.

Models and custom steps write both now and then. What they wrote shall not be lost for it, so such a character becomes U+FFFD; one for
one, since offsets of drafts count characters.
"""

from __future__ import annotations

import re
from typing import Any

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def storable(value: Any) -> Any:
    """A copy of a JSON value in which every text can be stored."""
    if isinstance(value, str):
        return UNSTORABLE.sub(REPLACEMENT, value)
    if isinstance(value, dict):
        return {storable(key): storable(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [storable(one) for one in value]
    return value


def storable_json(text: str) -> bool:
    """Whether JSON text holds nothing that cannot be stored. May say no of text that only looks so; never yes wrongly."""
    return "\\u0000" not in text and (text.isascii() or UNSTORABLE.search(text) is None)
