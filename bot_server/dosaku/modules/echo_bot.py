"""EchoBot: the chatbot that costs nothing and needs nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from dosaku.errors import Cancelled
from dosaku.module import Module
from dosaku.tasks.chat import Answer, Chat, Turn, last_said, turns_of

GREETING = "Hi, I'm EchoBot."
ASKS_NAME = re.compile(r"\bwhat('|’| i)s your name\b", re.IGNORECASE)


class EchoBot(Module, Chat):
    """Says its name when asked for it, and otherwise repeats what it was told.

    from dosaku.modules import EchoBot

    EchoBot().message("Good morning")  # "Hi, I'm EchoBot. You said: “Good morning”"
    """

    def __init__(self, stream: bool = False) -> None:
        """`stream`: whether `message` gives partial responses unless told otherwise."""
        self._streams = stream

    def message(
        self,
        message: str | Sequence[Turn],
        *,
        stream: bool | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Answer | Iterator[Answer]:
        """See Chat.message. Only what was said last makes a difference; a stream comes word by word."""
        if cancelled and cancelled():
            raise Cancelled
        said = last_said(turns_of(message))
        text = GREETING if ASKS_NAME.search(said) else f"{GREETING} You said: “{said}”"
        streams = self._streams if stream is None else stream
        return _partials(text, cancelled) if streams else Answer(text, "stop")


def _partials(text: str, cancelled: Callable[[], bool] | None) -> Iterator[Answer]:
    ends = [match.end() for match in re.finditer(r"\S+\s*", text)]
    for end in ends:
        if cancelled and cancelled():
            raise Cancelled
        yield Answer(text[:end], "stop" if end == len(text) else "")
