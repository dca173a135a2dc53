"""The relay against a real endpoint, turn by turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import LazySettings
from django.db.models.functions import Now

from accounts.models import User
from bots import breaker, relay
from bots.deliveries import delivery_of as right
from bots.models import Bot, Run
from bots.models.queue import PER_ENDPOINT
from bots.relay import Relay
from chat import drafts
from chat.models import Message, Room
from lib import outbound
from tests.bots.endpoint import Endpoint, Got, Held, Request, accept, html, huge, known, status

Say = Callable[..., Message]


class Hand:
    """A relay turned by hand, in the transaction of the test."""

    def __init__(self, relay: Relay) -> None:
        self.relay = relay

    def until(self, true: Callable[[], Any], seconds: float = 15) -> Any:
        deadline = time.monotonic() + seconds
        while True:
            self.relay._hear(self.relay._doorbell.wait(min(0.02, self.relay.turn())))
            if value := true():
                return value
            assert time.monotonic() < deadline, "it did not come true in time"

    def idle(self) -> bool:
        """Nothing is under way."""
        return not self.relay._in_hand


@pytest.fixture
def hand(db: None) -> Iterator[Hand]:
    relay = Relay(capacity=16)
    yield Hand(relay)
    relay._drain()


@pytest.fixture
def bot(make_bot: Callable[..., Bot], echo: User, endpoint: Endpoint) -> Bot:
    return make_bot(echo, endpoint=endpoint.url())


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for backoff and probes."""
    monkeypatch.setattr("bots.models.run.full_jitter", lambda failures: 0.0)
    monkeypatch.setattr(breaker, "PROBE_EVERY", 0.05)


def test_a_message_is_delivered_signed_and_without_any_token_of_ours(hand: Hand, endpoint: Endpoint, asked: Run) -> None:
    """W8."""
    hand.until(lambda: endpoint.deliveries and hand.idle())

    (got,) = endpoint.deliveries
    assert (got["run"], got["attempt"], got["path"]) == (str(asked.pk), 1, "/bots/echo")
    ours = {"x-parley-timestamp", "x-parley-signature"}
    assert {name.lower() for name in got["headers"]} <= ours | {"host", "content-type", "content-length", "accept-encoding", "user-agent"}
    run = Run.objects.get()
    assert (run.state, run.undelivered_since) == ("active", None)


def test_a_duplicate_counts_as_taken(hand: Hand, endpoint: Endpoint, asked: Run) -> None:
    endpoint.answer = known

    hand.until(lambda: endpoint.deliveries and hand.idle())

    assert Run.objects.get().state == "active"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (status(500), "answered_500"),
        (status(503, **{"Retry-After": "5"}), "answered_503"),
        (status(401), "answered_401"),
        (status(404), "answered_404"),
        (status(422), "answered_422"),
        (status(302, Location="http://127.0.0.1:9/elsewhere"), "answered_302"),
        (html, "bad_answer"),
        (huge, "answer_too_large"),
    ],
)
def test_f10_any_other_answer_means_not_delivered(hand: Hand, endpoint: Endpoint, asked: Run, answer: Any, reason: str) -> None:
    endpoint.answer = answer

    hand.until(lambda: endpoint.deliveries and hand.idle())

    run = Run.objects.get()
    assert (run.state, run.attempt, run.tries, run.reason) == ("pending", 1, 0, reason)
    assert run.told_at is not None


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (503, "Echo cannot be reached just now. Your message is kept and delivered when it is back."),
        (401, "The server of Echo does not accept this chat's signature just now. Your message is kept and tried again."),
        (404, "The server of Echo answers, but does not know Echo just now. Your message is kept and tried again."),
        (422, "The server of Echo cannot take your message as it is sent. Your message is kept and tried again."),
    ],
)
def test_i9_the_room_hears_why_a_message_was_not_delivered(
    asked: Run, direct: Room, code: int, words: str, django_capture_on_commit_callbacks: Any
) -> None:
    for reason in ("timed_out", f"answered_{code}"):  # what is not so any more is said anew
        Run.objects.update(due_at=Now())
        with django_capture_on_commit_callbacks(execute=True):
            Run.objects.claim(1)[0].not_delivered(reason)

    (draft,) = drafts.of(direct.pk)
    assert draft.activity == words


@pytest.mark.parametrize(("code", "words"), [(413, "longer than my server takes"), (422, "does not understand")])
def test_i9_what_is_refused_for_what_it_holds_is_given_up_soon(
    hand: Hand, endpoint: Endpoint, asked: Run, direct: Room, quick: None, code: int, words: str
) -> None:
    endpoint.answer = status(code)

    hand.until(lambda: Run.objects.get().state == "done" and hand.idle())

    assert (Run.objects.get().reason, len(endpoint.deliveries)) == ("delivery_refused", 3)
    assert words in direct.messages.get(kind="failure").body


