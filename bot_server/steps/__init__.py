"""The built-in steps, one a file, and the `Step` that custom steps build on: `from steps import Step`."""

from steps.chat import Chat, Gpt
from steps.draft import Draft
from steps.format import Format
from steps.guide import Guide
from steps.metadata import Metadata
from steps.reply import Reply
from steps.step import AnyConfig, Payload, Step, StepConfig, StepContext

BUILT_IN: dict[str, type[Step]] = {step.__name__: step for step in (Draft, Format, Guide, Chat, Gpt, Metadata, Reply)}

__all__ = [
    "BUILT_IN",
    "AnyConfig",
    "Chat",
    "Draft",
    "Format",
    "Gpt",
    "Guide",
    "Metadata",
    "Payload",
    "Reply",
    "Step",
    "StepConfig",
    "StepContext",
]
