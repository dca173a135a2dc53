"""A message's text as HTML that is safe to show.

GitHub-flavoured markdown without raw HTML. The sanitiser runs last, over what is really shown: cleaning first and rendering after lets
attacks through. Nothing in the result loads anything from anywhere: images become links that name their host.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from html import escape
from html.parser import HTMLParser
from io import StringIO
from typing import Any
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

LONGEST = 20_000
# Colouring is the slowest part, and some lexers take time that grows with the square of the code: what is long, or takes long, stays plain.
LONGEST_COLOURED = 8_000
SECONDS_TO_COLOUR = 0.2
NESTING = 20
MENTION = re.compile(r"(?<![\w@/.])@([a-z][a-z0-9-]{1,40})", re.IGNORECASE)
LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # no UTF-8 can hold it
TASK = re.compile(r"\[([ xX])\] ")
# Only these are coloured: each was tried with code made to be slow.
COLOURED = """bash c c++ cpp cs csharp css diff docker dockerfile go graphql html http ini java javascript js json jsx kotlin latex lua
    markdown md nginx php powershell py python python3 pycon r rb ruby rs rust scala sh shell sql swift tex toml ts tsx typescript
    xml yaml yml zsh"""
LANGUAGES = frozenset(COLOURED.split())
LANGUAGE_LABEL = "code-block__language"
TAGS = "a blockquote br code del div em h2 h3 h4 h5 h6 hr li ol p pre span strong s table tbody td th thead tr ul"
# Finding bare addresses takes time that grows with the square of their number.
MOST_ADDRESSES = 200


def render(body: str, mentions: Mapping[str, str] | None = None) -> str:
    """HTML of a message. `mentions` maps the usernames it mentions to the names they are shown by."""
    body = LONE_SURROGATE.sub("\ufffd", body)
    if len(body) > LONGEST:
        return f'<p dir="auto">{escape(body)}</p>'
    parser = _parser(linkify=body.count("://") <= MOST_ADDRESSES)
    return _cleaner().clean(parser.render(body, {"mentions": mentions or {}, "seconds": SECONDS_TO_COLOUR}))


def words_in(html: str) -> str:
    """What there is to read in a rendered message, in one line: for places where only a line fits. The HTML may be cut anywhere."""
    words = _Words()
    words.feed(html)
    return " ".join("".join(words.parts).split())


class _Words(HTMLParser):
    """Collects text; what the language of some code is called belongs to the frame around it."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._label = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._label = ("class", LANGUAGE_LABEL) in attrs

    def handle_endtag(self, tag: str) -> None:
        self._label = False

    def handle_data(self, data: str) -> None:
        if not self._label:
            self.parts.append(data)


@cache
def _parser(*, linkify: bool) -> MarkdownIt:
    options: Any = {"html": False, "breaks": True, "linkify": linkify, "maxNesting": NESTING}
    parser = MarkdownIt("commonmark", options).enable(["table", "strikethrough", "linkify"])
    # Only full addresses become links: "bot.py" is a file, not a host in Paraguay.
    if parser.linkify is not None:
        parser.linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
    parser.core.ruler.push("parley_blocks", _mend_blocks)
    parser.core.ruler.push("parley_inline", _mend_inline)
    for name in ("fence", "code_block"):
        parser.add_render_rule(name, _render_code)
    parser.add_render_rule("table_open", lambda self, tokens, i, options, env: '<div class="table-scroll" tabindex="0"><table>\n')
    parser.add_render_rule("table_close", lambda self, tokens, i, options, env: "</table></div>\n")
    return parser


@cache
def _cleaner() -> nh3.Cleaner:
    marked = {"dir", "class"}
    return nh3.Cleaner(
        tags=set(TAGS.split()),
        attributes={
            "a": {"href", "title", "class", "rel", "target"},
            "code": {"class"},
            "div": {"class", "tabindex"},
            "ol": {"start"},
            "pre": {"tabindex"},
            "span": {"class", "role", "aria-label"},
            "td": {"dir", "align"},
            "th": {"dir", "align"},
            **dict.fromkeys(("p", "li", "h2", "h3", "h4", "h5", "h6"), marked),
        },
        link_rel=None,
        url_schemes={"http", "https", "mailto"},
    )


def _mend_blocks(state: StateCore) -> None:
    """Direction by content, headings without gaps below the page's own, task boxes, table cells without inline styles."""
    levels: list[int] = []
    for place, token in enumerate(state.tokens):
        if token.type in {"paragraph_open", "list_item_open", "th_open", "td_open"}:
            token.attrSet("dir", "auto")
        elif token.type == "heading_open":
            _mend_heading(state.tokens, place, levels)
        if token.type in {"th_open", "td_open"} and (style := token.attrs.pop("style", None)):
            token.attrSet("align", str(style).removeprefix("text-align:"))
        if token.type == "inline" and place > 1 and state.tokens[place - 2].type == "list_item_open":
            _mend_task(state.tokens[place - 2], token)