@pytest.mark.parametrize("code", [401, 404])
def test_a_refusal_that_may_heal_is_waited_for(hand: Hand, endpoint: Endpoint, asked: Run, quick: None, code: int) -> None:
    """The bot manager has just started and not read the bot's file yet."""
    answers = iter([status(code)] * 6)

    def answer(request: Request, got: Got) -> None:
        next(answers, accept)(request, got)

    endpoint.answer = answer
    hand.until(lambda: len(endpoint.deliveries) == 7 and hand.idle())

    assert Run.objects.get().state == "active"


def test_what_failed_is_delivered_by_the_next_attempt(hand: Hand, endpoint: Endpoint, asked: Run, quick: None) -> None:
    answers = iter([status(500), status(500)])

    def answer(request: Request, got: Got) -> None:
        next(answers, accept)(request, got)

    endpoint.answer = answer

    hand.until(lambda: len(endpoint.deliveries) == 3 and hand.idle())

    assert endpoint.pairs() == [(str(asked.pk), 1), (str(asked.pk), 2), (str(asked.pk), 3)]
    assert Run.objects.get().undelivered_since is None


def test_w8_a_private_endpoint_that_nobody_named_is_never_called(
    hand: Hand, endpoint: Endpoint, asked: Run, settings: LazySettings
) -> None:
    settings.BOT_ENDPOINTS = []

    hand.until(lambda: Run.objects.get().reason)

    assert Run.objects.get().reason == "endpoint_refused"
    assert endpoint.deliveries == []


def test_f10_a_slow_endpoint_holds_up_nobody_else(hand: Hand, endpoint: Endpoint, bea: User, make_bot: Callable[..., Bot]) -> None:
    held = Held()

    def answer(request: Request, got: Got) -> None:
        (held if "slow" in got["path"] else accept)(request, got)

    endpoint.answer = answer
    for number in range(12):
        Room.direct(bea, make_bot(User.objects.create_bot(f"slow-{number}"), endpoint=endpoint.url("slow")).user).post(bea, "hello")
    quick = [make_bot(User.objects.create_bot(f"quick-{number}"), endpoint=endpoint.url(f"quick-{number}")).user for number in range(10)]
    for user in quick:
        Room.direct(bea, user).post(bea, "hello")

    hand.until(lambda: len([got for got in endpoint.deliveries if "quick" in got["path"]]) == 10)

    assert len([got for got in endpoint.deliveries if "slow" in got["path"]]) <= PER_ENDPOINT
    held.go.set()
    hand.until(lambda: len(endpoint.deliveries) == 22 and hand.idle())
    assert len(set(endpoint.pairs())) == 22


def test_f10_an_endpoint_that_is_too_slow_is_not_waited_for(
    hand: Hand, endpoint: Endpoint, asked: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound, "SECONDS", 0.3)
    held = Held()
    endpoint.answer = held

    hand.until(lambda: Run.objects.get().reason)

    assert Run.objects.get().reason == "timed_out"
    held.go.set()


