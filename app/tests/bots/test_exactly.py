"""W21: what is approved is seen, character for character."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from bots.exactly import exactly
from bots.models import Bot, BotVersion, Case, Proposal, Run
from chat.models import Message
from chat.rendering import message_html
from tests.bots import waits
from tests.bots.program import Api

SHOWN = {
    "plain": ("Good morning,\n\tfoo", "Good morning,\n\tfoo"),
    "markup": ("<b>x</b> & \"y\"", "&lt;b&gt;x&lt;/b&gt; &amp; &quot;y&quot;"),
    "turned": ("10\u202e€", '10<span class="unseen">U+202E</span>€'),
    "zero-width": ("a\u200bb\ufeff", 'a<span class="unseen">U+200B</span>b<span class="unseen">U+FEFF</span>'),
    "tag": ("\U000e0041", '<span class="unseen">U+E0041</span>'),
    "escape": ("\x1b[2J\r", '<span class="unseen">U+001B</span>[2J<span class="unseen">U+000D</span>'),
    "marked": ("1\u200e2\u200f3", '1<span class="unseen">U+200E</span>2<span class="unseen">U+200F</span>3'),
    "separated": ("a\u2028b\u2029", 'a<span class="unseen">U+2028</span>b<span class="unseen">U+2029</span>'),
    "filled": ("\u3164\u115f\u034f\u2800", "".join(f'<span class="unseen">U+{each}</span>' for each in ("3164", "115F", "034F", "2800"))),
    "selected": ("☺\ufe01\ufe0e", '☺<span class="unseen">U+FE01</span><span class="unseen">U+FE0E</span>'),
    "hidden beside letters": ("a\u200db\ufe0f", 'a<span class="unseen">U+200D</span>b<span class="unseen">U+FE0F</span>'),
    "hidden in rows": ("ک\u200c\u200c\u200d", 'ک\u200c<span class="unseen">U+200C</span><span class="unseen">U+200D</span>'),
    "heart": ("1\ufe0f\u20e3 ❤\ufe0f\u200d🔥", "1\ufe0f\u20e3 ❤\ufe0f\u200d🔥"),
    "family": ("👩\u200d👧 می\u200cخواهم", "👩\u200d👧 می\u200cخواهم"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "html"), SHOWN.values(), ids=SHOWN.keys())
def test_w21_what_cannot_be_seen_is_shown_by_its_number(text: str, html: str) -> None:
    assert exactly(text) == html


def test_w21_the_card_is_as_exact_about_what_it_says_of_itself(asked: Run, bots_api: Api) -> None:
    """Its title and the names of its parts are the bot's words, too."""
    (run,) = Run.objects.claim(1)
    content = waits.content_of({"kind": "text", "label": "Mess\u202eage", "text": "hi"})
    wish = waits.approval(content, title="May I\u202e send this?")
    assert bots_api.post(f"runs/{run.pk}/outcome", wish).status_code == 200
    html = message_html(Message.objects.get(kind="card"))
    assert 'May I<span class="unseen">U+202E</span> send this?' in html
    assert 'Mess<span class="unseen">U+202E</span>age' in html


HIDING = "name: echo\nsteps: [Chat]  # as\u202e before\n"


def test_w21_a_change_that_is_decided_on_shows_what_hides_in_it(bot: Bot, ada: User, ada_client: Client) -> None:
    proposal = Proposal.objects.create(bot=bot, name="echo", yaml=HIDING, why="", by=ada)
    version = BotVersion.objects.create(bot=bot, number=2, yaml=HIDING, created_by=ada)
    for path in (f"/bots/echo/proposals/{proposal.pk}/", f"/bots/echo/versions/{version.number}/"):
        assert '# as<span class="unseen">U+202E</span> before' in ada_client.get(path).content.decode()


def test_w21_so_does_a_case_before_it_is_confirmed(bot: Bot, bea: User, bea_client: Client) -> None:
    Case.objects.create(bot=bot, author=bea, made_by=bea, say=["hi\u200b there"], expect={"contains": "hi"}, source="feedback")
    page = bea_client.get("/bots/echo/cases/").content.decode()
    assert "U+200B" in page
    assert "\u200b" not in page
