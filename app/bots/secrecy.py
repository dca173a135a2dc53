"""What nobody should read in a trace. Our bot server takes its own secrets out before it sends anything; any program can be a bot, and
people write their keys into messages. So what is shown of a run, and exported, goes through here as well: what looks like a key, and what
is named like one, whatever it is (I7)."""

from __future__ import annotations

import re
from typing import Any

HIDDEN = "[secret]"
TOO_DEEP = "[nested too deep to be shown]"
# Keys of well-known services, tokens of ours, and what stands in a header or an address to sign in with.
TEXTS = re.compile(
    r"""sk-[\w-]{16,} | parley_[0-9a-f]{6,}_\w{16,} | gh[pousr]_\w{20,} | github_pat_\w{20,} | xox[abeprs]-[\w-]{10,} | AKIA[0-9A-Z]{16}
      | AIza[\w-]{30,} | (?<=[Bb]earer\ )[\w.~+/=-]{16,} | (?<=://)[^\s:/@]+:[^\s/@]+(?=@) | eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}
      | -----BEGIN\ [A-Z ]*PRIVATE\ KEY-----.*?(?:-----END\ [A-Z ]*PRIVATE\ KEY-----|\Z)""",
    re.VERBOSE | re.DOTALL,
)
# What can begin one of them: most texts hold nothing, and are not worth the expression.
SIGNS = (
    "sk-",
    "parley_",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "xox",
    "AKIA",
    "AIza",
    "earer ",
    "://",
    "eyJ",
    "-----BEGIN",
)
# How the name of a value ends that is a secret, whatever it looks like: `password`, `clientSecret`, `OPENAI_API_KEY`, `Set-Cookie`. Many
# `tokens` count what a model used, unless the name says what they open.
KEYS = re.compile(
    r"""(?: pass(?:word|wd|phrase|code) | secret | authorization | credential | cookie | jwt | session[ _-]?(?:id|key)
          | (?:api|private|secret|access|signing|encryption)[ _-]?key | (?:access|auth|refresh|bearer|session|api)[ _-]?token )s?\d*\Z
      | token\Z""",
    re.VERBOSE | re.IGNORECASE,
)


def hidden(value: Any) -> Any:
    """The same JSON value without secrets."""
    try:
        return _hidden(value)
    except RecursionError:
        return TOO_DEEP


def restored(edited: Any, original: Any) -> Any:
    """What somebody made of a value that they saw without its secrets: where they left it as it was shown, it is as it was."""
    if isinstance(edited, dict) and isinstance(original, dict):
        return {
            key: original[key]
            if key in original and each == HIDDEN and _names_a_secret(key, original[key])
            else restored(each, original.get(key))
            for key, each in edited.items()
        }
    if isinstance(edited, list) and isinstance(original, list):
        return [restored(each, original[place] if place < len(original) else None) for place, each in enumerate(edited)]
    return original if isinstance(edited, str) and isinstance(original, str) and edited == _hidden(original) else edited


def _hidden(value: Any) -> Any:
    if isinstance(value, str):
        return TEXTS.sub(HIDDEN, value) if any(sign in value for sign in SIGNS) else value
    if isinstance(value, list):
        return [_hidden(each) for each in value]
    if isinstance(value, dict):
        return {key: HIDDEN if _names_a_secret(key, each) else _hidden(each) for key, each in value.items()}
    return value


def _names_a_secret(key: str, value: Any) -> bool:
    """Texts, numbers, lists and what they hold. Nothing, yes and no keep no secret."""
    return value not in (None, "", [], {}) and not isinstance(value, bool) and KEYS.search(key) is not None
