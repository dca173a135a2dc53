"""One answer of the model: the request, its deadlines, its retries."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dosaku.errors import ServiceError
from dosaku.services.openai_chat.client import client
from dosaku.services.openai_chat.failures import BROKEN, ONCE_MORE, RESTART, complaint, fell_silent, mapped
from dosaku.services.openai_chat.policy import Retries, Timeouts
from dosaku.services.openai_chat.stream import Chunk, Text, chunk_of, lines

SAMPLING = ("temperature", "top_p")


class Restart:
    """Said when the text so far is void and the answer begins anew."""


@dataclass(frozen=True)
class Ending:
    """Said last: why the answer ended, the tokens in and out if the server counted them, and the requests beyond the first."""

    finish: str
    tokens: tuple[int, int] | None
    retries: int


Said = str | Restart | Ending


@dataclass
class Conversation:
    """A request to the model, answered by saying pieces of text, perhaps Restart in between, and an Ending."""

    base_url: str
    api_key: str = field(repr=False)
    request: dict[str, Any]
    timeouts: Timeouts
    retries: Retries
    sent: int = 0  # requests
    began: bool = False  # whether the newest of them is being answered, or was
    _restarts: int = 0
    _spoken: bool = False

    async def hold(self, say: Callable[[Said], None]) -> None:
        """Ask until there is an answer, or no more reason to ask. Raises ServiceError."""
        started = time.monotonic()
        try:
            async with asyncio.timeout(self.timeouts.total):
                while True:
                    try:
                        return await self._ask(say)
                    except BROKEN as error:
                        await self._recover(error, started)
                    if self._spoken:
                        self._spoken = False
                        say(Restart())
        except TimeoutError:
            text = f"The model took longer than {self.timeouts.total:g} s for one answer."
            raise ServiceError(text, code="model_too_slow") from None

    async def _ask(self, say: Callable[[Said], None]) -> None:
        self.sent += 1
        self.began = False
        finish, tokens, text = "", None, Text()
        try:
            async with asyncio.timeout(self.timeouts.first_token) as deadline, self._response() as response:
                _check_stream(response.headers.get("content-type", ""))
                self.began = True
                async for line in lines(response.iter_bytes()):
                    chunk = chunk_of(line)
                    if chunk is None:
                        continue
                    if chunk.text and (piece := text.take(chunk.text)):
                        self._spoken = True
                        say(piece)
                    finish, tokens = finish or chunk.finish, chunk.tokens or tokens
                    self._wait(deadline, chunk, finish)
        except TimeoutError:
            if not finish:
                raise self._silence() from None
        except BROKEN:
            # What breaks after the answer is complete takes nothing from it but the token counts.
            if not finish:
                raise
        if not finish:
            raise ServiceError("The model's answer stopped before it was complete.", code="stream_incomplete")
        say(Ending(finish, tokens, self.sent - 1))

    def _response(self) -> Any:
        """The SDK's response, open and unread. Usage is asked for, since a stream does not report it by itself."""
        sdk = client(self.base_url, self.api_key, self.timeouts.connect)
        return sdk.chat.completions.with_streaming_response.create(**self.request, stream=True)

    def _wait(self, deadline: asyncio.Timeout, chunk: Chunk, finish: str) -> None:
        """Move the deadline on. A timer costs as much as reading a token, so one that would hardly move is left alone."""
        if chunk.done:
            # The end of the body is read too, or the connection could not be used again.
            seconds = self.timeouts.farewell / 10
        elif finish:
            seconds = self.timeouts.farewell
        elif chunk.progress:
            seconds = self.timeouts.idle
        else:
            return
        when = asyncio.get_running_loop().time() + seconds
        if abs(when - (deadline.when() or 0)) > seconds / 50:
            deadline.reschedule(when)

    def _silence(self) -> ServiceError:
        if self._spoken:
            return ServiceError(f"The model fell silent in the middle of its answer for {self.timeouts.idle:g} s.", code="stream_stalled")
        return ServiceError(f"The model said nothing for {self.timeouts.first_token:g} s.", code="model_timeout")

    async def _recover(self, error: Exception, started: float) -> None:
        """Return when the request is worth sending again, after the pause that it takes; else raise our error for it."""
        if self._drop_refused(complaint(error)):
            return
        failure = mapped(error, began=self.began)
        if failure.code in RESTART and self._restarts < self.retries.restarts:
            self._restarts += 1
        elif failure.code not in ONCE_MORE or self.sent - self._restarts >= self.retries.tries or self._asks_too_much(failure):
            raise _counted(failure, self.sent, time.monotonic() - started) from error
        if self.sent == 1 and fell_silent(error):
            return
        await asyncio.sleep(self.retries.pause(self.sent, failure.retry_after))

    def _asks_too_much(self, failure: ServiceError) -> bool:
        return failure.retry_after is not None and failure.retry_after > self.retries.patience

    def _drop_refused(self, said: str) -> bool:
        """Take what the server complains of out of the request; whether there was anything. Each thing only once."""
        if any(name in said for name in SAMPLING) and any(name in self.request for name in SAMPLING):
            self.request = {name: value for name, value in self.request.items() if name not in SAMPLING}
            return True
        if "stream_options" in said and "stream_options" in self.request:
            self.request = {name: value for name, value in self.request.items() if name != "stream_options"}
            return True
        if "max_tokens" in said and "max_tokens" in self.request:
            self.request = dict(self.request)
            self.request["max_completion_tokens"] = self.request.pop("max_tokens")
            return True
        return False


def _check_stream(content_type: str) -> None:
    kind = content_type.partition(";")[0].strip().lower()
    if kind != "text/event-stream":
        shown = kind if kind.replace("/", "").replace("-", "").replace("+", "").replace(".", "").isalnum() else "nothing known"
        text = f"The model's server answered with {shown[:60]} instead of a stream of events. Is OPENAI_BASE_URL right?"
        raise ServiceError(text, code="not_a_stream", permanent=True)


def _counted(failure: ServiceError, sent: int, seconds: float) -> ServiceError:
    """The failure, saying how often it was met when that was more than once."""
    if sent == 1:
        return failure
    text = f"{failure.explanation.rstrip('.')} ({sent} requests in {seconds:.1f} s)."
    return ServiceError(text, code=failure.code, permanent=failure.permanent, retry_after=failure.retry_after)