def test_f9_an_endpoint_that_is_away_is_probed_and_its_return_makes_everything_due(
    hand: Hand, endpoint: Endpoint, bot: Bot, bea: User, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The backlog does not wait for the backoff of each run, nor is the endpoint asked for each."""
    monkeypatch.setattr("bots.models.run.full_jitter", lambda failures: 0.0 if failures < 4 else 300.0)
    clock = [1000.0]
    hand.relay._breakers._clock = lambda: clock[0]
    endpoint.answer = status(503)
    rooms = [Room.group(ada, f"Room {number}", [bea, bot.user]) for number in range(8)]
    rooms[0].post(bea, "@echo hello")
    hand.until(lambda: hand.relay._breakers.open_endpoints() and hand.idle())
    asked_before = len(endpoint.deliveries)
    for room in rooms[1:]:
        room.post(bea, "@echo hello")

    hand.until(lambda: Run.objects.filter(told_at__isnull=False).count() == 8)
    assert len(endpoint.deliveries) == asked_before  # nobody knocks between probes

    clock[0] += breaker.PROBE_EVERY
    hand.until(lambda: len(endpoint.deliveries) == asked_before + 1 and hand.idle())

    endpoint.answer = status(202)
    clock[0] += breaker.PROBE_EVERY
    hand.until(lambda: Run.objects.filter(state="active").count() == 8 and hand.idle())
    assert hand.relay._breakers.open_endpoints() == []
    assert not Run.objects.exclude(told_at=None).exists()


def test_a_run_asked_while_nothing_waited_is_the_probe(
    hand: Hand, endpoint: Endpoint, bot: Bot, direct: Room, bea: User, quick: None
) -> None:
    for _ in range(breaker.OPENS_AFTER):
        hand.relay._breakers.failed(bot.endpoint)
    hand.until(hand.relay._breakers.to_probe)

    direct.post(bea, "hello")
    hand.until(lambda: endpoint.deliveries and hand.idle())

    assert hand.relay._breakers.open_endpoints() == []


def test_a_question_that_was_taken_back_ends_silently(hand: Hand, endpoint: Endpoint, direct: Room, bea: User) -> None:
    direct.post(bea, "hello").message.retract(bea)

    hand.until(lambda: Run.objects.get().state == "done")

    run = Run.objects.get()
    assert (run.outcome, run.reason) == ("silent", "nothing_to_answer")
    assert endpoint.deliveries == []


def test_f19_a_delivery_that_cannot_be_built_does_not_stop_the_others(
    hand: Hand, endpoint: Endpoint, direct: Room, group: Room, bea: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def delivery_of(run: Run) -> Any:
        if run.room == direct:
            raise ValueError("odd")
        return right(run)

    monkeypatch.setattr(relay, "delivery_of", delivery_of)
    direct.post(bea, "hello")
    group.post(bea, "@echo hello")

    hand.until(lambda: endpoint.deliveries and hand.idle())

    assert endpoint.deliveries[0]["room"]["id"] == str(group.pk)
    assert Run.objects.get(room=direct).reason == "relay_error"


def test_a_fault_in_a_turn_is_logged_and_survived(hand: Hand, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> float:
        raise ValueError("odd")

    assert hand.relay._survive(broken) == relay.AGAIN


def test_a_run_whose_bot_was_deleted_meanwhile_is_no_trouble(hand: Hand, endpoint: Endpoint, asked: Run, bot: Bot) -> None:
    held = Held()
    endpoint.answer = lambda request, got: status(500)(request, got) if held.go.wait(20) else None
    hand.until(lambda: endpoint.deliveries)
    Run.objects.all().delete()
    held.go.set()

    hand.until(hand.idle)


def test_a_cancellation_that_is_not_taken_is_sent_again(
    hand: Hand, endpoint: Endpoint, asked: Run, bea: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bot server's Redis is away for a moment; a step that shows nothing hears of the stop all the same."""
    monkeypatch.setattr(relay, "CANCELLATION_AGAIN", 0.02)
    hand.until(lambda: endpoint.deliveries and hand.idle())
    asked.cancel(bea)
    answers = iter([status(503), status(503)])

    def answer(request: Request, got: Got) -> None:
        next(answers, accept)(request, got)

    endpoint.answer = answer
    hand.relay._hear([f"cancelled {asked.pk} 1"])
    hand.until(lambda: len(endpoint.cancellations) == 3 and hand.idle())

    assert {(got["run"], got["attempt"]) for got in endpoint.cancellations} == {(str(asked.pk), 1)}
    assert hand.relay._later == []


@pytest.mark.parametrize(("code", "sent"), [(503, relay.CANCELLATIONS), (404, 1)])
def test_a_cancellation_is_sent_only_a_few_times(
    hand: Hand, endpoint: Endpoint, asked: Run, bea: User, monkeypatch: pytest.MonkeyPatch, code: int, sent: int
) -> None:
    monkeypatch.setattr(relay, "CANCELLATION_AGAIN", 0.01)
    hand.until(lambda: endpoint.deliveries and hand.idle())
    asked.cancel(bea)
    endpoint.answer = status(code)

    hand.relay._hear([f"cancelled {asked.pk} 1"])
    hand.until(lambda: len(endpoint.cancellations) >= sent and hand.idle() and not hand.relay._later)

    assert len(endpoint.cancellations) == sent
    assert hand.relay._breakers.open_endpoints() == []


def test_breakers_open_after_three_failures_in_a_row_and_probe_every_five_seconds() -> None:
    clock = [0.0]
    breakers = breaker.Breakers(lambda: clock[0])

    assert [breakers.failed("a") for _ in range(4)] == [False, False, True, False]
    assert (breakers.open_endpoints(), breakers.to_probe(), breakers.next_probe_in()) == (["a"], [], 5.0)
    clock[0] = 5.0
    assert (breakers.to_probe(), breakers.next_probe_in()) == (["a"], None)
    breakers.probing("a")
    assert breakers.to_probe() == []
    assert breakers.answered("a")
    assert not breakers.answered("a")
    breakers.failed("b")
    assert (breakers.open_endpoints(), breakers.suspects()) == ([], ["b"])


def test_an_answer_that_cannot_be_booked_does_not_use_up_the_relay(
    hand: Hand, endpoint: Endpoint, asked: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(run: Run) -> None:
        raise ValueError("odd")

    monkeypatch.setattr(Run, "accepted", broken)

    hand.until(lambda: endpoint.deliveries and hand.idle())

    assert Run.objects.get().state == "active"
