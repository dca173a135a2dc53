"""What the scripted model server can do to whoever asks it. Each behaviour is a function; its name is the model's name.

hello                "Hello there." and a proper end             length, filter    ends early with that finish_reason
tokens-<n>-<ms>      n tokens, ms apart, then a proper end       no-usage          a proper end without token counts
slow                 tokens-20-200                               emoji             a character cut in two halves, and a NUL
429, 429-120         refuses; asks for 120 s                     long-line         200 kB of text in one line
500, 503, 401, 404   refuses                                     no-sampling       400 when temperature or top_p is sent (facts F4)
quota, too-long      429 and 400 that no waiting helps           no-options        400 when stream_options is sent
cut                  the connection breaks in the middle         clean-cut         ends in the middle as if all were well
reset                the connection breaks before any answer     http10            HTTP/1.0, closed in the middle
silent               takes the request and never answers         stall             stops after two tokens
headers-only         answers, and never sends an event           pings             sends pings and nothing else
malformed            something that is no JSON                   error-event       says in the stream that it failed
html                 a page, with status 200                     wrong-type        a stream that calls itself text/plain
empty                an event stream without an event            no-choices        events without choices, then a proper end of stream
nothing              finish_reason, but no text                  thinking          thoughts for 1.5 s, then text
lingers              a proper end, but the connection stays      redirect          302 to elsewhere
mends                a bot file in which corrections are done    obeys             what the first correction in the prompt tells it to
drafts               a bot file; at first with a mistake, and with more rights and another name than it was asked for
"""

from __future__ import annotations

import json
import re
import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

