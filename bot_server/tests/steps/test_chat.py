"""Chat: the prompt goes out, the answer comes in, the room sees it grow."""

from __future__ import annotations

from typing import Any

import pytest

from dosaku import Agent, ServicePermissionRequired, Usage
from dosaku.errors import KeyMissing, ServiceError, UnknownModule
from dosaku.services.openai_chat import Retries
from dosaku.tasks.chat import Answer
from errors import Cancelled, StepError, StepMisconfigured
from steps import Chat, Draft, Format, Gpt, Guide, Metadata, Reply
from testing.chats import FakeChat, FakeService, ScriptedChat, catalog_with
from testing.model_server import running
from testing.steps import FakeContext, payload_of, run_step, said


def context_with(**options: Any) -> FakeContext:
    agent = Agent(catalog=catalog_with(FakeChat, ScriptedChat, FakeService), **options)
    return FakeContext(agent=agent)


def scripted(*script: str | Answer | Exception) -> FakeContext:
    agent = Agent(catalog=catalog_with(ScriptedChat), provide={"ScriptedChat": {"script": script}})
    return FakeContext(agent=agent)


def test_a_bot_of_chat_and_reply_works() -> None:
    payload = run_step(Reply, run_step(Chat, payload_of("Let's go for a walk")))
    assert payload["reply"] == {"body": "Hi, I'm EchoBot. You said: “Let's go for a walk”", "metadata": {}}


def test_a_whole_pipeline_works() -> None:
    context = scripted('Well done!\n\n# metadata\n{"mood": "glad"}')
    payload = payload_of(said("I lost my tooth"))
    for step, config in (
        (Draft, {}),
        (Format, {"each_user_message": "{content}\n\nreceived: {timestamp}"}),
        (Guide, {"before": "You are funny."}),
        (Chat, {"module": "ScriptedChat"}),
        (Metadata, {}),
        (Reply, {}),
    ):
        payload = run_step(step, payload, context, **config)
    assert payload["reply"] == {"body": "Well done!", "metadata": {"mood": "glad"}}
    assert context.prompts[0][1]["content"] == "I lost my tooth\n\nreceived: 2026-11-20 09:40"


def test_echo_in_a_group_room_hears_no_name_in_front() -> None:
    payload = run_step(Chat, payload_of("Good morning", room="group"))
    assert payload["draft"]["body"] == "Hi, I'm EchoBot. You said: “Good morning”"


def test_a_service_in_a_group_room_is_told_who_speaks() -> None:
    context = context_with(enable_services=True)
    run_step(Chat, payload_of("Good morning", room="group"), context, module="FakeService")
    assert context.prompts == [[{"role": "user", "content": "bea: Good morning"}]]


def test_the_room_sees_the_text_grow() -> None:
    context = context_with()
    run_step(Chat, payload_of("Hi"), context, module="FakeChat")
    assert context.drafts == ["Hel", "Hello."]


def test_without_streaming_the_room_sees_nothing_before_the_answer() -> None:
    context = context_with()
    payload = run_step(Chat, payload_of("Hi"), context, module="FakeChat", stream=False)
    assert context.drafts == []
    assert payload["draft"]["body"] == "Hello."


def test_what_it_asked_and_used_is_in_the_trace() -> None:
    context = context_with()
    step = Chat({"module": "FakeChat", "model": "small"}, context)
    step.process(payload_of("Hi"))
    assert context.prompts == [[{"role": "user", "content": "Hi"}]]
    assert context.usage == [Usage("FakeChat", "small", 10, 5)]
    assert step.summary() == "FakeChat · small · 10 in, 5 out"
    assert step.activity == "thinking with small"
    assert Chat.detail({"module": "OpenAIChat", "model": "large"}) == "OpenAIChat · large"
    assert Chat.detail({}) == "EchoBot"


def test_the_prompt_is_in_the_trace_even_when_the_model_fails() -> None:
    context = scripted(ServiceError("The model's server answered 500 (it failed).", code="model_failed"))
    with pytest.raises(ServiceError) as caught:
        run_step(Chat, payload_of("Hi"), context, module="ScriptedChat")
    assert caught.value.code == "model_failed"
    assert context.prompts == [[{"role": "user", "content": "Hi"}]]


@pytest.mark.parametrize(("finish", "words"), [("length", "the model's length limit"), ("content_filter", "content filter stopped it")])
def test_an_answer_that_ended_early_says_so_in_the_room(finish: str, words: str) -> None:
    payload = run_step(Chat, payload_of("Hi"), scripted(Answer("Once upon", finish)), module="ScriptedChat")
    assert payload["draft"]["body"].startswith("Once upon\n\n*The answer ends here because")
    assert words in payload["draft"]["body"]


def test_an_empty_answer_leaves_the_fallback_of_draft() -> None:
    context = scripted("  ")
    payload = run_step(Draft, payload_of("Hi"), context)
    assert run_step(Chat, payload, context, module="ScriptedChat")["draft"]["body"] == "¯\\_(ツ)_/¯"


