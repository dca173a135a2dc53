"""The agent Dosaku."""

from __future__ import annotations

from typing import Any

from dosaku.agent import Agent


class Dosaku(Agent):
    """A personal assistant that chats through OpenAIChat. Needs services.

    dosk = Dosaku(enable_services=True, stream_chat=False)
    dosk.Chat('Hello')
    """

    def __init__(self, *, enable_services: bool = False, stream_chat: bool = True, **options: Any) -> None:
        """Make the agent. `stream_chat`: whether Chat gives partial responses; `options` as for Agent."""
        if not enable_services:
            raise ValueError("Dosaku requires services to be enabled. Pass in enable_services=True on init.")
        super().__init__(enable_services=True, **options)
        self.learn("Chat", module="OpenAIChat", stream=stream_chat)
