"""Bots that work on bots: what a step can read and propose, always with the rights of the person who asked (docs/api/workshop.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

from chat_api import ChatApi
from errors import AnswerRefused, StepError

Json = dict[str, Any]

# Cases may each ask a model.
CASES_SECONDS = 180.0


class AppWorkshop:
    """`steps.Workshop` for one attempt of one run: the app knows by it who asked."""

    def __init__(self, api: ChatApi, run: str, attempt: int, give_up: Callable[[], bool]) -> None:
        """`give_up`: says when an app that is away need not be asked again."""
        self._api = api
        self._for = {"X-Parley-Run": f"{run}/{attempt}"}
        self._give_up = give_up

    def rights(self) -> Json:
        """{"may_make_bots", "reason"}: whether the asker may have new bots, and why not."""
        return self._asked("GET", "workshop")

    def runs(self, bot: str, outcome: str = "", limit: int = 20) -> list[Json]:
        """The bot's runs that have ended, of the asker's rooms, the newest first."""
        query = urlencode({"outcome": outcome, "limit": limit})
        return list(self._asked("GET", f"bots/{quote(bot, safe='')}/runs?{query}")["runs"])

    def file(self, bot: str) -> Json:
        """{"name", "yaml", "version", "may_edit"} of the bot's live file."""
        return self._asked("GET", f"bots/{quote(bot, safe='')}/file")

    def propose(self, bot: str, yaml: str, why: str, base: int | None = None) -> Json:
        """Propose a text for the bot's file: the proposal. A text that does not load is a StepError that says what is wrong."""
        return self._asked("POST", f"bots/{quote(bot, safe='')}/proposals", {"yaml": yaml, "why": why, "base": base})

    def run_cases(self, bot: str, yaml: str | None = None) -> list[Json]:
        """How the bot does in the cases of this text, or of its live file: [{"case", "passed", "missed"}]. For the bot's editors."""
        return list(self._asked("POST", f"bots/{quote(bot, safe='')}/case-runs", {"yaml": yaml}, seconds=CASES_SECONDS)["cases"])

    def _asked(self, method: str, path: str, body: Json | None = None, **limits: Any) -> Json:
        try:
            return self._api.for_asker(method, path, body, self._for, give_up=self._give_up, **limits)
        except AnswerRefused as error:
            # The app's words are for people; a permanent no is the step's failure.
            words = error.explanation.removeprefix(f"The chat app answered {error.status}: ")
            raise StepError(words, code="workshop_refused", permanent=error.permanent) from None
