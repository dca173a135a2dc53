"""OpenAIChat against a server that does everything servers do (reliability b4, fault F17)."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable

import httpx2
import pytest
import time_machine

from dosaku import Agent, Usage
from dosaku.errors import Cancelled, KeyMissing, ServiceError
from dosaku.services import OpenAIChat
from dosaku.services.openai_chat import Retries, Timeouts, failures, models
from dosaku.services.openai_chat.policy import Retries as Policy
from testing.contracts import ChatContract
from testing.model_server import ModelServer, running

Maker = Callable[..., OpenAIChat]
HI = [{"role": "user", "content": "Hi"}]

# behaviour, reason code, permanent, requests sent
FAILURES = [
    ("429", "model_rate_limited", False, 3),
    ("429-120", "model_rate_limited", False, 1),
    ("quota", "quota_used_up", True, 1),
    ("500", "model_failed", False, 3),
    ("503", "model_failed", False, 3),
    ("401", "key_refused", True, 1),
    ("404", "model_unknown", True, 1),
    ("422", "request_refused", True, 1),
    ("redirect", "request_refused", True, 1),
    ("too-long", "context_too_long", True, 1),
    ("reset", "model_unreachable", False, 3),
    ("cut", "stream_cut", False, 2),
    ("clean-cut", "stream_incomplete", False, 2),
    ("http10", "stream_incomplete", False, 2),
    ("empty", "stream_incomplete", False, 2),
    ("no-choices", "stream_incomplete", False, 2),
    ("malformed", "stream_malformed", False, 2),
    ("error-event", "stream_error", False, 2),
    ("html", "not_a_stream", True, 1),
    ("wrong-type", "not_a_stream", True, 1),
]


class TestOpenAIChat(ChatContract):
    @pytest.fixture
    def chat(self, chat_with: Maker) -> OpenAIChat:
        return chat_with("repeats")


@pytest.mark.parametrize(("behaviour", "code", "permanent", "sent"), FAILURES, ids=[row[0] for row in FAILURES])
def test_f17_each_fault_has_its_reason_code(
    server: ModelServer, chat_with: Maker, behaviour: str, code: str, permanent: bool, sent: int
) -> None:
    with pytest.raises(ServiceError) as caught:
        chat_with(behaviour).chat(HI)
    assert (caught.value.code, caught.value.permanent, len(server.journal.requests)) == (code, permanent, sent)
    assert caught.value.explanation.endswith((".", "?"))


@pytest.mark.parametrize("behaviour", ["silent", "headers-only", "pings"])
def test_f17_a_model_that_says_nothing_runs_into_the_first_deadline(server: ModelServer, chat_with: Maker, behaviour: str) -> None:
    with pytest.raises(ServiceError) as caught:
        chat_with(behaviour, timeouts=Timeouts(first_token=0.4)).chat(HI)
    assert (caught.value.code, caught.value.permanent, len(server.journal.requests)) == ("model_timeout", False, 1)
    assert caught.value.explanation == "The model said nothing for 0.4 s."


def test_f17_a_model_that_falls_silent_runs_into_the_idle_deadline(server: ModelServer, chat_with: Maker) -> None:
    with pytest.raises(ServiceError) as caught:
        chat_with("stall", timeouts=Timeouts(idle=0.4)).chat(HI)
    assert (caught.value.code, caught.value.permanent, len(server.journal.requests)) == ("stream_stalled", False, 1)


def test_f17_one_token_at_a_time_ends_at_the_total_deadline(chat_with: Maker) -> None:
    started = time.monotonic()
    with pytest.raises(ServiceError) as caught:
        chat_with("tokens-100-200", timeouts=Timeouts(total=1)).chat(HI)
    assert caught.value.code == "model_too_slow"
    assert time.monotonic() - started < 3


def test_f17_a_line_of_200_kb_is_read_whole(chat_with: Maker) -> None:
    assert len(chat_with("long-line").chat(HI)) == 200_000


def test_f17_a_refused_connection_is_tried_again_and_then_said(chat_with: Maker) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(ServiceError) as caught:
            chat_with("hello", base_url=f"http://127.0.0.1:{taken.getsockname()[1]}/v1").chat(HI)
    assert (caught.value.code, caught.value.permanent) == ("model_unreachable", False)
    assert "3 requests" in caught.value.explanation


def test_f17_a_name_that_does_not_resolve_is_said(chat_with: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(ServiceError) as caught:
        chat_with("hello", base_url="http://model.invalid/v1").chat(HI)
    assert (caught.value.code, caught.value.permanent) == ("model_unreachable", False)


def test_it_streams_each_piece_as_it_comes(chat_with: Maker) -> None:
    partials = list(chat_with("tokens-5-60").stream(HI))
    assert partials[0] == "word0 "
    assert partials[-1] == "word0 word1 word2 word3 word4 "
    assert len(partials) == 6


def test_it_counts_what_the_server_reports(chat_with: Maker) -> None:
    expected = Usage("OpenAIChat", "hello", tokens_in=7, tokens_out=3, estimated=False, retries=0)
    assert chat_with("hello").chat(HI).usage == expected


def test_it_marks_its_own_count_as_estimated(chat_with: Maker) -> None:
    usage = chat_with("no-usage").chat(HI).usage
    assert usage
    assert usage.estimated
    assert (usage.tokens_in, usage.tokens_out) == (1, 3)


@pytest.mark.parametrize(("behaviour", "finish"), [("length", "length"), ("filter", "content_filter"), ("hello", "stop")])
def test_the_answer_says_why_it_ended(chat_with: Maker, behaviour: str, finish: str) -> None:
    assert chat_with(behaviour).chat(HI).finish == finish


@pytest.mark.parametrize("behaviour", ["once-cut", "once-clean-cut", "once-malformed", "once-error-event"])
def test_a_broken_stream_is_begun_anew_and_the_draft_with_it(server: ModelServer, chat_with: Maker, behaviour: str) -> None:
    partials = list(chat_with(behaviour).stream(HI))
    assert partials[0].startswith("Hello")
    assert "" in partials or len(partials) < 3, "the text so far is taken back, unless it was never shown"
    assert partials[-1] == "Hello there."
    assert partials[-1].usage
    assert partials[-1].usage.retries == 1
    assert len(server.journal.requests) == 2


@pytest.mark.parametrize("behaviour", ["once-429", "once-500", "once-reset"])
def test_what_may_pass_is_tried_again(server: ModelServer, chat_with: Maker, behaviour: str) -> None:
    answer = chat_with(behaviour).chat(HI)
    assert answer == "Hello there."
    assert answer.usage
    assert answer.usage.retries == 1
    assert len(server.journal.requests) == 2


def test_a_long_retry_after_is_handed_on_and_not_waited_for(chat_with: Maker) -> None:
    started = time.monotonic()
    with pytest.raises(ServiceError) as caught:
        chat_with("429-120").chat(HI)
    assert caught.value.retry_after == 120
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "inf"}, 86_400),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Fri, 20 Nov 2026 09:42:00 GMT"}, 60),
        ({}, None),
    ],
)
def test_i10_a_retry_after_is_read_in_any_of_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    with time_machine.travel("2026-11-20T09:41:00Z", tick=False):
        assert failures._retry_after(httpx2.Headers(headers)) == seconds


def test_a_short_retry_after_is_waited_for(chat_with: Maker) -> None:
    started = time.monotonic()
    assert chat_with("once-429-1").chat(HI) == "Hello there."
    assert time.monotonic() - started >= 1


def test_the_failure_says_how_often_it_was_met(chat_with: Maker) -> None:
    with pytest.raises(ServiceError, match=r"The model answered 429 \(too many requests\) \(3 requests in \d+\.\d s\)\."):
        chat_with("429").chat(HI)


def test_backoff_grows_and_is_jittered() -> None:
    policy = Policy(backoff=1, longest=3)
    assert all(0 <= policy.pause(1, None) <= 1 for _ in range(50))
    assert all(0 <= policy.pause(9, None) <= 3 for _ in range(50))
    assert len({policy.pause(3, None) for _ in range(50)}) > 10
    assert policy.pause(1, 7) == 7


def test_f4_sampling_settings_are_sent_only_when_set_and_dropped_when_refused(server: ModelServer, chat_with: Maker) -> None:
    chat_with("hello").chat(HI)
    assert set(server.journal.requests[0]) == {"model", "messages", "stream", "stream_options"}
    assert chat_with("no-sampling", temperature=0.2, top_p=0.5, max_tokens=9).chat(HI) == "Hello there."
    refused, accepted = server.journal.requests[1:]
    assert (refused["temperature"], refused["top_p"]) == (0.2, 0.5)
    assert "temperature" not in accepted
    assert "top_p" not in accepted
    assert accepted["max_tokens"] == 9


def test_a_server_that_knows_no_stream_options_is_asked_without_them(chat_with: Maker) -> None:
    answer = chat_with("no-options").chat(HI)
    assert answer == "Hello there."
    assert answer.usage
    assert answer.usage.estimated


def test_thoughts_that_are_not_shown_count_as_progress(chat_with: Maker) -> None:
    assert chat_with("thinking", timeouts=Timeouts(first_token=1, idle=1)).chat(HI) == "Hello there."


def test_a_connection_that_stays_open_after_the_end_takes_nothing_from_the_answer(chat_with: Maker) -> None:
    assert chat_with("lingers").chat(HI) == "Hello there."


def test_i10_characters_that_nothing_can_store_are_mended(chat_with: Maker) -> None:
    assert chat_with("emoji").chat(HI) == "Hi 😀!"


@pytest.mark.parametrize("behaviour", ["silent", "headers-only", "stall", "pings", "tokens-100-50"])
def test_a_call_stops_within_a_second_and_closes_its_connection(server: ModelServer, chat_with: Maker, behaviour: str) -> None:
    stop = threading.Event()
    ended: list[tuple[str, float]] = []
    chat = chat_with(behaviour, timeouts=Timeouts())

    def ask() -> None:
        try:
            chat.chat(HI, cancelled=stop.is_set)
        except Cancelled:
            ended.append(("cancelled", time.monotonic()))

    thread = threading.Thread(target=ask)
    thread.start()
    assert server.journal.wait_for(1)
    stopped = time.monotonic()
    stop.set()
    thread.join(5)
    assert [what for what, _ in ended] == ["cancelled"]
    assert ended[0][1] - stopped < 1
    assert server.journal.wait_for_closed(timeout=1)
    assert len(server.journal.requests) == 1


def test_a_reader_who_stops_reading_closes_the_connection(server: ModelServer, chat_with: Maker) -> None:
    partials = chat_with("tokens-100-50").stream(HI)
    next(partials)
    partials.close()  # type: ignore[attr-defined]
    assert server.journal.wait_for_closed(timeout=2)


def test_conversations_share_their_connections(server: ModelServer, chat_with: Maker) -> None:
    for _ in range(5):
        assert chat_with("hello").chat(HI) == "Hello there."
    assert len(server.journal.ports) == 1


def test_a_kept_connection_that_died_costs_nothing_but_a_fresh_one(chat_with: Maker) -> None:
    with running() as first:
        port = first.server_port
        assert chat_with("hello", base_url=first.url).chat(HI) == "Hello there."
    with running(port) as second:
        assert chat_with("hello", base_url=second.url).chat(HI) == "Hello there."


def test_thirty_conversations_at_once_do_not_mix(chat_with: Maker) -> None:
    answers: dict[int, str] = {}

    def ask(number: int) -> None:
        answers[number] = str(chat_with("repeats").chat([{"role": "user", "content": f"number {number}"}]))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert answers == {number: f"You said: number {number}" for number in range(30)}


def test_i7_the_key_goes_to_the_server_and_nowhere_else(server: ModelServer, chat_with: Maker, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    chat = chat_with("hello", api_key="s3cret")
    chat.chat(HI)
    assert server.journal.keys == ["Bearer s3cret"]
    for behaviour in ("401", "500", "cut", "html", "malformed"):
        with pytest.raises(ServiceError) as caught:
            chat_with(behaviour, api_key="s3cret").chat(HI)
        assert "s3cret" not in f"{caught.value!r} {caught.value.explanation}"
    assert "s3cret" not in repr(chat) + caplog.text
    assert "s3cret" not in repr(chat._conversation(HI))


def test_without_a_key_openai_is_not_asked() -> None:
    with pytest.raises(KeyMissing, match="Your OpenAI API key is not set"):
        OpenAIChat().chat(HI)
    OpenAIChat(base_url="http://127.0.0.1:9/v1").check()
    OpenAIChat(api_key="s3cret").check()


def test_d32_a_model_that_no_longer_exists_is_replaced_with_one_warning(
    server: ModelServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "_warned", set())
    agent = Agent(enable_services=True, provide={"OpenAIChat": {"base_url": server.url, "aliases": {"small": "tiny-1"}}})
    agent.learn("Chat", module="OpenAIChat", model="gpt-3.5-turbo", stream=True)
    agent.learn("Chat", module="OpenAIChat", model="gpt-3.5-turbo", stream=True, force_relearn=True)
    assert list(agent.Chat("Hi"))[-1] == "You said: Hi"
    assert server.journal.requests[0]["model"] == "tiny-1"
    assert [record.message for record in caplog.records if record.name == models.__name__] == [
        "The model gpt-3.5-turbo no longer exists; tiny-1 answers in its place. Say small or large instead."
    ]


def test_model_aliases_may_go_in_a_circle() -> None:
    assert OpenAIChat("a", aliases={"a": "b", "b": "a"}).model == "b"


def test_d29_without_streaming_a_call_returns_a_str(server: ModelServer) -> None:
    from dosaku.agents import Dosaku

    dosk = Dosaku(enable_services=True, stream_chat=False, provide={"OpenAIChat": {"base_url": server.url}})
    assert dosk.Chat("Hi") == "You said: Hi"
    assert isinstance(dosk.Chat("Hi"), str)


def test_the_policy_is_that_of_the_measurements() -> None:
    assert Timeouts() == Timeouts(connect=5, first_token=60, idle=30, total=600)
    assert Retries().patience == 20
