"""The critic's second step of its own: takes the file out of the model's answer, tries its cases and proposes it."""

from __future__ import annotations

import re

from errors import StepError
from steps import Payload, Step

BLOCK = re.compile(r"```ya?ml\n(.*?)```", re.DOTALL)


class ProposeChange(Step):
    """Proposes the file in payload['draft']['body'] for the bot in payload['review'], and says where its editors decide."""

    @property
    def activity(self) -> str:
        """What the room shows meanwhile."""
        return "checking the change"

    def process(self, payload: Payload) -> Payload:
        """Replace the draft by the model's words, how the cases did, and the place of the proposal."""
        review, body = payload["review"], payload["draft"]["body"]
        found = BLOCK.search(body)
        words = BLOCK.sub("", body).strip()
        looked = f"I looked at {review['runs']} of its answers." if review["runs"] > 1 else "I looked at one of its answers."
        if found is None:
            payload["draft"]["body"] = f"{looked} {words}"
            self.note = "no change"
            return payload
        try:
            proposal = self.context.workshop.propose(review["bot"], found[1], words[:4000], review["version"])
        except StepError as error:
            if error.code != "workshop_refused":
                raise
            payload["draft"]["body"] = f"{looked} {words}\n\nI cannot propose the change as the model wrote it: {error.explanation}"
            self.note = "the change was refused"
            return payload
        payload["draft"]["body"] = (
            f"{looked} {words}\n\n{_cases(proposal['cases'])}**[Look at the change of @{review['bot']}]({proposal['page']})**; "
            "one of its editors decides."
        )
        self.note = f"a change of {review['bot']} proposed"
        return payload


def _cases(cases: list[dict[str, object]] | None) -> str:
    """How the new text did in its cases; they are run only for whoever may save it."""
    if cases is None:
        return "Its cases were not run: one of its editors does that. "
    failed = sum(not case["passed"] for case in cases)
    if len(cases) == 1:
        return "Its case failed. " if failed else "Its case passed. "
    return f"Of its {len(cases)} cases, {failed or 'none'} failed. " if cases else ""
