"""The Celery app and its one job. Each setting here answers a failure that was measured (docs/architecture.md, "Celery on Redis")."""

from __future__ import annotations

import functools
import os
import time
from typing import Any

from celery import Celery, signals
from celery.exceptions import Reject
from kombu import Queue

import logs
from pipeline.broker import survive_lost_connections
from pipeline.worker import Worker, secrets_of
from settings import settings

PREFIX = "parley:"
QUEUE = "bots"
# A job longer than this would run twice. No run is: a step takes an hour at most, and stale copies end at the claim and at the app's 409.
VISIBILITY_SECONDS = 12 * 3600

survive_lost_connections()
celery = Celery("parley", broker=settings().redis_url(1))
celery.conf.update(
    # No exchange: bindings are a key in Redis that a flush takes away, and kombu then drops what is published without a word.
    task_queues=[Queue(QUEUE, exchange="", routing_key=QUEUE)],
    task_default_queue=QUEUE,
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    # A killed worker must not take its job with it; yet what recovers runs is the lease in PostgreSQL, not this.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_concurrency=settings().worker_concurrency,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    broker_connection_retry=True,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_connection_timeout=2.0,
    broker_transport_options={
        "visibility_timeout": VISIBILITY_SECONDS,
        "global_keyprefix": PREFIX,
        "socket_connect_timeout": 2.0,
        # Longer than the second that kombu blocks for; redis-py's own default of 5 s is too near to it for a slow machine.
        "socket_timeout": 15.0,
        "socket_keepalive": True,
        "health_check_interval": 15,
    },
)


@celery.task(name="parley.answer", bind=True)
def answer(job: Any, delivery: dict[str, Any], enqueued_at: float) -> None:
    """Do the run of one delivery. Goes back to the queue when the worker is going down."""
    if worker().answer(delivery, enqueued_at) == "again":
        raise Reject("the worker is going down", requeue=True)


def enqueue(delivery: dict[str, Any]) -> None:
    """Put a delivery's job into the queue. Raises kombu's OperationalError at once when the broker is away."""
    answer.apply_async((delivery, time.time()), retry=False)


def publish_quickly() -> None:
    """For a process that only publishes: an answer is owed within seconds, so a frozen broker must not hold it for long."""
    celery.conf.broker_transport_options = celery.conf.broker_transport_options | {"socket_timeout": 3.0}


@functools.cache
def worker() -> Worker:
    """This process's worker, made when the first job or the worker's start asks for it."""
    return Worker(settings())


@signals.setup_logging.connect
def _log(**_: Any) -> None:
    logs.configure(settings().django_log_level, secrets_of(settings()).hide)


@signals.worker_ready.connect
def _begin(**_: Any) -> None:
    worker().start()


@signals.worker_shutting_down.connect
def _drain(**_: Any) -> None:
    worker().watchdog.drain()


@signals.worker_shutdown.connect
def _end(**_: Any) -> None:
    worker().stop()
    if worker().watchdog.exit_code:
        # The watchdog asked for this shutdown; Celery would exit with 0 and nobody would look.
        os._exit(worker().watchdog.exit_code)