def test_i9_an_empty_answer_without_fallback_fails_and_says_so() -> None:
    with pytest.raises(StepError) as caught:
        run_step(Chat, payload_of("Hi"), scripted(""), module="ScriptedChat")
    assert (caught.value.code, caught.value.permanent, caught.value.explanation) == ("answer_empty", False, "The model answered nothing.")


def test_a_stopped_run_ends_the_step() -> None:
    context = context_with()
    context.stop_after = 0
    with pytest.raises(Cancelled):
        run_step(Chat, payload_of("Hi"), context, module="FakeChat")
    assert context.drafts == []


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(("behaviour", "stop_after", "error"), [("slow", 8, Cancelled), ("malformed", None, ServiceError)])
def test_what_a_broken_off_answer_used_is_in_the_trace(
    behaviour: str, stop_after: int | None, error: type[Exception], stream: bool
) -> None:
    """I9: stopped or broken, it has been paid for."""
    with running() as server:
        provided = {"base_url": server.url, "retries": Retries(backoff=0.01)}
        agent = Agent(enable_services=True, provide={"OpenAIChat": provided})
        context = FakeContext(agent=agent, stop_after=stop_after)
        with pytest.raises(error):
            run_step(Gpt, payload_of("Hi there"), context, model=behaviour, stream=stream)
    (usage,) = context.usage
    assert (usage.tokens_in, usage.estimated) == (2, True)
    assert usage.tokens_out > 0


@pytest.mark.parametrize("behaviour", ["500", "html"])
def test_what_the_model_never_began_costs_nothing(behaviour: str) -> None:
    with running() as server:
        provided = {"base_url": server.url, "retries": Retries(backoff=0.01)}
        context = FakeContext(agent=Agent(enable_services=True, provide={"OpenAIChat": provided}))
        with pytest.raises(ServiceError):
            run_step(Gpt, payload_of("Hi there"), context, model=behaviour)
    assert context.usage == []


def test_i6_a_service_without_permission_cannot_even_be_built() -> None:
    with pytest.raises(ServicePermissionRequired):
        Chat({"module": "FakeService"}, context_with())
    with pytest.raises(ServicePermissionRequired):
        Gpt({}, context_with())


def test_a_service_without_its_key_cannot_even_be_built() -> None:
    with pytest.raises(KeyMissing, match="OPENAI_API_KEY"):
        Gpt({}, context_with(enable_services=True))


def test_only_a_service_costs() -> None:
    assert Chat({"module": "FakeService"}, context_with(enable_services=True)).costs
    assert not Chat({}, context_with()).costs


def test_two_chats_of_one_bot_do_not_share_a_module() -> None:
    context = context_with()
    small, large = (Chat({"module": "FakeChat", "model": model}, context) for model in ("small", "large"))
    small.process(payload_of("Hi"))
    large.process(payload_of("Hi"))
    assert [usage.model for usage in context.usage] == ["small", "large"]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"model": "large"}, r"EchoBot has no setting model\. Its settings are: none\."),
        ({"module": "FakeChat", "temperature": 1}, r"FakeChat has no setting temperature\. Its settings are: model\."),
        ({"api_key": "x"}, "api_key"),
        ({"module": "OpenAIChat", "base_url": "http://evil"}, "base_url"),
        ({"module": "OpenAIChat", "temperature": "hot"}, "temperature"),
    ],
)
def test_i10_a_setting_that_the_module_does_not_take_is_named(config: dict[str, Any], message: str) -> None:
    with pytest.raises(StepMisconfigured, match=message):
        Chat(config, context_with(enable_services=True))


def test_w19_a_module_that_is_not_in_the_catalog_is_named() -> None:
    with pytest.raises(UnknownModule, match=r"no module os\.system"):
        Chat({"module": "os.system"}, context_with())


def test_gpt_is_chat_by_openai() -> None:
    with running() as server:
        agent = Agent(enable_services=True, provide={"OpenAIChat": {"base_url": server.url}})
        context = FakeContext(agent=agent)
        payload = run_step(Gpt, payload_of("Hi"), context, model="large")
        assert payload["draft"]["body"] == "You said: Hi"
        assert server.journal.requests[0]["model"] == "gpt-5.6-sol"
        assert context.drafts[-1] == "You said: Hi"
    assert (context.usage[0].tokens_in, context.usage[0].model) == (7, "gpt-5.6-sol")


def test_a_stream_that_begins_anew_resets_the_draft_in_the_room() -> None:
    with running() as server:
        agent = Agent(enable_services=True, provide={"OpenAIChat": {"base_url": server.url}})
        context = FakeContext(agent=agent)
        payload = run_step(Gpt, payload_of("Tell me [[behave:once-cut]]"), context)
    assert payload["draft"]["body"] == "Hello there."
    assert context.drafts[-1] == "Hello there."
    assert context.usage[0].retries == 1
