"""Says back whatever people have said. All it has to remember with is what a run brings along."""

from __future__ import annotations

from steps import Payload, Step


class RememberAll(Step):
    def process(self, payload: Payload) -> Payload:
        said = [message["body"] for message in payload["messages"] if not message["author"]["is_bot"]]
        payload["draft"] = {"body": "You told me: " + " / ".join(said), "metadata": {}}
        return payload
