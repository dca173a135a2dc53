"""The services: they do tasks over the network and may cost money. Each is imported when it is first asked for."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dosaku.services.openai_chat import OpenAIChat

__all__ = ["OpenAIChat"]


def __getattr__(name: str) -> Any:
    from dosaku.catalog import MODULES

    place = MODULES.get(name, ((), ""))[1]
    if not place.startswith(f"{__name__}."):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(place), name)
