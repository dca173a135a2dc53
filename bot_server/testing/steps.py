"""For tests of steps: a context that remembers what the step did to the room and the trace."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from dosaku import Agent, Usage
from errors import StepError
from steps.step import Attachment, NoWorkshop, Payload, Step, Workshop

NOW = datetime(2026, 11, 20, 9, 41, tzinfo=UTC)


@dataclass
class FakeContext:
    """Stands in for the pipeline. `stop_after`: how many questions whether it is cancelled are answered with no."""

    bot_name: str = "echo"
    timezone: str = "UTC"
    agent: Agent = field(default_factory=Agent)
    at: datetime = NOW
    stop_after: int | None = None
    drafts: list[str] = field(default_factory=list)
    activities: list[str] = field(default_factory=list)
    usage: list[Usage] = field(default_factory=list)
    prompts: list[list[dict[str, Any]]] = field(default_factory=list)
    code: str = ""
    logs: list[str] = field(default_factory=list)
    attachments: dict[str, Attachment] = field(default_factory=dict)
    workshop: Workshop = field(default_factory=NoWorkshop)
    _asked: int = 0

    def now(self) -> datetime:
        """See StepContext."""
        return self.at

    def draft(self, text: str) -> None:
        """See StepContext."""
        self.drafts.append(text)

    def activity(self, text: str) -> None:
        """See StepContext."""
        self.activities.append(text)

    def cancelled(self) -> bool:
        """See StepContext."""
        self._asked += 1
        return self.stop_after is not None and self._asked > self.stop_after

    def log(self, text: str) -> None:
        """See StepContext."""
        self.logs.append(text)

    def attachment(self, reference: str) -> Attachment:
        """See StepContext. What is here was put into `attachments`."""
        if reference not in self.attachments:
            raise StepError("There is no such attachment.", code="no_attachment")
        return self.attachments[reference]

    def record(self, *, usage: Usage | None = None, prompt: Sequence[Mapping[str, Any]] | None = None, code: str | None = None) -> None:
        """See StepContext."""
        if usage is not None:
            self.usage.append(usage)
        if prompt is not None:
            self.prompts.append([dict(turn) for turn in prompt])
        if code is not None:
            self.code = code


def said(
    body: str, by: str = "bea", *, name: str = "", is_bot: bool = False, at: str = "2026-11-20T09:40:00Z", **fields: Any
) -> dict[str, Any]:
    """A message as a delivery brings it."""
    author = {"username": by, "name": name or by.capitalize(), "is_bot": is_bot}
    return {"id": f"{by}-{at}-{len(body)}", "position": 1, "author": author, "body": body, "created_at": at} | fields


def payload_of(*messages: str | dict[str, Any], room: str = "direct", **fields: Any) -> Payload:
    """A payload as a run begins with it; a str is a message by Bea."""
    turns = [said(message) if isinstance(message, str) else message for message in messages]
    asker = {"username": "bea", "name": "Bea", "timezone": "Australia/Melbourne"}
    return {"room": {"id": "r", "kind": room, "name": ""}, "asker": asker, "messages": turns} | fields


def run_step(step: type[Step], payload: Payload, context: FakeContext | None = None, **config: Any) -> Payload:
    """Build the step, process the payload, and return what comes out. For async steps too; not inside an event loop."""
    result = step(config, context or FakeContext()).process(payload)
    return asyncio.run(_awaited(result)) if inspect.isawaitable(result) else result


async def _awaited(result: Any) -> Payload:
    found: Payload = await result
    return found
