from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models

from lib.ids import uuid7

OPEN, ACCEPTED, REJECTED = "open", "accepted", "rejected"
STATES = (OPEN, ACCEPTED, REJECTED)


class Proposal(models.Model):
    """A change of a bot's file that somebody, mostly a bot, proposes. One of the bot's editors decides over the exact difference."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=41, help_text="The bot's name; there may be no such bot yet.")
    bot = models.ForeignKey("bots.Bot", on_delete=models.CASCADE, null=True, blank=True, related_name="proposals")
    base = models.ForeignKey("bots.BotVersion", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    yaml = models.TextField()
    why = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="proposals")
    run = models.ForeignKey("bots.Run", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    cases: models.JSONField[Any, Any] = models.JSONField(null=True, blank=True, help_text="How its cases did when it was proposed.")
    state = models.CharField(max_length=8, choices=[(state, state) for state in STATES], default=OPEN)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} by {self.by}"
