"""What an alert says. Content is only for those who could read it in the room; everybody else hears that it failed, and why in one word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings

from chat.rendering import moment

if TYPE_CHECKING:
    from bots.models import Alert, Run

ONCE = "You hear of this once, until the bot answers again."


@dataclass(frozen=True)
class Words:
    """`notice` is for the room with the bot, `call` for the webhook: it goes to wherever the operator sends it, so it holds no content."""

    address: str
    subject: str
    notice: str
    mail: str
    call: dict[str, Any]


def words_of(alert: Alert) -> Words:
    run = alert.run
    told = _told(alert, run)
    link = f"{settings.CHAT_API}/runs/{run.pk}/" if run and _may_read(alert, run) else ""
    notice = " ".join(part for part in (told, f"[Open the run](/runs/{run.pk}/)." if run and link else "", ONCE) if part)
    mail = "\n\n".join(part for part in (told, f"The run: {link}" if link else "", ONCE) if part)
    subject = " ".join(f"{alert.bot.title} could not answer".split())  # a title may have lines, a subject may not
    return Words(alert.user.email, subject, notice, mail + "\n", _call(alert))


def _told(alert: Alert, run: Run | None) -> str:
    if run is None or not _may_read(alert, run):
        return f"{alert.bot.title} could not answer somebody in a room you are not in. The reason is “{alert.reason or 'unknown'}”."
    whom = "you" if run.asker_id == alert.user_id else run.asker.label
    where = f" in {run.room.name}" if run.room.name else ""
    return f"{alert.bot.title} could not answer {whom}{where}. {run.explanation or f'The reason is “{alert.reason}”.'}"


def _may_read(alert: Alert, run: Run) -> bool:
    return run.room.removed_at is None and run.room.memberships.filter(user=alert.user_id).exists()


def _call(alert: Alert) -> dict[str, Any]:
    return {
        "type": "alert",
        "text": f"{alert.bot.name} could not answer: {alert.reason or 'unknown'}",
        "bot": alert.bot.name,
        "owner": alert.bot.owner.username,
        "reason": alert.reason,
        "run": str(alert.run_id) if alert.run_id else None,
        "url": f"{settings.CHAT_API}/runs/{alert.run_id}/" if alert.run_id else None,
        "count": alert.count,
        "opened_at": moment(alert.opened_at),
    }
