"""Which model answers to which name."""

from __future__ import annotations

import logging
from collections.abc import Mapping

log = logging.getLogger(__name__)

# `small` and `large` are what bot files should say. The others are models that the seeds name and that were shut down
# in 2026, or will be in January 2027 (developers.openai.com/api/docs/deprecations).
ALIASES = {
    "small": "gpt-6-luna",
    "large": "gpt-5.6-sol",
    "gpt-3.5-turbo": "small",
    "gpt-3.5-turbo-16k": "small",
    "gpt-4o-mini": "small",
    "gpt-4.1-mini": "small",
    "gpt-4": "large",
    "gpt-4-0613": "large",
    "gpt-4-1106-preview": "large",
    "gpt-4-turbo": "large",
    "gpt-4-turbo-preview": "large",
    "gpt-4o": "large",
    "gpt-4.1": "large",
}

_warned: set[str] = set()


def resolve(name: str, aliases: Mapping[str, str]) -> str:
    """The model behind a name, through as many aliases as it takes. An old name is warned of once a process."""
    table = ALIASES | dict(aliases)
    model, seen = name, {name}
    while model in table and table[model] not in seen:
        model = table[model]
        seen.add(model)
    if model != name and name in ALIASES and name not in {"small", "large"} and name not in _warned:
        _warned.add(name)
        log.warning("The model %s no longer exists; %s answers in its place. Say small or large instead.", name, model)
    return model
