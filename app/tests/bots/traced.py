"""Traces of runs for tests: what a bot would have recorded."""

from __future__ import annotations

from typing import Any

from bots.models import Bot, Run

PROMPT = [{"role": "system", "content": "You plan small trips."}, {"role": "user", "content": "Bea: a garden room"}]
USAGE = {"module": "OpenAIChat", "model": "gpt-6-luna", "tokens_in": 1204, "tokens_out": 80, "estimated": False, "retries": 2}
RATE_LIMITED = {"code": "model_rate_limited", "message": "The model answered 429 (too many requests).", "permanent": True}
STEPS = [{"name": name, "detail": ""} for name in ("Draft", "Plan", "Chat", "Reply")]


def first_payload(run: Run) -> dict[str, Any]:
    return {
        "run": str(run.pk), "attempt": 1, "bot": {"name": "echo", "version": 1}, "room": {"id": str(run.room_id)},
        "asker": {"username": run.asker.username}, "trigger": run.trigger, "messages": [{"body": "a garden room"}],
    }  # fmt: skip


def step(index: int, name: str, **more: Any) -> dict[str, Any]:
    """As `Step.as_row` gives it."""
    known = {
        "index": index, "name": name, "state": "done", "summary": "", "started_ms": index * 100, "ms": 100, "usage": {}, "prompt": None,
        "changed": {}, "after": None, "before": None, "logs": [], "code": "", "error": None,
    }  # fmt: skip
    return known | more


def failed_trace(run: Run) -> list[dict[str, Any]]:
    """Draft and Plan are done, Plan was paid for; Chat failed."""
    before = first_payload(run)
    drafted = before | {"draft": {"body": "hm"}}
    planned = drafted | {"plan": "two nights\nin May"}
    return [
        step(0, "Draft", before=before, changed={"draft": {"body": "hm"}}),
        step(1, "Plan", changed={"plan": "two nights\nin May"}, after=planned, usage=USAGE, prompt=PROMPT, ms=2604, summary="planned"),
        step(2, "Chat", state="failed", before=planned, error=RATE_LIMITED, ms=11_500, started_ms=2704, prompt=PROMPT, usage={"retries": 2},
             logs=["asked the model"], code="print('hello')"),
    ]  # fmt: skip


def fail(run: Run, **more: Any) -> Run:
    """The run at work ends in the middle."""
    Bot.objects.filter(pk=run.bot_id).update(steps=STEPS)
    run.bot.versions.filter(number=1).update(yaml="name: echo\nsteps: [Draft, Plan, Chat, Reply]\n")
    about: dict[str, Any] = {"reason": "model_rate_limited", "explanation": RATE_LIMITED["message"], "permanent": True} | more
    run.finish(run.attempt, "failed", steps=failed_trace(run), usage={"tokens_in": 1204, "tokens_out": 80, "estimated": False}, **about)
    return fresh(run)


def fresh(run: Run) -> Run:
    return Run.objects.select_related("bot__user", "bot__live", "room", "asker", "version").get(pk=run.pk)
