"""Says what is in the file that answered a question."""

from __future__ import annotations

from steps import Payload, Step


class ReadAloud(Step):
    def process(self, payload: Payload) -> Payload:
        attachment = self.context.attachment(payload["file"]["id"])
        payload["draft"] = {"body": f"{attachment.name}: {attachment.data.decode()}", "metadata": {}}
        return payload
