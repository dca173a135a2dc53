"""What people made of bots' replies: who corrected them and how, and whose thumbs are up or down."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import JSONObject

from bots.differences import excerpt
from bots.models import Correction, Feedback
from bots.models.feedback import DOWN, UP
from chat.models import Message

if TYPE_CHECKING:
    from django.db.models import QuerySet

CORRECTED = JSONObject(username="by__username", name="by__name", before="before", after="after", share="share")


@dataclass(frozen=True)
class Marks:
    """`ups` and `downs` are user ids with commas: the browser knows which of them is its own."""

    corrections: Sequence[dict[str, Any]] = ()
    ups: str = ""
    downs: str = ""

    @property
    def corrected(self) -> bool:
        return bool(self.corrections)

    @property
    def by(self) -> str:
        """Whoever corrected it last."""
        last = self.corrections[-1]
        return str(last["name"] or last["username"])

    @property
    def excerpt(self) -> tuple[str, str]:
        last = self.corrections[-1]
        return excerpt(last["before"], last["after"])

    @property
    def percent(self) -> str:
        return percent(self.corrections[-1]["share"])

    @property
    def versions(self) -> str:
        count = len(self.corrections) + 1
        return "both versions" if count == 2 else f"all {count} versions"


NONE = Marks()


def of(messages: Sequence[Message]) -> dict[uuid.UUID, Marks]:
    """One query for all of them."""
    if not messages:
        return {}
    corrections = Correction.objects.filter(message=OuterRef("pk")).order_by("pk")
    rows = (
        Message.objects.filter(pk__in=[message.pk for message in messages])
        .order_by()
        .annotate(
            corrected=ArraySubquery(corrections.values(told=CORRECTED)),
            ups=ArraySubquery(_thumbs(UP)),
            downs=ArraySubquery(_thumbs(DOWN)),
        )
        .values_list("pk", "corrected", "ups", "downs")
    )
    return {pk: Marks(corrected, _ids(ups), _ids(downs)) for pk, corrected, ups, downs in rows}


def percent(share: float) -> str:
    """Of a text. What was changed at all is never said to be nothing."""
    return "under 1 %" if 0 < share < 0.005 else f"{share:.0%}".replace("%", " %")


def _thumbs(value: int) -> QuerySet[Feedback, int]:
    return Feedback.objects.filter(message=OuterRef("pk"), value=value).order_by("pk").values_list("by_id", flat=True)


def _ids(found: Sequence[int]) -> str:
    return ",".join(map(str, found))
