from __future__ import annotations

from django.conf import settings
from django.db import models

UP, DOWN = 1, -1


class Feedback(models.Model):
    """A thumb under a bot's reply, one per person."""

    message = models.ForeignKey("chat.Message", on_delete=models.CASCADE, related_name="+")
    bot = models.ForeignKey("bots.Bot", on_delete=models.CASCADE, related_name="feedback")
    run = models.ForeignKey("bots.Run", on_delete=models.SET_NULL, null=True, blank=True, related_name="feedback")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    value = models.SmallIntegerField(choices=[(UP, "up"), (DOWN, "down")])
    reason = models.TextField(blank=True)
    expected = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at"]
        constraints = [models.UniqueConstraint(fields=["message", "by"], name="one_thumb_per_person")]

    def __str__(self) -> str:
        return f"{self.by}: {self.get_value_display()}"
