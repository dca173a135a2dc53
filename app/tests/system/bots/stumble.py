"""A step with a mistake in it."""

from __future__ import annotations

from steps import Payload, Step


class Stumble(Step):
    def process(self, payload: Payload) -> Payload:
        payload["draft"] = payload["no such key"]
        return payload
