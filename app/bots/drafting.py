"""A batch of frames from a worker: fenced by one query, passed on by one round trip to Redis."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from bots.models import Run
from chat import drafts

if TYPE_CHECKING:
    from accounts.models import User
    from bots.models.queue import Live


class Frame(Protocol):
    run: uuid.UUID
    attempt: int
    offset: int
    text: str
    step: str
    activity: str


def take(owner: User, frames: Sequence[Frame]) -> dict[str, list[str]]:
    """Which runs are stale, and of which the whole text is wanted again."""
    pairs = list(dict.fromkeys((frame.run, frame.attempt) for frame in frames))
    speaking = {(frame.run, frame.attempt) for frame in frames if frame.text.strip()}
    live = Run.objects.touch(owner, pairs, speaking=speaking) if pairs else {}
    known = [(live[frame.run, frame.attempt], frame) for frame in frames if (frame.run, frame.attempt) in live]
    resend = drafts.put_all((run.room_id, _placed(run, frame)) for run, frame in known)
    stale = [str(run) for run, attempt in pairs if (run, attempt) not in live]
    return {"stale": list(dict.fromkeys(stale)), "resend": resend}


def _placed(run: Live, frame: Frame) -> drafts.Frame:
    return drafts.Frame(str(run.id), run.attempt, run.author, frame.offset, frame.text, frame.step, frame.activity, run.position)
