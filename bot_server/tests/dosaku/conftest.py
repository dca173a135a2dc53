"""For the tests of Dosaku: a scripted model server, and short deadlines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dosaku.services import OpenAIChat
from dosaku.services.openai_chat import Retries, Timeouts
from dosaku.services.openai_chat.client import close
from testing.model_server import ModelServer, running

TIMEOUTS = Timeouts(connect=1, first_token=0.5, idle=0.4, total=8, farewell=0.4)
RETRIES = Retries(backoff=0.01)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with running() as found:
        yield found
    close()


@pytest.fixture
def chat_with(server: ModelServer) -> Callable[..., OpenAIChat]:
    def make(model: str, **settings: Any) -> OpenAIChat:
        given: dict[str, Any] = {"base_url": server.url, "timeouts": TIMEOUTS, "retries": RETRIES}
        return OpenAIChat(model, **(given | settings))

    return make