DRAFT = """name: guide
permissions: {services: true, executors: true}
persona: {title: Guide, about: Says how much to take along}
steps:
  - Ask: {question: "How many nights are you away?", into: nights}
  - Draft: {fallback: "Take {nights} shirts and an umbrella."}
  - Reply
tests:
  - {say: hello, answers: ["3"], expect: {contains: 3 shirts}}
"""
EVENT_STREAM = "text/event-stream; charset=utf-8"
REASONS = {200: "OK", 302: "Found", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests"}


@dataclass
class Exchange:
    """One request and the raw socket to answer it on."""

    connection: socket.socket
    request: dict[str, Any]
    stopping: threading.Event

    def answer(self, status: int, body: str, headers: dict[str, str] | None = None, content_type: str = "application/json") -> None:
        """A complete answer."""
        self._head(status, {"content-type": content_type, "content-length": str(len(body.encode()))} | (headers or {}))
        self.connection.sendall(body.encode())

    def refuse(self, status: int, message: str, headers: dict[str, str] | None = None, **fields: Any) -> None:
        """An answer with an error in OpenAI's form."""
        self.answer(status, json.dumps({"error": {"message": message, "type": "scripted"} | fields}), headers)

    def begin(self, content_type: str = EVENT_STREAM) -> None:
        """Begin a chunked stream."""
        self._head(200, {"content-type": content_type, "transfer-encoding": "chunked", "cache-control": "no-cache"})

    def send(self, text: str) -> None:
        """One piece of the stream, as it is."""
        piece = text.encode()
        self.connection.sendall(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")

    def event(self, delta: dict[str, Any], finish: str | None = None) -> None:
        """One event with one choice."""
        self.data({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    def data(self, fields: dict[str, Any]) -> None:
        """One event with any fields."""
        event = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 0, "model": self.request.get("model")} | fields
        self.send(f"data: {json.dumps(event)}\n\n")

    def text(self, text: str) -> None:
        """One event with a piece of text."""
        self.event({"content": text})

    def end(self, finish: str = "stop", *, usage: bool = True, tokens: int = 3) -> None:
        """A proper end: the reason, the token counts if asked for, [DONE]."""
        self.event({}, finish)
        if usage and (self.request.get("stream_options") or {}).get("include_usage"):
            counts = {"prompt_tokens": 7, "completion_tokens": tokens, "total_tokens": 7 + tokens}
            self.data({"choices": [], "usage": counts})
        self.send("data: [DONE]\n\n")
        self.close_stream()

    def close_stream(self) -> None:
        """The last chunk of the body."""
        self.connection.sendall(b"0\r\n\r\n")

    def cut(self) -> None:
        """Break the connection so that the client's socket says so."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def wait(self, seconds: float | None = None) -> None:
        """Wait, but notice when the client closes the connection (then an OSError) or the server stops."""
        end = None if seconds is None else time.monotonic() + seconds
        while not self.stopping.is_set():
            rest = 0.02 if end is None else min(0.02, end - time.monotonic())
            if rest <= 0:
                return
            if select.select([self.connection], [], [], rest)[0] and not self.connection.recv(1, socket.MSG_PEEK):
                raise ConnectionResetError("the client closed the connection")
        raise ConnectionResetError("the server stops")

    def _head(self, status: int, headers: dict[str, str]) -> None:
        lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}", *(f"{name}: {value}" for name, value in headers.items())]
        self.connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())


def play(behaviour: str, exchange: Exchange) -> bool:
    """Do as the name says; whether the connection can be used again. Raises OSError when the client closes it."""
    name, _, details = behaviour.partition("-")
    if behaviour in BEHAVIOURS:
        BEHAVIOURS[behaviour](exchange)
    elif name == "tokens":
        count, _, pause = details.partition("-")
        _tokens(exchange, int(count), int(pause or 0))
    elif name == "429":
        exchange.refuse(429, "Too many requests.", {"retry-after": details or "0"})
    elif name.isdigit():
        exchange.refuse(int(name), f"Scripted {name}.")
    else:
        _repeat(exchange)
    return behaviour not in BREAKING


def _repeat(exchange: Exchange) -> None:
    said = [str(turn.get("content", "")) for turn in exchange.request.get("messages", []) if turn.get("role") == "user"]
    words = f"You said: {said[-1] if said else ''}".split(" ")
    exchange.begin()
    exchange.event({"role": "assistant", "content": ""})
    for number, word in enumerate(words):
        exchange.text(word if number == 0 else f" {word}")
    exchange.end(tokens=len(words))


def _hello(exchange: Exchange) -> None:
    exchange.begin()
    exchange.event({"role": "assistant", "content": ""})
    for piece in ("Hello", " there", "."):
        exchange.text(piece)
    exchange.end()


def _tokens(exchange: Exchange, count: int, pause: int) -> None:
    exchange.begin()
    for number in range(count):
        exchange.text(f"word{number} ")
        if pause:
            exchange.wait(pause / 1000)
    exchange.end(tokens=count)


def _mends(exchange: Exchange) -> None:
    """The bot file of the prompt, with every corrected text in the place of what the bot had said."""
    file, corrections = _under_review(exchange)
    for mended in corrections:
        file = file.replace(mended["before"], mended["after"])
    _says(exchange, f"People said it in other words.\n\n```yaml\n{file}```")


def _obeys(exchange: Exchange) -> None:
    """As a model that was talked into it: says what stands in the first correction, to the letter."""
    _says(exchange, _under_review(exchange)[1][0]["after"])


def _drafts(exchange: Exchange) -> None:
    """Knows how a step is spelled once it has heard which one there is none of."""
    has_heard = "there is no step Repyl" in str(exchange.request["messages"][-1]["content"])
    _says(exchange, f"```yaml\n{DRAFT if has_heard else DRAFT.replace('- Reply', '- Repyl')}```")


def _under_review(exchange: Exchange) -> tuple[str, list[dict[str, Any]]]:
    """The file and the corrections in a prompt of critic-bot."""
    file, runs = re.findall(r"```yaml\n(.*?)\n```\n.*```json\n(.*)\n```", str(exchange.request["messages"][-1]["content"]), re.DOTALL)[0]
    return f"{file}\n", [mended for run in json.loads(runs)["corrected"] for mended in run["corrections"]]


def _says(exchange: Exchange, text: str) -> None:
    exchange.begin()
    exchange.text(text)
    exchange.end()


def _half(exchange: Exchange) -> None:
    exchange.begin()
    exchange.text("Hello")
    exchange.text(" th")


def _cut(exchange: Exchange) -> None:
    _half(exchange)
    exchange.cut()


def _clean_cut(exchange: Exchange) -> None:
    _half(exchange)
    exchange.close_stream()


def _http10(exchange: Exchange) -> None:
    exchange.connection.sendall(f"HTTP/1.0 200 OK\r\ncontent-type: {EVENT_STREAM}\r\n\r\n".encode())
    event = {"choices": [{"index": 0, "delta": {"content": "Hello th"}, "finish_reason": None}]}
    exchange.connection.sendall(f"data: {json.dumps(event)}\n\n".encode())


def _stall(exchange: Exchange) -> None:
    _half(exchange)
    exchange.wait()


def _headers_only(exchange: Exchange) -> None:
    exchange.begin()
    exchange.wait()


def _pings(exchange: Exchange) -> None:
    exchange.begin()
    while True:
        exchange.send(": ping\n\n")
        exchange.wait(0.05)


def _malformed(exchange: Exchange) -> None:
    _half(exchange)
    exchange.send('data: {"choices": [{"delta": {"content": \n\n')
    exchange.close_stream()


def _error_event(exchange: Exchange) -> None:
    _half(exchange)
    exchange.data({"error": {"message": "scripted", "type": "server_error", "code": "server_error"}})
    exchange.close_stream()


def _wrong_type(exchange: Exchange) -> None:
    exchange.begin("text/plain")
    exchange.text("Hello")
    exchange.end()


def _empty(exchange: Exchange) -> None:
    exchange.begin()
    exchange.close_stream()


def _no_choices(exchange: Exchange) -> None:
    exchange.begin()
    exchange.data({"choices": []})
    exchange.data({})
    exchange.send("data: [DONE]\n\n")
    exchange.close_stream()


def _ends(finish: str, text: str = "Hello there", *, usage: bool = True) -> Callable[[Exchange], None]:
    def behave(exchange: Exchange) -> None:
        exchange.begin()
        if text:
            exchange.text(text)
        exchange.end(finish, usage=usage)

    return behave


def _emoji(exchange: Exchange) -> None:
    exchange.begin()
    for half in ("Hi \ud83d", "\ude00\0!"):
        exchange.text(half)
    exchange.end()


def _thinking(exchange: Exchange) -> None:
    exchange.begin()
    for _ in range(15):
        exchange.event({"reasoning_content": "hm"})
        exchange.wait(0.1)
    exchange.text("Hello there.")
    exchange.end()


def _lingers(exchange: Exchange) -> None:
    exchange.begin()
    exchange.text("Hello there.")
    exchange.event({}, "stop")
    exchange.wait()


def _no_sampling(exchange: Exchange) -> None:
    for name in ("temperature", "top_p"):
        if name in exchange.request:
            return exchange.refuse(
                400, f"Unsupported value: '{name}' is not supported with this model.", param=name, code="unsupported_value"
            )
    return _hello(exchange)


def _no_options(exchange: Exchange) -> None:
    if "stream_options" in exchange.request:
        return exchange.refuse(400, "Unknown parameter: 'stream_options'.", param="stream_options")
    return _hello(exchange)


BEHAVIOURS: dict[str, Callable[[Exchange], None]] = {
    "hello": _hello,
    "mends": _mends,
    "obeys": _obeys,
    "drafts": _drafts,
    "slow": lambda exchange: _tokens(exchange, 20, 200),
    "quota": lambda exchange: exchange.refuse(429, "You exceeded your current quota.", code="insufficient_quota"),
    "too-long": lambda exchange: exchange.refuse(400, "This model's maximum context length is 8.", code="context_length_exceeded"),
    "redirect": lambda exchange: exchange.answer(302, "", {"location": "http://127.0.0.1:9/v1"}),
    "cut": _cut,
    "reset": lambda exchange: exchange.cut(),
    "clean-cut": _clean_cut,
    "http10": _http10,
    "silent": lambda exchange: exchange.wait(),
    "headers-only": _headers_only,
    "stall": _stall,
    "pings": _pings,
    "malformed": _malformed,
    "error-event": _error_event,
    "html": lambda exchange: exchange.answer(200, "<!doctype html><p>Welcome</p>", content_type="text/html"),
    "wrong-type": _wrong_type,
    "empty": _empty,
    "no-choices": _no_choices,
    "nothing": _ends("stop", ""),
    "length": _ends("length"),
    "filter": _ends("content_filter"),
    "no-usage": _ends("stop", usage=False),
    "long-line": _ends("stop", "x" * 200_000),
    "emoji": _emoji,
    "thinking": _thinking,
    "lingers": _lingers,
    "no-sampling": _no_sampling,
    "no-options": _no_options,
}
BREAKING = {"cut", "reset", "http10", "silent", "headers-only", "stall", "pings", "lingers"}
