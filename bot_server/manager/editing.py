"""What the app asks for people who write bots in a browser: to check a text, try it, run its cases, and save it.

Only the app may ask: each request is signed over its method, path and body, with a key derived from BOT_KEY. Who may edit which bot is
the app's business; which name a text may have is checked here too, so that no text borrows the permissions of another bot (I6).
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from chat_api import ChatApi
from errors import BotServerError
from manager import trials, writing
from manager.answers import body_of, refusal
from manager.library import Library
from manager.pausing import MAX_STATE, NotAsked, Seal, Unfit
from manager.registration import Registrar
from pipeline.bot_file import NAME
from pipeline.contract import signed
from pipeline.payload import Secrets
from pipeline.pipeline import Pipeline
from pipeline.problem import BrokenBotFile, Problem
from pipeline.schema import schema
from pipeline.templates import templates
from pipeline.trace import Outcome
from pipeline.yaml_tree import MAX_BYTES

log = logging.getLogger(__name__)

Json = dict[str, Any]
Body = TypeVar("Body", bound="_Body")

# Threads of their own: a bot that hangs in its trial must not hold up deliveries.
AT_ONCE = 4
router = APIRouter()


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Text(_Body):
    """A text, and the bot it is to be; None when it is to be a new one."""

    yaml: Annotated[str, Field(max_length=4 * MAX_BYTES)]
    name: str | None = None


class Said(_Body):
    """A message of a trial."""

    by: Literal["you", "bot"]
    text: Annotated[str, Field(max_length=20_000)]


class Asker(_Body):
    """Who tries."""

    username: Annotated[str, Field(max_length=41)]
    name: str = ""
    timezone: str = "UTC"


class Answer(_Body):
    """What somebody says to a bot that waits in a trial: "yes" or "no", or an answer; and the parts they have changed, by number."""

    state: Annotated[str, Field(max_length=MAX_STATE + 100)]
    value: Annotated[str, Field(max_length=20_000)]
    parts: Annotated[dict[str, Annotated[str, Field(max_length=100_000)]], Field(max_length=20)] = {}


class Tried(Text):
    """A text and a conversation with it; or its `answer` to what the text has asked."""

    messages: Annotated[list[Said], Field(max_length=200)] = []
    answer: Answer | None = None
    asker: Asker

    @model_validator(mode="after")
    def _one_of_them(self) -> Tried:
        if bool(self.messages) == bool(self.answer):
            raise ValueError("there must be either messages or an answer")
        return self


class Wish(_Body):
    """A text to save. `base` is the version it was made from; `seen` says that what the file has become is to be replaced; `spent` that a
    budget is used up, and in which words."""

    yaml: Annotated[str, Field(max_length=4 * MAX_BYTES)]
    base: int | None
    by: str
    seen: str = ""
    spent: Annotated[str, Field(max_length=1000)] = ""


class Desk:
    """Where texts are checked and saved. Safe to use from many threads."""

    def __init__(self, library: Library, registrar: Registrar, api: ChatApi, secrets: Secrets) -> None:
        """`secrets`: what may not be shown, whatever a step says of itself while it is loaded or tried."""
        self.library = library
        self.secrets = secrets
        self.pool = ThreadPoolExecutor(3 * AT_ONCE, thread_name_prefix="desk")
        self.trials = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="trial")
        self.free = threading.BoundedSemaphore(AT_ONCE)
        self._registrar = registrar
        self._api = api
        self._lock = threading.Lock()

    def check(self, text: Text) -> Json:
        """What is wrong with a text, and what it would be."""
        try:
            found = self.pipeline(text.yaml, text.name)
        except BrokenBotFile as error:
            return {"name": "", "problems": self._told(error), "steps": [], "reason": ""}
        steps = [{"name": step.name, "detail": step.detail} for step in found.steps]
        reason = self.secrets.hide(found.reason)
        return {"name": found.name, "problems": [], "steps": steps, "reason": reason}

    def cases(self, text: Text) -> Json:
        """How a text does in its own cases, and what they used. Raises BrokenBotFile."""
        found, is_there = self.pipeline(text.yaml, text.name), text.name is not None
        if found.bot.tests:
            self.must_be_counted(found, is_there)
        cases, used = trials.cases_of(found, self.library.loader, self.secrets, counted=is_there)
        return {"cases": cases, "used": used}

    def save(self, name: str, wish: Wish) -> Json:
        """Make a text the bot's file, and have it live. Raises BrokenBotFile, Failed, Changed, Spent, and what the app says."""
        text = wish.yaml.replace("\r\n", "\n")
        pipeline = self.pipeline(text, name, is_new=wish.base is None)
        base = self._text_of(name, wish.base)
        writing.check_base(writing.place_of(self.library, name)[1], base, text, wish.seen)
        if pipeline.bot.tests:
            self.must_be_counted(pipeline, wish.base is not None)
            self.must_be_paid_for(pipeline, wish.spent)
        results, used = trials.cases_of(pipeline, self.library.loader, self.secrets, counted=wish.base is not None)
        if not all(case["passed"] for case in results):
            raise Failed(results, used)
        with self._lock, writing.alone_in(self.library.folder):
            path, now = writing.place_of(self.library, name)
            writing.check_base(now, base, text, wish.seen)
            before = writing.bytes_of(path)
            writing.write(path, text.encode())
            try:
                bot = self.library.reload(path)
                if bot is None or bot.live is None or bot.problems:
                    raise BrokenBotFile(bot.problems if bot else [Problem(path.name, 1, "", "the file went away while it was saved")])
                answer = self._registrar.register_now(bot, results)
            except BotServerError:
                put_back = writing.put_back(self.library, path, before)
                if put_back is not None:
                    self._registrar.changed(name)
                raise
        log.info("saved from the browser", extra={"bot": name, "by": wish.by, "version": answer["version"]})
        return {"version": answer["version"], "status": bot.live.status, "reason": self.secrets.hide(bot.live.reason), "used": used}

    def pipeline(self, yaml: str, name: str | None, *, is_new: bool = False) -> Pipeline:
        """The pipeline of a text that may have the name it has. Raises BrokenBotFile."""
        file = f"{(name or 'bot').replace('-', '_')}.yaml"
        if any("\ud800" <= letter <= "\udfff" for letter in yaml):
            raise BrokenBotFile([Problem(file, 1, "", "the text holds half a character, which no file can hold; write the line anew")])
        found = self.library.loader.load(yaml, file)
        line = next((at for at, text in enumerate(yaml.splitlines(), 1) if text.startswith("name:")), 1)
        if name is not None and found.name != name:
            message = f"a bot keeps its name, and this one is {name}; to have another bot, make a new one"
            raise BrokenBotFile([Problem(file, line, "name", message)])
        if (name is None or is_new) and self.library.get(found.name) is not None:
            raise BrokenBotFile([Problem(file, line, "name", f"there is a bot {found.name} already; choose another name")])
        return found

    def must_be_counted(self, pipeline: Pipeline, is_there: bool) -> None:
        """Nobody counts what a bot uses that is not there yet, though the operator may have allowed its name already (W22)."""
        if trials.may_cost(pipeline) and not is_there:
            message = "nothing counts what this bot would use before it is there; save it without tests, then try it"
            raise BrokenBotFile([Problem(pipeline.file, 1, "permissions", message)])

    def must_be_paid_for(self, pipeline: Pipeline, spent: str) -> None:
        """What its cases use counts for a budget, and is not used when nothing is left of it (W22). A bot that is off has none run."""
        if spent and pipeline.status != "off" and (trials.may_cost(pipeline) or pipeline.bot.delegates):
            raise Spent(spent)

    def problems(self, error: BrokenBotFile) -> Json:
        """What is wrong with a text, for the app."""
        return {"problems": self._told(error)}

    def _told(self, error: BrokenBotFile) -> list[Json]:
        return [
            {"line": one.line, "key": one.key, "message": self.secrets.hide(one.message), "hint": one.nearest, "file": one.file}
            for one in error.problems
        ]

    def _text_of(self, name: str, base: int | None) -> str | None:
        """The text of the version that a wish was made from."""
        if base is None:
            return None
        version = self._api.version(name, base, patience=0)
        if version is None:
            raise writing.Changed(f"There is no version {base} of {name} any more. Load the page again.")
        return str(version["yaml"])


