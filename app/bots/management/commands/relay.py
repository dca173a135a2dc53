from __future__ import annotations

import signal
from typing import Any

from django.core.management.base import BaseCommand

from bots.relay import Relay


class Command(BaseCommand):
    help = "Deliver due runs to their bots, until SIGTERM. Several may run at once."

    def handle(self, *args: Any, **options: Any) -> None:
        relay = Relay()
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, lambda *_: relay.stop())
        relay.run()
