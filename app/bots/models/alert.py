from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Alert(models.Model):
    """A cause of failures of a bot that somebody is told of: once, until the bot answers them again."""

    bot = models.ForeignKey("bots.Bot", on_delete=models.CASCADE, related_name="alerts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="alerts")
    reason = models.CharField(max_length=60)
    run = models.ForeignKey("bots.Run", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    count = models.PositiveIntegerField(default=1)
    opened_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True, blank=True)
    # What still has to go out. The relay sends it, and tries again.
    notice_due_at = models.DateTimeField(null=True, blank=True)
    mail_due_at = models.DateTimeField(null=True, blank=True)
    webhook_due_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["-opened_at"]
        constraints = [
            models.UniqueConstraint(fields=["bot", "user", "reason"], condition=Q(closed_at=None), name="one_open_alert_per_cause")
        ]

    def __str__(self) -> str:
        return f"{self.bot}: {self.reason}"