class Failed(BotServerError):
    """Cases failed."""

    code = "cases_failed"

    def __init__(self, cases: list[Json], used: list[Json]) -> None:
        super().__init__("Cases failed.")
        self.cases, self.used = cases, used


class Spent(BotServerError):
    """Cases were not run, since there is nothing left of a budget."""

    code = "budget_spent"


@router.post("/checks")
async def check(request: Request) -> Response:
    """Look for mistakes."""
    return await _answered(request, Text, lambda desk, text: desk.check(text))


@router.post("/cases")
async def cases(request: Request) -> Response:
    """Run a text's own cases."""
    return await _answered(request, Text, lambda desk, text: desk.cases(text))


@router.post("/files/{name}")
async def save(name: str, request: Request) -> Response:
    """Save a text."""
    if not NAME.fullmatch(name):
        return refusal(404, "no_such_bot", "There is no such bot here.")
    return await _answered(request, Wish, lambda desk, wish: desk.save(name, wish))


@router.get("/files/{name}")
async def current(name: str, request: Request) -> Response:
    """What a bot's file says now."""
    if not NAME.fullmatch(name):
        return refusal(404, "no_such_bot", "There is no such bot here.")
    return await _answered(request, None, lambda desk, _: {"yaml": writing.place_of(desk.library, name)[1]})


