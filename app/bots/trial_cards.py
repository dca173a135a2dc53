"""What a bot asks in a trial, as a card that looks as it would in a room. Nothing of it is stored: the card's `state` has it all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.template.loader import get_template

from bots.faces import ApprovalFace
from bots.models import Approval
from lib.ids import uuid7

if TYPE_CHECKING:
    from bots.bench import Bench


def card_of(asks: Mapping[str, Any], bench: Bench) -> str:
    """HTML, for whoever tries. Raises Unshowable as for a room: what cannot be shown whole is put to nobody."""
    approval = Approval(pk=uuid7(), title=asks.get("title", ""), content=asks.get("content", ""))
    face = ApprovalFace(approval, {}, alone=True) if asks["kind"] == "approval" else None
    context = {"asks": asks, "face": face, "approval": approval, "about": _about(asks, face), "title": _title(asks, bench)}
    return get_template("bots/_trial_card.html").render(context)


def _title(asks: Mapping[str, Any], bench: Bench) -> str:
    if asks["kind"] == "delegation":
        return f"{bench.bot.title if bench.bot else 'Your bot'} asks {asks['to']}"
    return str(asks["title"] if asks["kind"] == "approval" else asks["text"])


def _about(asks: Mapping[str, Any], face: ApprovalFace | None) -> str:
    """What is different in a room, and what a yes does here."""
    if asks["kind"] == "delegation":
        return f"in a trial no other bot is asked: write what {asks['to']} would answer"
    by, verb = asks["by"], "decide" if face else "answer"
    who = {"asker": "whoever asks", "admins": "one of its admins"}[by] if isinstance(by, str) else " or ".join(by)
    said = f"here you {verb}, in a room {who}"
    if face is None:
        return f"{said} · write what the file says" if asks["question"] == "file" else said
    if asks["effect"]:
        return f"{said} · what you approve is really done"
    return f"{said} · nothing is sent" if face.sends else said
