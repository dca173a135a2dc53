"""For the tests of Dosaku: a scripted model server, and patient deadlines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dosaku.services import OpenAIChat
from dosaku.services.openai_chat import Retries, Timeouts
from dosaku.services.openai_chat.client import close
from testing.model_server import ModelServer, running

# Generous where a busy machine must not fail a test; tests of deadlines bring their own.
TIMEOUTS = Timeouts(connect=5, first_token=20, idle=20, total=40, farewell=0.4)
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
