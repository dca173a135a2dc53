"""The trial room: an unsaved bot's answer, carried from the bot manager to the browser as it comes."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import structlog
from django.db import connection

from accounts.throttle import Limit
from bots import budgets, workshop
from bots.errors import BadInput, ChatError

if TYPE_CHECKING:
    from bots.bench import Bench

log = structlog.get_logger(__name__)

A_MINUTE = 20
LONGEST = 200
# Threads of their own: each waits for a model.
_pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="trial")


def trial_of(bench: Bench, yaml: str, said: str) -> AsyncIterator[bytes]:
    """Lines of JSON. `said` is the conversation so far, as JSON: [{"by": "you" | "bot", "text"}], the last one by the person."""
    limit = Limit(f"trial:{bench.user.pk}", A_MINUTE, 60)
    if not limit.take():
        raise BadInput(f"You have tried your bot {A_MINUTE} times in this minute. Wait {limit.wait} s.")
    messages = _messages(said)
    if bench.bot and (refusal := budgets.refusal(bench.bot, bench.user)):
        raise BadInput(refusal)
    return _carried(bench, yaml, messages)


async def _carried(bench: Bench, yaml: str, messages: list[dict[str, str]]) -> AsyncIterator[bytes]:
    lines: asyncio.Queue[bytes | None] = asyncio.Queue()
    loop, gone = asyncio.get_running_loop(), threading.Event()

    def put(chunk: bytes | None) -> None:
        loop.call_soon_threadsafe(lines.put_nowait, chunk)

    def carry() -> None:
        try:
            last = b""
            with workshop.trial(yaml, bench.name, messages, bench.user) as chunks:
                for chunk in chunks:
                    if gone.is_set():
                        return  # closes the connection, and the manager stops the bot
                    last = (last + chunk)[-65_536:]
                    put(chunk)
            _book(bench, last)
        except ChatError as error:
            put(_ended(error.message))
        except Exception:
            log.exception("trial_broke", bot=bench.name)
            put(_ended("The trial broke off. The log of the chat says why."))
        finally:
            connection.close()
            put(None)

    _pool.submit(carry)
    try:
        while (chunk := await lines.get()) is not None:
            yield chunk
    finally:
        gone.set()


def _book(bench: Bench, lines: bytes) -> None:
    """What was used counts like any other answer of the bot."""
    try:
        told = json.loads(lines.strip().rpartition(b"\n")[2])
    except ValueError:
        return
    if bench.bot and isinstance(told, dict):
        budgets.book_trial(bench.bot, bench.user, [{"usage": usage} for usage in told.get("used") or []])


def _messages(said: str) -> list[dict[str, str]]:
    try:
        given: Any = json.loads(said)
        messages = [{"by": str(one["by"]), "text": str(one["text"])[:20_000]} for one in given][-LONGEST:]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BadInput("What was said could not be read. Load the page again.") from error
    if not messages or messages[-1]["by"] != "you" or any(one["by"] not in ("you", "bot") for one in messages):
        raise BadInput("Say something first.")
    return messages


def _ended(explanation: str) -> bytes:
    last = {"outcome": "failed", "explanation": explanation, "replies": [], "steps": [], "usage": {}, "used": []}
    return json.dumps(last).encode() + b"\n"
