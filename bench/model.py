"""A model server that costs next to nothing and says when it said what.

``[[tokens:100:20]]`` in the last user message: 100 tokens, 20 ms apart. The first token is the moment the request came, each other
one the moment it was sent: so whoever reads an answer knows how long the model took for it, and how late each word is.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import time

import uvloop

WISH = re.compile(r"\[\[tokens:(\d+):(\d+)\]\]")
TURN = 1 << 28  # microseconds; stamps begin anew after 268 s
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def stamp() -> str:
    return f"{int(time.monotonic() * 1e6) % TURN:x} "


def since(then: str, now: float) -> float:
    """Milliseconds from a stamp to a moment of time.monotonic, of any process of this machine."""
    return (int(now * 1e6) - int(then, 16)) % TURN / 1000


def _piece(text: str) -> bytes:
    data = f"data: {text}\n\n".encode()
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def _token(text: str) -> bytes:
    return _piece('{"id":"b","choices":[{"index":0,"delta":{"content":"' + text + '"},"finish_reason":null}]}')


TAIL = (
    _piece('{"id":"b","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}')
    + _piece('{"id":"b","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":100,"total_tokens":107}}')
    + _piece("[DONE]")
    + b"0\r\n\r\n"
)


async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """All requests of one connection."""
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            came = stamp()
            length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
            body = json.loads(await reader.readexactly(int(length[1]))) if length else {}
            said = [turn["content"] for turn in body.get("messages", []) if turn["role"] == "user"]
            wish = WISH.search(said[-1] if said else "")
            await _answer(writer, came, int(wish[1]) if wish else 1, int(wish[2]) / 1000 if wish else 0)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass  # the client has gone
    finally:
        writer.close()


async def _answer(writer: asyncio.StreamWriter, came: str, tokens: int, gap: float) -> None:
    writer.write(HEAD + _token(came))
    began = time.monotonic()
    for number in range(1, tokens):
        if gap:
            await asyncio.sleep(max(0.0, began + number * gap - time.monotonic()))
        writer.write(_token(stamp()))
    writer.write(TAIL)
    await writer.drain()


async def serve(port: int) -> None:
    async with await asyncio.start_server(converse, "127.0.0.1", port, backlog=512) as server:
        await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.model")
    parser.add_argument("--port", type=int, required=True)
    uvloop.run(serve(parser.parse_args().port))
