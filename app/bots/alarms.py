"""Sends what alerts have to tell: a notice in the owner's room with the bot, a mail, a call of the operator's webhook.

Part of the relay. Its thread claims and books in the database; threads of their own carry mails and calls, and touch no database. What
was claimed comes back later unless it is booked as sent: a crash in between sends it twice rather than never.
"""

from __future__ import annotations

import json
import queue
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F
from django.db.models.functions import Now

from bots.alert_words import Words, words_of
from bots.models import Alert
from bots.models.queue import in_seconds
from chat.models import Room
from chat.models.message import NOTICE
from lib.errors import OutboundError
from lib.outbound import post_json

log = structlog.get_logger(__name__)

MAIL_DUE, WEBHOOK_DUE = "mail_due_at", "webhook_due_at"
WITH = ("bot__user", "bot__owner", "user", "run__room", "run__asker")
AT_ONCE = 20
FIRST_WAIT, LONGEST_WAIT = 60, 3600
TRIES = 12


class Alarms:
    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="alarm")
        self._sent: queue.SimpleQueue[tuple[int, str]] = queue.SimpleQueue()

    def turn(self) -> None:
        """Book what was sent, and send what is due."""
        self._book()
        self._post_notices()
        for alert in _claimed(MAIL_DUE):
            self._submit(alert, MAIL_DUE, mail)
        for alert in _claimed(WEBHOOK_DUE):
            self._submit(alert, WEBHOOK_DUE, call)

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._book()

    def _submit(self, alert: Alert, field: str, send: Callable[[Words], None]) -> None:
        words = words_of(alert)

        def carry() -> None:
            try:
                send(words)
                self._sent.put((alert.pk, field))
            except Exception:  # whatever a mail server or a webhook does, the others must still be told
                log.exception("alert_not_sent", alert=alert.pk, by=field.removesuffix("_due_at"))

        self._pool.submit(carry)

    def _book(self) -> None:
        while not self._sent.empty():
            pk, field = self._sent.get_nowait()
            Alert.objects.filter(pk=pk).update(**{field: None})

    def _post_notices(self) -> None:
        for pk in Alert.objects.filter(notice_due_at__lte=Now()).values_list("pk", flat=True)[:AT_ONCE]:
            try:
                _post_notice(pk)
            except (OperationalError, InterfaceError):
                raise
            except Exception:  # one that cannot be told must not keep the others from being
                log.exception("alert_not_noticed", alert=pk)
                Alert.objects.filter(pk=pk).update(notice_due_at=in_seconds(LONGEST_WAIT))


def _post_notice(pk: int) -> None:
    """Posted and booked in one transaction: told once, whatever happens in between. The room first, then the alert, as when a run ends."""
    with transaction.atomic():
        due = Alert.objects.filter(pk=pk, notice_due_at__lte=Now()).select_related(*WITH)
        if not (known := due.first()):
            return
        room = Room.direct(known.user, known.bot.user)
        room.lock()
        if alert := due.select_for_update(of=("self",), skip_locked=True).first():
            room.post(alert.bot.user, words_of(alert).notice, kind=NOTICE, client_id=f"alert:{alert.pk}")
            Alert.objects.filter(pk=pk).update(notice_due_at=None)


def mail(words: Words) -> None:
    EmailMessage(words.subject, words.mail, to=[words.address]).send()


def call(words: Words) -> None:
    """The operator named this address, so it may be private."""
    answer = post_json(settings.ALERT_WEBHOOK, json.dumps(words.call, ensure_ascii=False).encode(), {}, allow_private=True)
    if answer.status >= 300:
        raise OutboundError(f"The webhook answered {answer.status}.")


def _claimed(field: str) -> list[Alert]:
    """What is due, put off until it would be tried again. After so many tries it is let go, and the log says so."""
    with transaction.atomic():
        due = Alert.objects.select_for_update(of=("self",), skip_locked=True).filter(**{f"{field}__lte": Now()})
        found = list(due.select_related(*WITH)[:AT_ONCE])
        for alert in found:
            last = alert.tries + 1 >= TRIES
            later = None if last else in_seconds(min(FIRST_WAIT * 2**alert.tries, LONGEST_WAIT))
            Alert.objects.filter(pk=alert.pk).update(**{field: later, "tries": F("tries") + 1})
            if last:
                log.error("alert_given_up", alert=alert.pk, by=field.removesuffix("_due_at"))
    return found