def _mend_heading(tokens: Sequence[Token], place: int, levels: list[int]) -> None:
    level = int(tokens[place].tag[1])
    while levels and levels[-1] >= level:
        levels.pop()
    levels.append(level)
    shown = f"h{min(1 + len(levels), 6)}"
    tokens[place].attrs = {"class": f"heading-{level}", "dir": "auto"}
    tokens[place].tag = tokens[place + 2].tag = shown


def _mend_task(item: Token, inline: Token) -> None:
    first = inline.children[0] if inline.children else None
    if first is None or first.type != "text" or not (found := TASK.match(first.content)):
        return
    done = found[1] != " "
    first.content = first.content[found.end() :]
    box = Token("html_inline", "", 0)
    box.content = f'<span class="task" role="img" aria-label="{"done" if done else "to do"}">{"☑" if done else "☐"}</span> '
    inline.children = [box, *(inline.children or [])]
    item.attrSet("class", "task-item")


def _mend_inline(state: StateCore) -> None:
    """Links that leave the page say so, images become links, mentions of people who are there are marked."""
    mentions: Mapping[str, str] = state.env["mentions"]
    for token in state.tokens:
        if token.type == "inline" and token.children:
            token.children = list(_mended(token.children, mentions))


def _mended(children: Sequence[Token], mentions: Mapping[str, str]) -> Any:
    depth = 0
    for token in children:
        if token.type == "link_open":
            depth += 1
            _mend_link(token)
            yield token
        elif token.type == "image":
            yield from _image_as_link(token, inside_link=depth > 0)
        elif token.type == "text" and mentions and not depth:
            yield from _marked(token.content, mentions)
        else:
            depth -= token.type == "link_close"
            yield token


def _mend_link(token: Token) -> None:
    href = str(token.attrGet("href") or "")
    inside = href.startswith("/") and not href.startswith(("//", "/\\"))
    if not inside and _host(href) is None and not href.lower().startswith("mailto:"):
        token.attrs.pop("href", None)
    elif not inside:
        token.attrs |= {"target": "_blank", "rel": "noopener noreferrer nofollow"}


def _host(address: str) -> str | None:
    """The host an http(s) address leads to; nothing for any other address."""
    try:
        parts = urlsplit(address)
        return parts.hostname if parts.scheme in {"http", "https"} else None
    except ValueError:
        return None


def _image_as_link(token: Token, *, inside_link: bool) -> Any:
    source = str(token.attrGet("src") or "")
    host = _host(source)
    text = Token("text", "", 0)
    text.content = token.content.strip() or "image"
    if host is None or inside_link:
        yield text
        return
    text.content = f"{text.content} ({host})"
    opening, closing = Token("link_open", "a", 1), Token("link_close", "a", -1)
    opening.attrs = {"href": source, "class": "remote-image"}
    _mend_link(opening)
    yield from (opening, text, closing)


def _marked(text: str, mentions: Mapping[str, str]) -> Any:
    end = 0
    for found in MENTION.finditer(text):
        username = next((name for name in (found[1].lower(), found[1].lower().rstrip("-")) if name in mentions), None)
        if username is None:
            continue
        before, mention = Token("text", "", 0), Token("html_inline", "", 0)
        before.content = text[end : found.start()]
        mention.content = f'<a class="mention" href="/people/{username}/" title="{escape(mentions[username])}">@{username}</a>'
        end = found.start() + 1 + len(username)
        yield from (before, mention)
    rest = Token("text", "", 0)
    rest.content = text[end:]
    yield rest


def _render_code(self: RendererHTML, tokens: Sequence[Token], place: int, options: OptionsDict, env: EnvType) -> str:
    token = tokens[place]
    word = (token.info.split() or [""])[0].lower()[:30] if token.type == "fence" else ""
    name, code = _coloured(token.content, word, env)
    label = f'<span class="{LANGUAGE_LABEL}">{escape(name)}</span>' if name else ""
    classes = f' class="language-{escape(word)}"' if word else ""
    return f'<div class="code-block">{label}<pre tabindex="0"><code{classes}>{code}</code></pre></div>\n'


def _coloured(code: str, word: str, env: EnvType) -> tuple[str, str]:
    """What the language is called, and the code with its words in spans."""
    plain = word, escape(code, quote=False)
    if word not in LANGUAGES or len(code) > LONGEST_COLOURED:
        return plain
    try:
        lexer = get_lexer_by_name(word, stripnl=False)
        spans = StringIO()
        HtmlFormatter(nowrap=True).format(_in_time(lexer.get_tokens(code), env), spans)
    except (ClassNotFound, TimeoutError):
        return plain
    return lexer.name, spans.getvalue()


def _in_time(tokens: Iterable[Any], env: EnvType) -> Iterable[Any]:
    """The tokens, as long as the whole message has time left. Processor time: a busy machine changes nothing in what is shown."""
    started = time.thread_time()
    for token in tokens:
        spent = time.thread_time() - started
        if spent > env["seconds"]:
            env["seconds"] = 0.0
            raise TimeoutError
        yield token
    env["seconds"] -= time.thread_time() - started