@router.get("/schema")
async def show_schema(request: Request) -> Response:
    """The JSON Schema of bot files."""
    return await _answered(request, None, lambda desk, _: schema())


@router.get("/templates")
async def show_templates(request: Request) -> Response:
    """Bot files to begin with."""
    return await _answered(request, None, lambda desk, _: {"templates": [one.as_json() for one in templates()]})


@router.post("/trials")
async def try_out(request: Request) -> Response:
    """A conversation with a text, or an answer to what it asked: lines of JSON as they come."""
    desk, tried = await _read(request, Tried)
    if isinstance(tried, Response):
        return tried
    try:
        pipeline = await _in(desk, desk.pipeline, tried.yaml, tried.name)
        desk.must_be_counted(pipeline, tried.name is not None)
    except BrokenBotFile as error:
        return JSONResponse(desk.problems(error), 422)
    if pipeline.status == "off":
        return refusal(503, "bot_off", desk.secrets.hide(pipeline.reason))
    talk = trials.Talk(pipeline, desk.library.loader, secrets=desk.secrets, asker=tried.asker.username)
    seal = Seal(request.app.state.manager.key, tried.yaml, tried.name, tried.asker.username)
    try:
        work = _work(talk, seal, tried)
    except (NotAsked, Unfit) as error:
        return refusal(409, error.code, error.explanation)
    if not desk.free.acquire(blocking=False):
        return refusal(503, "busy", "Others are trying their bots at the moment. Try again in a minute.")
    trial = trials.Trial(talk, seal, work, desk.free.release).start(desk.trials)
    return StreamingResponse(_streamed(desk, trial), media_type="application/x-ndjson")


def _work(talk: trials.Talk, seal: Seal, tried: Tried) -> Callable[[], Outcome]:
    """What is to be done in a thread. Raises NotAsked and Unfit."""
    given = tried.answer
    if given is None:
        return partial(talk.begin_with, [{"by": one.by, "text": one.text} for one in tried.messages])
    pause = seal.opened(given.state)
    pause.must_fit(given.value)
    texts = pause.texts(given.parts) if pause.told["kind"] == "approval" else {}
    return partial(talk.go_on_with, pause, given.value, texts)


async def _streamed(desk: Desk, trial: trials.Trial) -> AsyncIterator[bytes]:
    """Line by line; a reader who goes away stops the bot."""
    try:
        while (line := await _in(desk, trial.next)) is not None:
            yield json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
    finally:
        trial.stop()


async def _answered(request: Request, shape: type[Body] | None, work: Callable[[Desk, Any], Json]) -> Response:
    """A signed request, its body, the work in a thread, and the answer or the refusal."""
    desk, body = await _read(request, shape)
    if isinstance(body, Response):
        return body
    try:
        return JSONResponse(await _in(desk, work, desk, body))
    except BrokenBotFile as error:
        return JSONResponse(desk.problems(error), 422)
    except Failed as error:
        return JSONResponse({"cases": error.cases, "used": error.used}, 422)
    except writing.Changed as error:
        told = {"code": error.code, "message": error.explanation}
        return JSONResponse({"error": told, "yaml": error.text, "seen": error.seen if error.text else ""}, 409)
    except Spent as error:
        return refusal(403, error.code, f"It was not saved, since its cases may use services. {error.explanation}")
    except BotServerError as error:
        log.warning("not saved: %s", error.explanation)
        return refusal(503, error.code, f"It was not saved, and the file is as before. {error.explanation}")


async def _read(request: Request, shape: type[Body] | None) -> tuple[Desk, Any]:
    """The desk and the body, or the refusal. The signature comes first (W27)."""
    manager = request.app.state.manager
    raw = await body_of(request)
    if raw is None:
        return manager.desk, refusal(413, "too_big", "That is too much for a bot file.")
    said = f"{request.method} {request.url.path}\n".encode() + raw
    headers = request.headers
    if not signed(_app_secret(manager.key), headers.get("X-Parley-Timestamp", ""), headers.get("X-Parley-Signature", ""), said):
        return manager.desk, refusal(401, "bad_signature", "The signature is wrong, or its timestamp is more than five minutes off.")
    try:
        return manager.desk, shape.model_validate_json(raw) if shape else None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        return manager.desk, refusal(400, "not_the_contract", f"{'.'.join(map(str, first['loc']))}: {first['msg']}"[:300])


def _app_secret(key: str) -> str:
    return hmac.new(key.encode(), b"app", hashlib.sha256).hexdigest()


async def _in(desk: Desk, work: Callable[..., Any], *given: Any) -> Any:
    """Off the event loop: loading and trying bots takes its time."""
    return await asyncio.get_running_loop().run_in_executor(desk.pool, work, *given)
