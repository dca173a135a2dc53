"""A trial that waits for its person. Nobody keeps it meanwhile: where it goes on is carried by their browser, under a signature.

What is carried holds for one text, one bot and one person, and for a day; changed or borrowed, it is no good (W21, W27). So the bot goes on
behind what it has been paid for, and no approval is ever given for something that was not shown.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from errors import BotServerError
from pipeline.approving import canonical
from pipeline.rehearsal import value_of

Json = dict[str, Any]

MAX_STATE = 300_000
SECONDS = 24 * 3600
UNFIT = {
    "number": "The answer is a number, such as 3 or 2.5.",
    "choice": "Choose one of the answers that are offered.",
}


class NotAsked(BotServerError):
    """What somebody answers is not what this text has asked this person."""

    code = "not_asked"


class Unfit(BotServerError):
    """The answer does not fit what was asked: it can be given anew."""

    code = "answer_unfit"


class TooLong(BotServerError):
    """The bot keeps more than a browser carries."""

    code = "too_long"


@dataclass(frozen=True)
class Pause:
    """What a bot waits for (`Outcome.waiting`), whether it has replied before, and the texts of the files it was given."""

    told: Json
    replied: bool = False
    files: dict[str, str] = field(default_factory=dict)

    def texts(self, parts: Mapping[str, str]) -> dict[str, str]:
        """What somebody changed in an approval's parts, by name instead of number. Raises Unfit when a part cannot be changed."""
        found = {}
        for number, part in enumerate(json.loads(self.told["content"])["parts"]):
            words = parts.get(str(number), part["text"]).replace("\r\n", "\n")
            if words == part["text"].replace("\r\n", "\n"):
                continue
            if not part.get("editable") or not part.get("name"):
                raise Unfit("This part cannot be edited.")
            found[part["name"]] = words
        return found

    def must_fit(self, value: str) -> None:
        """Raises Unfit when this is no answer."""
        kind = self.told["kind"]
        if kind == "approval":
            fits = value in ("yes", "no")
        else:
            fits = bool(value.strip()) and (kind != "question" or value_of(value, self.told) is not None)
        if not fits:
            raise Unfit(UNFIT.get(self.told.get("question", ""), "An answer is needed."))


class Seal:
    """Closes and opens what is carried, for one text, one bot and one person."""

    def __init__(self, key: str, yaml: str, name: str | None, username: str) -> None:
        """`key`: the manager's own, which the one of this seal is derived from."""
        self._key = hmac.new(key.encode(), b"trial", hashlib.sha256).digest()
        self._about = [hashlib.sha256(yaml.encode("utf-8", "replace")).hexdigest(), name, username]

    def closed(self, pause: Pause) -> str:
        """The pause as text. Raises TooLong."""
        packed = json.dumps(asdict(pause) | {"until": time.time() + SECONDS}, ensure_ascii=False, separators=(",", ":"))
        state = base64.urlsafe_b64encode(zlib.compress(packed.encode("utf-8", "replace"))).decode()
        if len(state) > MAX_STATE:
            raise TooLong("What it keeps while it waits is too long for a trial. Save the bot and ask it in a room.")
        return f"{state}.{self._signature(state)}"

    def opened(self, state: str) -> Pause:
        """The pause again. Raises NotAsked; nothing is read before its signature is known to be right."""
        packed, _, signature = state.partition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(packed).encode()):
            raise NotAsked("The text was changed since the bot asked, or it was not you whom it asked. Say it again.")
        told = json.loads(zlib.decompress(base64.urlsafe_b64decode(packed)))
        if told.pop("until") < time.time():
            raise NotAsked("It asked this more than a day ago. Say it again.")
        return Pause(**told)

    def _signature(self, state: str) -> str:
        return hmac.new(self._key, canonical([*self._about, state]).encode("utf-8", "replace"), hashlib.sha256).hexdigest()
