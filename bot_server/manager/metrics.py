"""What the bot manager counts, in Prometheus form."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REGISTRY = CollectorRegistry()

DELIVERIES = Counter("parley_bot_deliveries_total", "Deliveries by what they were answered with.", ["answer"], registry=REGISTRY)
ENQUEUE_SECONDS = Histogram("parley_bot_enqueue_seconds", "Time from a delivery's arrival to its answer.", registry=REGISTRY)
BOTS = Gauge("parley_bots", "Bots by state.", ["state"], registry=REGISTRY)


def text() -> bytes:
    """The metrics page."""
    return generate_latest(REGISTRY)
