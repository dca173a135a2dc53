"""The built-in steps, one a file, and the `Step` that custom steps build on: `from steps import Step`."""

from steps.approve import Approve
from steps.ask import Ask
from steps.asking import Delegation, Edits, Part, Question, Terms
from steps.chat import Chat, Gpt
from steps.delegate import Delegate
from steps.draft import Draft
from steps.format import Format
from steps.guide import Guide
from steps.metadata import Metadata
from steps.reply import Reply
from steps.step import AnyConfig, Attachment, NoWorkshop, Payload, Step, StepConfig, StepContext, Workshop

_ALL: tuple[type[Step], ...] = (Draft, Format, Guide, Chat, Gpt, Metadata, Approve, Ask, Delegate, Reply)
BUILT_IN: dict[str, type[Step]] = {step.__name__: step for step in _ALL}

__all__ = [
    "BUILT_IN",
    "AnyConfig",
    "Approve",
    "Ask",
    "Attachment",
    "Chat",
    "Delegate",
    "Delegation",
    "Draft",
    "Edits",
    "Format",
    "Gpt",
    "Guide",
    "Metadata",
    "NoWorkshop",
    "Part",
    "Payload",
    "Question",
    "Reply",
    "Step",
    "StepConfig",
    "StepContext",
    "Terms",
    "Workshop",
]
