"""W21: what is approved is seen, character for character."""

from __future__ import annotations

import pytest

from bots.exactly import exactly

SHOWN = {
    "plain": ("Good morning,\n\tfoo", "Good morning,\n\tfoo"),
    "markup": ("<b>x</b> & \"y\"", "&lt;b&gt;x&lt;/b&gt; &amp; &quot;y&quot;"),
    "turned": ("10\u202e€", '10<span class="unseen">U+202E</span>€'),
    "zero-width": ("a\u200bb\ufeff", 'a<span class="unseen">U+200B</span>b<span class="unseen">U+FEFF</span>'),
    "tag": ("\U000e0041", '<span class="unseen">U+E0041</span>'),
    "escape": ("\x1b[2J\r", '<span class="unseen">U+001B</span>[2J<span class="unseen">U+000D</span>'),
    "family": ("👩\u200d👧 می\u200cخواهم", "👩\u200d👧 می\u200cخواهم"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "html"), SHOWN.values(), ids=SHOWN.keys())
def test_w21_what_cannot_be_seen_is_shown_by_its_number(text: str, html: str) -> None:
    assert exactly(text) == html
