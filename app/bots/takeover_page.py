"""The form by which a person takes a run over."""

from __future__ import annotations

import uuid
from functools import cached_property
from typing import TYPE_CHECKING

from bots import taking_over, traces
from bots.errors import BadInput, ChatError, NotFound
from bots.taking_over import ANSWER, OUTPUT, PAYLOAD, SKIP
from bots.waits import wait_of

if TYPE_CHECKING:
    from accounts.models import User
    from bots.models import Run
    from bots.waits import Wait

TITLES = {
    ANSWER: "Answer yourself",
    PAYLOAD: "Edit the payload and go on",
    OUTPUT: "Supply the output",
    SKIP: "Skip this step",
}
LEADS = {
    ANSWER: "Your words are posted in the name of {bot}, and say that you wrote them.",
    PAYLOAD: "This is what the step {step} was given. {bot} does it again with what you make of it.",
    OUTPUT: "Write the payload as the step {step} should have left it. {bot} goes on with the step after it.",
    SKIP: "{bot} goes on with the step after {step}, as if it had changed nothing.",
}
BUTTONS = {ANSWER: "Post the answer", PAYLOAD: "Go on from {step}", OUTPUT: "Go on after {step}", SKIP: "Skip {step}"}


class TakeoverPage:
    def __init__(self, run: Run, viewer: User, way: str) -> None:
        run.must_be_steered_by(viewer)
        if way not in TITLES:
            raise NotFound("There is no such way to take a run over.")
        self.run, self.viewer, self.way = run, viewer, way
        self.key = uuid.uuid4().hex

    @cached_property
    def text(self) -> str:
        """What the form begins with."""
        if self.way == ANSWER or self._stuck is None:
            return ""
        return taking_over.shown(traces.input_of(self.run, self._stuck) or {})

    @property
    def title(self) -> str:
        return TITLES[self.way]

    @property
    def lead(self) -> str:
        return LEADS[self.way].format(bot=self.run.bot.title, step=self.step or "where it stopped")

    @property
    def button(self) -> str:
        return BUTTONS[self.way].format(step=self.step or "the step")

    @property
    def has_text(self) -> bool:
        return self.way != SKIP

    @property
    def is_json(self) -> bool:
        return self.way in (PAYLOAD, OUTPUT)

    @cached_property
    def step(self) -> str:
        return taking_over.step_name(self.run, self._stuck) if self._stuck is not None else ""

    @cached_property
    def obstacle(self) -> str:
        """Why there is nothing to take over in this way; empty when there is."""
        if self.way == ANSWER:
            return ""
        if self._stuck is None:
            return "This run does not stand still at a step, so there is nothing to take over."
        return taking_over.evades(self.run, self._stuck, self.way)

    @cached_property
    def waits(self) -> Wait | None:
        return wait_of(self.run, self.viewer) if self.run.state == "waiting" else None

    @cached_property
    def _stuck(self) -> int | None:
        return traces.stuck_at(self.run)

    @staticmethod
    def status_of(error: ChatError) -> int:
        return 422 if isinstance(error, BadInput) else error.status
