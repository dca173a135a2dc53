"""A last step that does not end until the test lets it: the file `released` beside it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from steps import Payload, Step

RELEASED = Path(__file__).with_name("released")


class Linger(Step):
    async def process(self, payload: Payload) -> Payload:
        while not RELEASED.exists():  # noqa: ASYNC110 (the event is a file, so that the test can set it)
            await asyncio.sleep(0.02)
        return payload
