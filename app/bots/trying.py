"""The trial room: an unsaved bot's answer, carried from the bot manager to the browser as it comes. What it asks becomes a card there."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import structlog
from django.db import connection

from accounts.throttle import Limit
from bots import budgets, trial_cards, workshop
from bots.errors import BadInput, ChatError

if TYPE_CHECKING:
    from bots.bench import Bench

log = structlog.get_logger(__name__)

A_MINUTE = 20
LONGEST = 200
MOST_WORDS = 20_000
# Threads of their own: each waits for a model.
_pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="trial")


def trial_of(bench: Bench, yaml: str, said: Mapping[str, Any]) -> AsyncIterator[bytes]:
    """Lines of JSON. `said` is what `conversation` or `answer` makes of what the browser sends."""
    limit = Limit(f"trial:{bench.user.pk}", A_MINUTE, 60)
    if not limit.take():
        raise BadInput(f"You have tried your bot {A_MINUTE} times in this minute. Wait {limit.wait} s.")
    if bench.bot and (refusal := budgets.refusal(bench.bot, bench.user)):
        raise BadInput(refusal)
    return _carried(bench, yaml, said)


def conversation(said: str) -> dict[str, Any]:
    """The conversation so far, given as JSON: [{"by": "you" | "bot", "text"}], the last one by the person."""
    try:
        given: Any = json.loads(said)
        messages = [{"by": str(one["by"]), "text": str(one["text"])[:MOST_WORDS]} for one in given][-LONGEST:]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BadInput("What was said could not be read. Load the page again.") from error
    if not messages or messages[-1]["by"] != "you" or any(one["by"] not in ("you", "bot") for one in messages):
        raise BadInput("Say something first.")
    return {"messages": messages}


def answer(state: str, value: str, parts: Mapping[int, str]) -> dict[str, Any]:
    """What the person says to a bot that waits. `state` is the manager's own, carried by the browser; only the manager can read it."""
    value = value.replace("\r\n", "\n").strip()
    if len(value) > MOST_WORDS:
        raise BadInput(f"This answer has {len(value):,} characters; {MOST_WORDS:,} is the most it can have.")
    return {"answer": {"state": state, "value": value, "parts": {str(number): words for number, words in parts.items()}}}


async def _carried(bench: Bench, yaml: str, said: Mapping[str, Any]) -> AsyncIterator[bytes]:
    lines: asyncio.Queue[bytes | None] = asyncio.Queue()
    loop, gone = asyncio.get_running_loop(), threading.Event()

    def put(line: bytes | None) -> None:
        loop.call_soon_threadsafe(lines.put_nowait, line)

    def carry() -> None:
        try:
            with workshop.trial(yaml, bench.name, said, bench.user) as chunks:
                for line in _lines(chunks):
                    if gone.is_set():
                        return  # closes the connection, and the manager stops the bot
                    put(_ended(bench, json.loads(line)) if b'"outcome"' in line else line)
        except ChatError as error:
            put(_refused(error.message))
        except Exception:
            log.exception("trial_broke", bot=bench.name)
            put(_refused("The trial broke off. The log of the chat says why."))
        finally:
            connection.close()
            put(None)

    _pool.submit(carry)
    try:
        while (line := await lines.get()) is not None:
            yield line
    finally:
        gone.set()


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Whole lines, with their ends."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line + b"\n" for line in whole)
    if rest:
        yield rest + b"\n"


def _ended(bench: Bench, told: dict[str, Any]) -> bytes:
    """The last line. What was used counts like any other answer of the bot; what is asked goes on as a card."""
    if bench.bot:
        budgets.book_trial(bench.bot, bench.user, [{"usage": usage} for usage in told.get("used") or []])
    if asks := told.pop("asks", None):
        told["card"] = trial_cards.card_of(asks, bench)
    return _line(told)


def _refused(explanation: str) -> bytes:
    """The bot did nothing. An answer that was refused can be given anew."""
    nothing: dict[str, Any] = {"replies": [], "steps": [], "usage": {}, "used": [], "sent": []}
    return _line({"outcome": "failed", "refused": True, "explanation": explanation, **nothing})


def _line(told: dict[str, Any]) -> bytes:
    return json.dumps(told).encode() + b"\n"
