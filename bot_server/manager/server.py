"""The bot manager's HTTP side: takes deliveries and answers in milliseconds; the work goes to Celery."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import redis
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from kombu.exceptions import OperationalError
from pydantic import ValidationError

import logs
from chat_api import ChatApi
from errors import SettingsError
from manager import editing, metrics
from manager.answers import MAX_BODY, body_of, refusal
from manager.editing import Desk
from manager.examiner import Examiner
from manager.library import Library
from manager.registration import Registrar
from manager.watcher import Watcher
from pipeline import jobs, pulse
from pipeline.contract import REQUEST, Cancellation, Delivery, bot_secret, signed
from pipeline.loader import Loader
from pipeline.store import Store, connect
from pipeline.worker import secrets_of, trust_of, valid
from settings import Settings, settings

log = logging.getLogger(__name__)

RETRY_AFTER = 2


class Manager:
    """What the routes share, and the threads beside them."""

    def __init__(self, given: Settings) -> None:
        self.key = given.bot_key.get_secret_value()
        if not self.key:
            # Without it, anybody could compute every bot's secret and sign deliveries.
            raise SettingsError("BOT_KEY is not set. ./setup writes one into .env; any long random text will do.")
        self.library = Library(Loader(given.bot_config, trust_of(given)))
        self.store = Store(connect(given.redis_url(2), timeout=3.0), self.key)
        self.broker = connect(given.redis_url(1), timeout=3.0)
        self.api = ChatApi(given.chat_api, given.django_superuser_token.get_secret_value(), connections=4)
        self.registrar = Registrar(self.library, self.api, given.bot_api, self.key, secrets=secrets_of(given))
        self.desk = Desk(self.library, self.registrar, self.api, secrets_of(given))
        self.examiner = Examiner(self.library, self.registrar, secrets_of(given))
        self._stop = threading.Event()

    def start(self) -> None:
        """Load the bots and begin to watch and register them."""
        logs.configure(settings().django_log_level, secrets_of(settings()).hide)
        jobs.publish_quickly()
        self.library.load_all()
        pulse.start("registrar", self.registrar.loop, self._stop)
        pulse.start("examiner", self.examiner.loop, self._stop)
        pulse.start("watcher", Watcher(self.library, self.registrar, self.examiner).loop, self._stop)

    def stop(self) -> None:
        """End the threads."""
        self._stop.set()
        self.registrar.wake()
        self.api.close()


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    manager = Manager(settings())
    app.state.manager = manager
    manager.start()
    yield
    await asyncio.to_thread(manager.stop)


# No /docs: nothing here is for people (W27).
app = FastAPI(title="Parley bot manager", docs_url=None, redoc_url=None, openapi_url=None, lifespan=_lifespan)
app.include_router(editing.router)


@app.post("/bots/{name}")
async def deliver(name: str, request: Request) -> Response:
    """A delivery or a cancellation for one bot."""
    began = time.monotonic()
    answer = await _delivered(request.app.state.manager, name, request)
    metrics.DELIVERIES.labels(answer=str(answer.status_code)).inc()
    metrics.ENQUEUE_SECONDS.observe(time.monotonic() - began)
    return answer


@app.get("/healthz")
async def health() -> dict[str, str]:
    """The process is up."""
    return {"status": "ok"}


@app.get("/readyz")
async def ready(request: Request) -> Response:
    """Deliveries can be taken: the broker answers."""
    try:
        await asyncio.to_thread(request.app.state.manager.broker.ping)
    except redis.RedisError:
        return refusal(503, "broker_away", "The queue (Redis) cannot be reached.")
    return JSONResponse({"status": "ok"})


@app.get("/metrics")
async def show_metrics(request: Request) -> Response:
    """For Prometheus."""
    states = {"on": 0, "off": 0, "held_back": 0}
    for bot in request.app.state.manager.library.all():
        states["held_back" if bot.live and bot.problems else bot.live.status if bot.live else "off"] += 1
    for state, count in states.items():
        metrics.BOTS.labels(state=state).set(count)
    return Response(metrics.text(), media_type="text/plain; version=0.0.4")


async def _delivered(manager: Manager, name: str, request: Request) -> Response:
    body = await body_of(request)
    if body is None:
        return refusal(413, "too_big", f"A delivery may have {MAX_BODY:,} bytes.")
    # The signature comes first, so that a stranger cannot even learn which bots there are.
    headers = request.headers
    if not signed(bot_secret(manager.key, name), headers.get("X-Parley-Timestamp", ""), headers.get("X-Parley-Signature", ""), body):
        return refusal(401, "bad_signature", "The signature is wrong, or its timestamp is more than five minutes off.")
    if manager.library.get(name) is None:
        return refusal(404, "no_such_bot", "There is no such bot here.")
    try:
        said = REQUEST.validate_json(body)
    except ValidationError as error:
        return refusal(422, "not_the_contract", _first(error))
    if said.bot.name != name:
        return refusal(422, "not_the_contract", "bot.name: the delivery is for another bot.")
    return await _accepted(manager, said)


async def _accepted(manager: Manager, said: Delivery | Cancellation) -> Response:
    """Off the event loop: publishing and Redis block."""
    try:
        if isinstance(said, Cancellation):
            await asyncio.to_thread(manager.store.cancel, said.run, said.attempt)
            return JSONResponse({"accepted": True}, 202)
        job = valid(said)
        first = await asyncio.to_thread(manager.store.first_time, said.run, said.attempt, lambda: jobs.enqueue(job))
    except (OperationalError, redis.RedisError) as error:
        log.warning("broker is away", extra={"error": type(error).__name__})
        return refusal(503, "broker_away", "The queue cannot be reached; try again.", {"Retry-After": str(RETRY_AFTER)})
    return JSONResponse({"accepted": True}, 202) if first else JSONResponse({"accepted": False, "duplicate": True}, 200)


def _first(error: ValidationError) -> str:
    """Where the first fault is, and what it is; never the value."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"[:300]
