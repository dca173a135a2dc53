"""Sends mail beside the request: how long it takes, and whether it works, must not tell a visitor if an address is known here."""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor

from django.core.mail import EmailMessage
from prometheus_client import Counter

log = logging.getLogger(__name__)
sent = Counter("parley_mails_total", "Mails by what became of them.", ["outcome"])
_sender = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")


def send_soon(message: EmailMessage) -> Future[None]:
    return _sender.submit(_send, message)


def _send(message: EmailMessage) -> None:
    try:
        message.send()
        sent.labels("sent").inc()
    except Exception:  # whatever a mail server does, the next mail must still go out
        sent.labels("failed").inc()
        log.exception("A mail could not be sent. Check the EMAIL_ settings.")
