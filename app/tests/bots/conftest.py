"""Echo as a registered bot, the rooms it is in, and what tests do to runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from accounts.models import User
from bots.models import Bot, BotVersion, Run
from bots.models.queue import in_seconds
from chat.models import Message, Room
from lib import outbound
from tests.bots.desk import KEY, Desk
from tests.bots.endpoint import Endpoint
from tests.bots.program import Api

EXAMPLES = Path(__file__).parents[3] / "docs" / "api" / "examples"
# Nobody listens there: tests of the relay register endpoints of their own.
NOWHERE = "http://127.0.0.1:9/bots/echo"


@pytest.fixture
def endpoint(settings: LazySettings) -> Iterator[Endpoint]:
    """A real bot endpoint on this machine, named by the operator."""
    endpoint = Endpoint()
    settings.BOT_ENDPOINTS = [f"127.0.0.1:{endpoint.port}"]
    yield endpoint
    endpoint.close()
    outbound._pool(trusted=True).close()
    outbound._pool.cache_clear()


@pytest.fixture
def desk(settings: LazySettings) -> Iterator[Desk]:
    """The desk of this place's own bot manager."""
    desk = Desk()
    settings.BOT_API, settings.BOT_KEY = desk.url, KEY
    yield desk
    desk.close()
    outbound._pool(trusted=True).close()
    outbound._pool.cache_clear()


@pytest.fixture
def example() -> Callable[[str], Any]:
    """An example of the contract, as the docs show it and the bot server loads it."""
    return lambda name: json.loads((EXAMPLES / f"{name}.json").read_text())


@pytest.fixture
def make_bot(ada: User) -> Callable[..., Bot]:
    """A bot of Ada's, as a registration leaves it."""

    def make(user: User, **fields: Any) -> Bot:
        bot = Bot.objects.create(user=user, owner=ada, **{"endpoint": NOWHERE, "secret": "s" * 64, **fields})
        bot.live = BotVersion.objects.create(
            bot=bot, number=1, yaml=f"name: {user.username}\nsteps:\n  - Chat\n  - Reply\n", created_by=ada
        )
        bot.save()
        return bot

    return make


@pytest.fixture
def echo_there(make_bot: Callable[..., Bot], echo: User, desk: Desk) -> Bot:
    """Echo, of this place's own bot server."""
    return make_bot(echo, endpoint=f"{desk.url}/bots/echo")


@pytest.fixture
def bot(make_bot: Callable[..., Bot], echo: User) -> Bot:
    return make_bot(echo)


@pytest.fixture
def direct(bea: User, bot: Bot) -> Room:
    return Room.direct(bea, bot.user)


@pytest.fixture
def group(ada: User, bea: User, bot: Bot) -> Room:
    return Room.group(ada, "Kyoto in May", [bea, bot.user])


@pytest.fixture
def say(bea: User) -> Callable[..., Message]:
    """Bea says something, unless told otherwise."""

    def post(room: Room, body: str, by: User | None = None, **more: Any) -> Message:
        return room.post(by or bea, body, **more).message

    return post


@pytest.fixture
def asked(direct: Room, say: Callable[..., Message]) -> Run:
    """Bea has asked Echo something."""
    say(direct, "Let's go for a walk")
    return Run.objects.get()


@pytest.fixture
def at_work(asked: Run) -> Run:
    """Echo has the run in hand, and has started."""
    (run,) = Run.objects.claim(1)
    run.record_steps(run.attempt, [])
    return Run.objects.get(pk=run.pk)


@pytest.fixture
def bots_api(ada: User, token_of: Callable[..., str]) -> Api:
    """The bot server of Ada."""
    return Api(token_of(ada, "bots"))


@pytest.fixture
def bea_api(bea: User, token_of: Callable[..., str]) -> Api:
    return Api(token_of(bea, "chat"))


@pytest.fixture
def age() -> Callable[..., None]:
    """Move moments of a run into the past, on the database's clock."""

    def move(run: Run, **seconds: float) -> None:
        Run.objects.filter(pk=run.pk).update(**{field: in_seconds(-ago) for field, ago in seconds.items()})

    return move
