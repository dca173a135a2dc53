"""A step that does a task of Dosaku by itself."""

from __future__ import annotations

import pytest

from dosaku import Agent
from dosaku.errors import ServiceError
from dosaku.services.openai_chat import Retries
from pipeline.task_step import task_step
from testing.model_server import running
from testing.steps import FakeContext, run_step


@pytest.mark.parametrize("stream", [False, True])
def test_what_a_service_used_is_in_the_trace(stream: bool) -> None:
    with running() as server:
        context = FakeContext(agent=Agent(enable_services=True, provide={"OpenAIChat": {"base_url": server.url}}))
        step = task_step("Chat")
        payload = run_step(step, {"say": "Hi"}, context, module="OpenAIChat", model="hello", stream=stream, **{"in": "say", "out": "said"})
    assert payload["said"]
    (usage,) = context.usage
    assert (usage.model, usage.tokens_in > 0, usage.tokens_out > 0) == ("hello", True, True)


def test_what_a_service_used_before_it_failed_is_in_the_trace() -> None:
    """I9: it has been paid for."""
    with running() as server:
        provided = {"base_url": server.url, "retries": Retries(backoff=0.01)}
        context = FakeContext(agent=Agent(enable_services=True, provide={"OpenAIChat": provided}))
        with pytest.raises(ServiceError):
            run_step(task_step("Chat"), {"say": "Hi"}, context, module="OpenAIChat", model="malformed", **{"in": "say"})
    (usage,) = context.usage
    assert (usage.estimated, usage.tokens_in > 0) == (True, True)
