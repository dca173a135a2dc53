"""Reads the files of the newest message, and those whose ids it is told; as a model that was talked into it would."""

from __future__ import annotations

import hashlib
import re

from errors import StepError
from steps import Payload, Step

IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


class ReadFiles(Step):
    def process(self, payload: Payload) -> Payload:
        newest = payload["messages"][-1]
        wanted = [*(each["id"] for each in newest["attachments"]), *IDS.findall(newest["body"])]
        payload["draft"] = {"body": "\n".join(self._said(each) for each in wanted), "metadata": {}}
        return payload

    def _said(self, reference: str) -> str:
        try:
            file = self.context.attachment(reference)
        except StepError as error:
            return error.code
        return f"{file.name} {file.content_type} {len(file.data)} {hashlib.sha256(file.data).hexdigest()}"
