"""What an operator can see of runs, at /metrics. Each process counts what it ended itself; the relay serves no metrics, it logs."""

from __future__ import annotations

from datetime import timedelta

from django.db import Error, connection, transaction
from prometheus_client import Counter, Gauge, Histogram

runs_total = Counter("parley_runs_total", "Runs that ended, by outcome and reason.", ["outcome", "reason"])
delivery_seconds = Histogram(
    "parley_delivery_seconds",
    "From due to started: queue, delivery and the bot's own queue.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)
queue_age_seconds = Gauge("parley_queue_age_seconds", "How long the oldest due run has been waiting.")
# A bot chooses its reason codes. What is not ours is one series, or a bot could make a million of them.
REASONS = {
    "", "bot_off", "undeliverable", "delivery_refused", "poison", "stopped", "nothing_to_answer", "bot_left", "room_removed",
    "model_rate_limited", "model_timeout", "stream_incomplete", "model_unavailable",
}  # fmt: skip

OLDEST = "SELECT extract(epoch FROM clock_timestamp() - min(due_at)) FROM bots_run WHERE state = 'pending' AND due_at <= clock_timestamp()"


def ended(outcome: str, reason: str) -> None:
    label = reason if reason in REASONS else "other"
    transaction.on_commit(lambda: runs_total.labels(outcome, label).inc(), robust=True)


def started(waited: timedelta) -> None:
    transaction.on_commit(lambda: delivery_seconds.observe(max(0.0, waited.total_seconds())), robust=True)


def queue_age() -> float:
    """Asked when the metrics are read. Without a database there is no answer, and the other metrics still stand."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(OLDEST)
            return float(cursor.fetchone()[0] or 0)
    except Error:
        return float("nan")


queue_age_seconds.set_function(queue_age)
