"""Tells the app about each bot: waits for the app, repeats itself harmlessly, and says why a bot is off or held back."""

from __future__ import annotations

import logging
import random
import threading
from typing import Any

from chat_api import ChatApi
from errors import AnswerRefused, BotServerError
from manager.library import Bot, Library
from pipeline import pictures
from pipeline.contract import bot_secret
from pipeline.payload import NO_SECRETS, Secrets

log = logging.getLogger(__name__)

# The app may have been restored from a backup, or another replica may have said something else: say it again now and then.
AGAIN = 60.0
FIRST_WAIT = 0.25
LONGEST_WAIT = 5.0


class Registrar:
    """Registers bots from a thread of its own; `changed` wakes it."""

    def __init__(
        self, library: Library, api: ChatApi, bot_api: str, bot_key: str, again: float = AGAIN, secrets: Secrets = NO_SECRETS
    ) -> None:
        self._library = library
        self._api = api
        self._bot_api = bot_api
        self._bot_key = bot_key
        self._again = again
        self._secrets = secrets
        self._wake = threading.Condition()
        self._due: set[str] = set()
        self._gone: dict[str, dict[str, Any]] = {}
        self._compared = False
        self.registered: dict[str, str] = {}

    def changed(self, name: str) -> None:
        """A bot is new, or another than before."""
        with self._wake:
            self._due.add(name)
            self._wake.notify_all()

    def removed(self, bot: Bot) -> None:
        """A bot's file is gone."""
        with self._wake:
            self._gone[bot.name] = self.registration(bot)
            self._due.add(bot.name)
            self._wake.notify_all()

    def loop(self, stop: threading.Event) -> None:
        """Register what is due until `stop`; everything every minute."""
        wait = FIRST_WAIT
        self._all_due()
        while not stop.is_set():
            if self._round() and self._compare():
                wait = FIRST_WAIT
                with self._wake:
                    if not self._wake.wait_for(lambda: bool(self._due) or stop.is_set(), self._again):
                        self._all_due()
            else:
                stop.wait(random.uniform(wait / 2, wait))  # noqa: S311 (jitter)
                wait = min(wait * 2, LONGEST_WAIT)

    def register_now(self, bot: Bot, results: list[dict[str, Any]]) -> dict[str, Any]:
        """Tell the app of a bot and how its cases went at once, and what it answers. Raises BotServerError when it does not take it."""
        answer = self._told(bot.name, self.registration(bot) | {"results": results})
        self._gone.pop(bot.name, None)
        self.registered[bot.name] = _fingerprint(bot)
        return answer

    def wake(self) -> None:
        """Look at `stop` now."""
        with self._wake:
            self._wake.notify_all()

    def _all_due(self) -> None:
        with self._wake:
            self._due.update(bot.name for bot in self._library.all())

    def _round(self) -> bool:
        """Register every bot that is due. Whether the app took what could be taken; the rest stays due."""
        with self._wake:
            names, self._due = sorted(self._due), set()
        for position, name in enumerate(names):
            try:
                self._register(name)
            except AnswerRefused as error:
                self._refused(name, error)
                if error.permanent and error.status != 401:
                    # Asking again at once changes nothing, and the other bots must not wait for this one; the minute's round asks again.
                    continue
                self._later(names[position:])
                return False
            except BotServerError as error:
                log.info("waiting for the chat app", extra={"code": error.code})
                self._later(names[position:])
                return False
        return True

    def _compare(self) -> bool:
        """Once: find the bots whose files went while nobody watched. Whether that is done."""
        if self._compared:
            return True
        try:
            kept = self._api.registrations()
        except BotServerError as error:
            log.info("waiting for the chat app", extra={"code": error.code})
            return False
        for name, bot in kept.items():
            if bot["status"] == "on" and bot["endpoint"] == self._endpoint(name) and self._library.get(name) is None:
                described = {field: bot[field] for field in _DESCRIBED}
                with self._wake:
                    self._gone[name] = self._address(name) | _NOTHING | described
                    self._due.add(name)
        self._compared = True
        return True

    def _later(self, names: list[str]) -> None:
        with self._wake:
            self._due.update(names)

    def _register(self, name: str) -> None:
        bot = self._library.get(name)
        if bot is None:
            self._off(name)
            return
        if bot.live is None:
            bot = self._last_good(bot)
        self._gone.pop(name, None)
        wish = self.registration(bot)
        # The app has the picture already, which may be long.
        self._told(name, wish | {"picture": None} if self.registered.get(name) == _fingerprint(bot) else wish)
        if self.registered.get(name) != _fingerprint(bot):
            log.info("registered", extra={"bot": name, "held_back": bool(bot.problems)})
        self.registered[name] = _fingerprint(bot)

    def _told(self, name: str, wish: dict[str, Any]) -> dict[str, Any]:
        """Register. A bot whose picture the app cannot show is there all the same, without it."""
        try:
            return self._api.register(name, wish)
        except AnswerRefused as error:
            if error.status != 400 or not wish["picture"]:
                raise
            log.warning("picture was refused: %s", error.explanation, extra={"bot": name})
            return self._api.register(name, wish | {"picture": ""})

    def _off(self, name: str) -> None:
        """The file is gone: the bot stays in its rooms, with the reason why it is silent."""
        gone = self._gone.get(name)
        if gone is not None:
            self._api.register(name, gone | {"status": "off", "reason": "Its bot file was removed.", "held_back": ""})
            self._gone.pop(name, None)
            self.registered.pop(name, None)

    def _last_good(self, bot: Bot) -> Bot:
        """The file was broken when we started: go on with what the app has kept of it."""
        kept = self._api.live_version(bot.name)
        return self._library.restore(bot, str(kept["yaml"]), int(kept["number"])) if kept else bot

    def _refused(self, name: str, error: AnswerRefused) -> None:
        said = {
            401: "the app does not know our token; set DJANGO_SUPERUSER_TOKEN to one made by ./go manage createsuperusertoken",
            403: "the bot's name belongs to somebody else, or our token may not register bots",
        }.get(error.status, error.explanation)
        log.error("not registered: %s", said, extra={"bot": name})

    def registration(self, bot: Bot) -> dict[str, Any]:
        """What the app is told (docs/api/examples/registration.json)."""
        live = bot.live
        # Everybody may read why a bot is held back; a step that broke while it was loaded may have quoted a key (I7).
        held_back = self._secrets.hide(bot.held_back)
        told = self._address(bot.name) | {"held_back": held_back if live else ""}
        if live is None:
            return told | _NOTHING | {"status": "off", "reason": held_back}
        return told | {
            "yaml": live.text,
            "code_hash": live.code_hash,
            "persona": live.bot.persona.model_dump(),
            "attend": live.bot.attend.model_dump(),
            "steps": [{"name": step.name, "detail": step.detail} for step in live.steps],
            "permissions": {"services": live.granted.services, "executors": live.granted.executors},
            "budget": live.bot.budget.model_dump(),
            "commands": [{"name": name, "about": command.about} for name, command in live.bot.commands.items()],
            "callees": live.bot.delegates,
            "picture": pictures.picture(self._library.folder, live.bot.persona.avatar),
            "results": None,
            "status": live.status,
            "reason": self._secrets.hide(live.reason),
        }

    def _address(self, name: str) -> dict[str, Any]:
        return {"endpoint": self._endpoint(name), "secret": bot_secret(self._bot_key, name), "source": "file"}

    def _endpoint(self, name: str) -> str:
        return f"{self._bot_api}/bots/{name}"


_DESCRIBED = ("persona", "attend", "steps", "permissions", "budget", "commands", "callees")
# A bot whose file never worked: there is a bot to show as off, and nothing that could run.
_NOTHING: dict[str, Any] = {
    "yaml": "",
    "code_hash": "",
    "persona": {"title": "", "about": "", "greeting": "", "avatar": ""},
    "attend": {
        "when": "mentioned",
        "context": 16,
        "settle": 0,
        "users": {"whitelist": [], "blacklist": []},
        "roles": {"whitelist": [], "blacklist": []},
        "admins": [],
    },
    "steps": [],
    "permissions": {"services": False, "executors": False},
    "budget": {"tokens_per_day": None, "tokens_per_person": None},
    "commands": [],
    "callees": [],
    # Kept as they are.
    "picture": None,
    "results": None,
}


def _fingerprint(bot: Bot) -> str:
    return f"{hash((bot.live.text, bot.live.code_hash, bot.live.status, bot.live.picture) if bot.live else '')}:{hash(bot.held_back)}"
