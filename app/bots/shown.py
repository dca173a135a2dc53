"""Runs and bots as programs see them. What a secret is, nobody is told; an endpoint, only whoever registered it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bots.models.bot import MENTIONED
from chat.rendering import as_author, moment

if TYPE_CHECKING:
    from bots.models import Bot, Run, RunStep
    from bots.registration import Registered

KEPT = ("endpoint", "status", "persona", "attend", "steps", "permissions", "budget", "commands", "callees")


def run_json(run: Run) -> dict[str, Any]:
    return {
        "id": str(run.pk),
        "room": str(run.room_id),
        "bot": as_author(run.bot.user),
        "asker": as_author(run.asker),
        "version": run.version.number if run.version else None,
        "state": run.state,
        "how": run.how,
        "origin": str(run.origin_id) if run.origin_id else None,
        "parent": str(run.parent_id) if run.parent_id else None,
        "cost": None if run.cost is None else f"{run.cost.normalize():f}",
        "outcome": run.outcome,
        "reason": run.reason,
        "explanation": run.explanation,
        "permanent": run.permanent,
        "attempt": run.attempt,
        "tries": run.tries,
        "trigger": run.trigger,
        "usage": run.usage,
        "created_at": moment(run.created_at),
        "started_at": moment(run.started_at),
        "first_word_at": moment(run.first_word_at),
        "ended_at": moment(run.ended_at),
    }


def step_json(step: RunStep) -> dict[str, Any]:
    return {
        "index": step.index,
        "name": step.name,
        "state": step.state,
        "summary": step.summary,
        "started_ms": step.started_ms,
        "ms": step.ms,
        "usage": step.usage,
        "prompt": step.prompt,
        "changed": step.changed,
        "payload": step.after,
        "before": step.before,
        "logs": step.logs,
        "code": step.code,
        "error": step.error,
    }


def bot_json(bot: Bot) -> dict[str, Any]:
    persona = bot.persona
    return {
        "name": bot.name,
        "user": bot.user.username,
        "title": bot.title,
        "about": persona.get("about", ""),
        "greeting": persona.get("greeting", ""),
        "avatar": persona.get("avatar", ""),
        "owner": bot.owner.username,
        "when": bot.attend.get("when", MENTIONED),
        "steps": bot.steps,
        "permissions": bot.permissions,
        "budget": bot.budget,
        "commands": bot.commands,
        "callees": bot.callees,
        "version": bot.live.number if bot.live else None,
        "status": bot.status,
        "reason": bot.reason,
        "held_back": bot.held_back,
    }


def kept_json(bot: Bot) -> dict[str, Any]:
    """A bot as its owner registered it: what it takes to register it again."""
    kept = {field: getattr(bot, field) for field in KEPT}
    return {"name": bot.name, "version": bot.live.number if bot.live else None, **kept}


def registered_json(done: Registered) -> dict[str, Any]:
    bot = done.bot
    shown = {"name": bot.name, "user": bot.user.username, "version": bot.live.number if bot.live else 0, "status": bot.status}
    return {**shown, "secret": done.secret}
