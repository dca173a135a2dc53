"""C29: who runs a bot, and who asked it, hear that it fails: once for each cause, until it answers again."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.core import mail

from accounts.models import User
from bots import alarms, alert_words
from bots.alarms import Alarms
from bots.models import Alert, Bot, Run
from bots.models.queue import in_seconds
from chat.models import Message, Room
from tests.bots.program import in_threads

Say = Callable[..., Message]
LIMITED = {"reason": "model_rate_limited", "explanation": "The model answered 429.", "permanent": True}


class Hook(HTTPServer):
    """A webhook of the operator on this machine."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.status = 200
        hook = self

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                hook.calls.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(hook.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None: ...

        super().__init__(("127.0.0.1", 0), Answer)
        threading.Thread(target=self.serve_forever, daemon=True).start()


@pytest.fixture
def hook(settings: Any) -> Iterator[Hook]:
    hook = Hook()
    settings.ALERT_WEBHOOK = f"http://127.0.0.1:{hook.server_port}/secret-path"
    yield hook
    hook.shutdown()
    hook.server_close()


def fail(room: Room, say: Say, by: User | None = None, **how: Any) -> Run:
    say(room, "@echo are you there?", by)
    (run,) = Run.objects.claim(1)
    run.finish(run.attempt, "failed", **{**LIMITED, **how})
    return run


def reply(room: Room, say: Say) -> None:
    say(room, "@echo are you there?")
    (run,) = Run.objects.claim(1)
    run.reply(run.attempt, "0.0", "I am", {})
    run.finish(run.attempt, "replied")


def send() -> None:
    """One turn of the relay's alarms, and the booking of what it sent."""
    relay = Alarms()
    relay.turn()
    relay._pool.shutdown(wait=True)
    relay._book()


def notices(ada: User, bot: Bot) -> list[str]:
    return list(Message.objects.filter(room=Room.direct(ada, bot.user), kind="notice").values_list("body", flat=True))


def test_c29_the_owner_and_the_asker_are_told_once_for_each_cause(
    group: Room, bot: Bot, ada: User, bea: User, say: Say, hook: Hook
) -> None:
    first = fail(group, say)
    for _ in range(2):
        fail(group, say)
        send()

    assert {(alert.user, alert.reason, alert.count) for alert in Alert.objects.all()} == {
        (ada, "model_rate_limited", 3), (bea, "model_rate_limited", 3),
    }  # fmt: skip
    (notice,) = notices(ada, bot)
    assert notice.startswith("Echo could not answer Bea in Kyoto in May. The model answered 429. [Open the run](/runs/")
    assert sorted(message.to[0] for message in mail.outbox) == ["ada@example.com", "bea@example.com"]
    to_bea = next(message for message in mail.outbox if message.to == ["bea@example.com"])
    assert "Echo could not answer you in Kyoto in May." in to_bea.body and re.search(r"http://\S+/runs/[\w-]+/\n", str(to_bea.body))
    (call,) = hook.calls
    assert (call["bot"], call["owner"], call["reason"]) == ("echo", "ada", "model_rate_limited")
    assert str(first.room.name) not in json.dumps(call) and "429" not in json.dumps(call)

    fail(group, say, reason="model_timeout")
    send()
    assert (len(notices(ada, bot)), len(mail.outbox), len(hook.calls)) == (2, 4, 2)


def test_c29_the_next_success_closes_what_was_open(group: Room, bot: Bot, ada: User, say: Say) -> None:
    fail(group, say)
    send()
    reply(group, say)
    assert not Alert.objects.filter(closed_at=None).exists()

    Alert.objects.update(opened_at=in_seconds(-2 * alarms.LONGEST_WAIT))
    fail(group, say)
    send()
    assert len(notices(ada, bot)) == 2


def test_a_bot_that_fails_every_other_time_does_not_ring_every_other_time(group: Room, bot: Bot, ada: User, say: Say) -> None:
    for _ in range(3):
        fail(group, say)
        send()
        reply(group, say)

    assert len(notices(ada, bot)) == 1
    assert set(Alert.objects.values_list("count", flat=True)) == {3}


def test_what_may_do_better_later_rings_nobody(group: Room, say: Say) -> None:
    fail(group, say, permanent=False)
    assert not Alert.objects.exists()


def test_i8_an_owner_who_is_not_in_the_room_hears_no_content(direct: Room, bot: Bot, ada: User, say: Say) -> None:
    run = fail(direct, say, explanation="The model refused “my secret plan”.")
    send()

    (notice,) = notices(ada, bot)
    assert "in a room you are not in. The reason is “model_rate_limited”" in notice
    to_ada = next(message for message in mail.outbox if message.to == ["ada@example.com"])
    for words in (notice, to_ada.body):
        assert "secret" not in words and "Bea" not in words and str(run.pk) not in words


def test_an_owner_who_asked_themselves_has_read_it_already(group: Room, bot: Bot, ada: User, say: Say) -> None:
    fail(group, say, by=ada)
    send()

    assert notices(ada, bot) == []
    assert [message.to for message in mail.outbox] == [["ada@example.com"]]


def test_a_notice_asks_no_bot(group: Room, bot: Bot, ada: User, say: Say) -> None:
    fail(group, say, explanation="Ask @echo again.")
    send()
    assert not Run.objects.filter(room=Room.direct(ada, bot.user)).exists()


def test_what_could_not_be_sent_is_tried_again(group: Room, say: Say, hook: Hook) -> None:
    hook.status = 500
    fail(group, say)
    send()
    send()
    waits = Alert.objects.get(webhook_due_at__isnull=False)
    assert len(hook.calls) == 1, "It is not due again yet."

    hook.status = 200
    Alert.objects.filter(pk=waits.pk).update(webhook_due_at=in_seconds(-1))
    send()
    assert len(hook.calls) == 2
    assert not Alert.objects.filter(webhook_due_at__isnull=False).exists()


def test_after_many_tries_it_is_let_go(group: Room, say: Say, hook: Hook) -> None:
    hook.status = 500
    fail(group, say)
    Alert.objects.update(tries=alarms.TRIES - 1, mail_due_at=None)
    send()
    assert not Alert.objects.filter(webhook_due_at__isnull=False).exists()


def test_one_alert_that_cannot_be_told_does_not_keep_the_others_silent(
    group: Room, bot: Bot, ada: User, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(group, say)
    fail(group, say, reason="model_timeout")
    broken = Alert.objects.get(user=ada, reason="model_rate_limited").pk
    real = alert_words.words_of

    def break_one(alert: Alert) -> Any:
        if alert.pk == broken:
            raise ValueError("words fail")
        return real(alert)

    monkeypatch.setattr(alarms, "words_of", break_one)
    Alert.objects.update(mail_due_at=None)
    send()

    assert len(notices(ada, bot)) == 1
    assert Alert.objects.get(pk=broken).notice_due_at is not None


@pytest.mark.django_db(transaction=True)
def test_two_rooms_that_fail_at_once_open_one_alert(ada: User, bea: User, bot: Bot, say: Say) -> None:
    rooms = [Room.group(ada, f"Room {number}", [bea, bot.user]) for number in range(4)]
    for room in rooms:
        say(room, "@echo hello")
    runs = Run.objects.claim(4)
    assert len(runs) == 4

    in_threads([lambda run=run: run.finish(1, "failed", **LIMITED) for run in runs])  # type: ignore[misc]

    assert sorted(Alert.objects.values_list("user__username", "count")) == [("ada", 4), ("bea", 4)]


def test_the_relay_sends_alerts_as_it_sweeps(group: Room, bot: Bot, ada: User, say: Say) -> None:
    from bots.relay import Relay

    fail(group, say)
    relay = Relay()
    relay._sweep()
    relay._drain()

    assert len(notices(ada, bot)) == 1
