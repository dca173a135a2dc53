"""A careless step: it writes what is in the environment into everything that a step can write to."""

from __future__ import annotations

import logging
import os

from steps import Payload, Step

NAMES = ("OPENAI_API_KEY", "DJANGO_SUPERUSER_TOKEN", "BOT_KEY")


class Tattle(Step):
    def process(self, payload: Payload) -> Payload:
        found = " ".join(os.environ[name] for name in NAMES)
        self.context.draft(found)
        self.context.activity(f"telling {found}")
        self.note = found
        logging.getLogger("tattle").warning("Look: %s", found)
        if "draft" in payload:
            raise ValueError(found)
        payload["draft"] = {"body": found, "metadata": {"found": found}}
        payload["prompt"] = [{"role": "user", "content": found}]
        payload["reply"] = {"body": found, "metadata": {"found": found}}
        return payload
