"""Runs the tests of a bot file that was changed on disk, and tells the app how they went: its page shows which version broke which.

Bots that may use services are left to `./go bots test` and to the editor: saving a file should cost nobody money unasked.
"""

from __future__ import annotations

import logging
import queue
import threading

from errors import BotServerError
from manager.library import Bot, Library
from manager.registration import Registrar
from manager.trials import cases_of, may_cost
from pipeline.payload import Secrets

log = logging.getLogger(__name__)

WAIT = 0.5


class Examiner:
    """One at a time, in a thread of its own: deliveries and registrations do not wait for it."""

    def __init__(self, library: Library, registrar: Registrar, secrets: Secrets) -> None:
        self._library = library
        self._registrar = registrar
        self._secrets = secrets
        self._changed: queue.SimpleQueue[str] = queue.SimpleQueue()

    def changed(self, name: str) -> None:
        """A bot's file is another than before."""
        self._changed.put(name)

    def loop(self, stop: threading.Event) -> None:
        """Examine what has changed until `stop`."""
        while not stop.is_set():
            try:
                self._examine(self._changed.get(timeout=WAIT))
            except queue.Empty:
                continue
            except BotServerError as error:
                log.info("results were not taken", extra={"code": error.code})

    def _examine(self, name: str) -> None:
        bot = self._library.get(name)
        if bot is None or bot.live is None or not _free(bot):
            return
        results, _ = cases_of(bot.live, self._library.loader, self._secrets, counted=False)
        if self._library.get(name) == bot:  # else a newer text is on its way here
            self._registrar.register_now(bot, results)


def _free(bot: Bot) -> bool:
    """Whether its tests can be run, and cost nothing."""
    live = bot.live
    return live is not None and not bot.problems and live.status == "on" and not may_cost(live)
