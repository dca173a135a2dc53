"""A run as a file: everything its page shows, for reading elsewhere and for `./go bots replay`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bots import replaying, secrecy, shown, traces
from bots.deliveries import CONTRACT
from chat.rendering import moment
from lib.time import database_now

if TYPE_CHECKING:
    from bots.models import Run, RunStep

FORMAT = "parley-run"


def export_of(run: Run) -> dict[str, Any]:
    """Without secrets. `input` is what the first step was given; with it the run can be done again."""
    version = run.version
    document = {
        "format": FORMAT,
        "contract": CONTRACT,
        "exported_at": moment(database_now()),
        "run": shown.run_json(run),
        "bot": {
            "name": run.bot.name,
            "version": version.number if version else None,
            "yaml": version.yaml if version else None,
            "code_hash": version.code_hash if version else "",
        },
        "input": traces.input_of(run, 0),
        "steps": [_step_json(step) for step in run.steps.order_by("index")],
        "replies": [{"id": str(reply.pk), "body": reply.body, "metadata": reply.metadata} for reply in replaying.replies_of(run)],
    }
    hidden: dict[str, Any] = secrecy.hidden(document)
    return hidden


def file_name(run: Run) -> str:
    return f"run-{run.bot.name}-{run.pk}.json"


def _step_json(step: RunStep) -> dict[str, Any]:
    cost = None if step.cost is None else f"{step.cost.normalize():f}"
    return {**shown.step_json(step), "attempt": step.attempt, "carried": step.carried, "cost": cost}
