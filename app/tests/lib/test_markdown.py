from __future__ import annotations

import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.markdown import LANGUAGES, LONGEST, render, words_in

ALLOWED_SCHEMES = ("http://", "https://", "mailto:", "/")


class Reader(HTMLParser):
    """Reads HTML the way a browser would come to its tags and attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def assert_inert(html: str) -> None:
    """Nothing in it runs, loads, styles or poses as something else."""
    for tag, attributes in Reader(html).tags:
        assert tag not in {
            "script",
            "img",
            "svg",
            "iframe",
            "style",
            "object",
            "embed",
            "form",
            "input",
            "math",
            "video",
            "audio",
            "link",
            "meta",
        }
        for name, value in attributes.items():
            assert not name.startswith("on") and name not in {"style", "src", "srcset", "id", "name", "action", "formaction"}
            if name == "href":
                assert value is not None and value.lower().startswith(ALLOWED_SCHEMES) and not value.startswith("//"), value


ATTACKS = [
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](&#x6A;avascript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](%6aavascript:alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](data:image/svg+xml;base64,PHN2Zz4=)",
    "[x](file:///secret)",
    "[x](//evil.example/x)",
    "[x](/\\evil.example)",
    "[x](blob:https://evil.example/1)",
    "[x]: javascript:alert(1)\n\n[x]",
    "<javascript:alert(1)>",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<a href='javascript:alert(1)'>x</a>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<!--><img src=x onerror=alert(1)>-->",
    '[x](https://a.example "\\" onmouseover=\\"alert(1)")',
    "![x](javascript:alert(1))",
    '![x" onerror="alert(1)](https://a.example/x)',
    "![x](data:image/png;base64,AAAA)",
    "![<img src=x onerror=alert(1)>](https://a.example/x)",
    "```html\n<script>alert(1)</script>\n```",
    "````\n```\n</code></pre><img src=x onerror=alert(1)>\n```\n````",
    '```"><img src=x onerror=alert(1)>\nx\n```',
    '```a" onclick="alert(1)\nx\n```',
    "| <img src=x onerror=alert(1)> |\n|-|\n| [x](javascript:1) |",
    "# <img src=x onerror=alert(1)>",
    "- [x] <img src=x onerror=alert(1)>",
    "`</code><img src=x onerror=alert(1)>`",
    '@bea"><img src=x onerror=alert(1)>',
    'https://a.example/"onmouseover=alert(1)',
    '[a](<https://a.example/"><img src=x onerror=alert(1)>>)',
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_w1_an_attack_is_rendered_inert(attack: str) -> None:
    assert_inert(render(attack, {"bea": '"><img src=x onerror=alert(1)>'}))


def test_the_reader_of_these_tests_would_notice_an_attack() -> None:
    for live in ("<img src=x>", "<p onclick=x>", "<a href='javascript:x'>", "<a href='//evil.example'>", "<p style='x'>"):
        with pytest.raises(AssertionError):
            assert_inert(live)


@settings(max_examples=200, deadline=1000)
@given(st.text(st.sampled_from("[]()<>!`*_~|-#>&;:/\\\"'@ \n\tabjsx1.=") | st.characters(), max_size=400))
def test_w1_whatever_is_written_renders_inert_within_a_second(body: str) -> None:
    assert_inert(render(body, {"bea": "Bea", "ab": "<b>"}))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([*ATTACKS, "**", "\n\n", "> ", "- ", "`", "[", "](", ")", "|"]), max_size=12).map("".join))
def test_w1_attacks_in_one_another_render_inert(body: str) -> None:
    assert_inert(render(body))


def test_w2_a_remote_image_is_not_loaded_but_becomes_a_link_that_names_its_host() -> None:
    html = render("![chart](https://evil.example/?q=secret)")
    assert "<img" not in html
    assert ">chart (evil.example)</a>" in html


def test_an_image_in_a_link_leaves_one_link() -> None:
    assert render("[![logo](https://a.example/l.png)](https://b.example)").count("<a ") == 1


SLOW = {
    "brackets": "[" * LONGEST,
    "links": "[a](b" * (LONGEST // 5),
    "quotes": ">" * LONGEST,
    "ticks": " ".join("`" * length for length in range(1, 200)),
    "stars": "**a *b" * (LONGEST // 6),
    "underscores": "_" * LONGEST,
    "images": "![[" * (LONGEST // 3),
    "addresses": "http://a." * (LONGEST // 9),
    "mentions": "@bea " * (LONGEST // 5),
    "table": "|" * 100 + "\n" + "|-" * 100 + "\n" + ("|a" * 100 + "\n") * 96,
    "lists": "- " * (LONGEST // 2),
    "references": "".join(f"[{number}]: x\n" for number in range(1800)),
    "backslashes": "\\" * LONGEST,
    "angles": "<a " * (LONGEST // 3),
    "tildes": "~~a" * (LONGEST // 3),
    "blank lines": "\n" * LONGEST,
    "too long": "[" * LONGEST * 50,
    "java": "```java\n" + "a b " * 1999 + "\n```",
    "yaml": "```yaml\n" + "&" * 7999 + "\n```",
    "many blocks": ("```ts\n" + "a.b" * 1300 + "\n```\n") * 5,
}


@pytest.mark.parametrize("name", SLOW)
def test_text_made_to_be_slow_takes_less_than_a_second(name: str) -> None:
    started = time.process_time()
    assert_inert(render(SLOW[name], {"bea": "Bea"}))
    assert time.process_time() - started < 1


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_language_it_says_it_colours_is_coloured(language: str) -> None:
    html = render(f"```{language}\n{{ a = 'b' }} # 1 <b> $ x\n# y\n+ **z**\n```")
    assert "<span class=" in html.partition("<code")[2]
    assert "code-block__language" in html


def test_code_keeps_its_text_to_the_letter() -> None:
    code = "if a < b && c:\n\tprint('<é>')\n\n\n"
    html = render(f"```python\n{code}```")
    shown = html.partition("<code")[2].partition(">")[2].partition("</code>")[0]
    plain = re.sub("<[^>]+>", "", shown)
    assert plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").replace("&#39;", "'").replace("&quot;", '"') == code


def test_an_unknown_language_is_named_but_not_coloured() -> None:
    assert '<span class="code-block__language">brainfog</span>' in render("```brainfog\nx\n```")


def test_mentions_of_known_usernames_become_links_and_others_stay_text() -> None:
    html = render("Hi @Bea and @cyd, mail me@bea.example `@bea`", {"bea": "Bea Meyer"})
    assert html.count('href="/people/bea/"') == 1
    assert 'title="Bea Meyer"' in html
    assert "@cyd" in html and "<code>@bea</code>" in html


def test_a_mention_at_the_end_of_a_clause_is_found() -> None:
    assert "</a>-" in render("@bea- come", {"bea": "Bea"})


def test_single_line_breaks_are_kept_as_in_a_chat() -> None:
    assert "<br>" in render("one\ntwo")


def test_github_flavours_are_there() -> None:
    html = render("~~a~~\n\n| x | y |\n|:--|--:|\n| 1 | 2 |\n\n- [x] done\n- [ ] open\n\nhttps://example.com/a?b=1&c=2.")
    assert "<s>a</s>" in html
    assert 'align="right"' in html
    assert 'aria-label="done"' in html and 'aria-label="to do"' in html
    assert 'href="https://example.com/a?b=1&amp;c=2"' in html


def test_a_file_name_is_no_link() -> None:
    assert "<a" not in render("see bot.py and setup.sh")


def test_links_that_leave_open_elsewhere_and_tell_nothing() -> None:
    html = render("[x](https://a.example)")
    assert 'target="_blank"' in html and "noopener" in html and "noreferrer" in html
    assert 'target="_blank"' not in render("[x](/rooms/1/)")


def test_headings_start_below_the_page_and_leave_no_gaps() -> None:
    assert re.findall(r"<h(\d)", render("# a\n\n#### b\n\n## c\n\n# d")) == ["2", "3", "3", "2"]


def test_text_of_any_direction_sets_its_own() -> None:
    assert render("שלום") == '<p dir="auto">שלום</p>\n'
    assert "日本語" in render("**日本語**")


def test_a_text_beyond_the_limit_is_shown_plain() -> None:
    assert render("*<b>*" + "x" * LONGEST).startswith('<p dir="auto">*&lt;b&gt;*')


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("**Kyoto** in *May*, ~~not~~ `now`", "Kyoto in May, not now"),
        ("# Plan\n\n- trains\n- the [inn](https://inn.example/a?b=c)\n\n> quoted\ntwice", "Plan trains the inn quoted twice"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a b 1 2"),
        ("```python\nprint('x < y')\n```", "print('x < y')"),
        ("2 * 3 * 4 and snake_case_name, 1 < 2 & <b>bold</b>", "2 * 3 * 4 and snake_case_name, 1 < 2 & <b>bold</b>"),
        ("one\ntwo  \nthree", "one two three"),
        ("- [x] done", "☑ done"),
        ("x" * (LONGEST + 1), "x" * (LONGEST + 1)),
        ("---", ""),
    ],
    ids=["marks", "blocks", "table", "code", "no-marks", "lines", "task", "long", "rule"],
)
def test_the_words_of_a_message_are_what_is_read_without_its_marks(body: str, words: str) -> None:
    assert words_in(render(body)) == words


@pytest.mark.parametrize("cut", range(1, 60))
def test_html_that_is_cut_anywhere_shows_no_tag_and_no_half_character(cut: int) -> None:
    words = words_in(render("Fish & *chips* at [Bea's](https://bea.example/)")[:cut])
    assert "Fish & chips at Bea's".startswith(words)
