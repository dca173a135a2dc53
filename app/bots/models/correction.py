from __future__ import annotations

from django.conf import settings
from django.db import models


class Correction(models.Model):
    """A bot's reply as it was and as a person mended it. Both versions stay."""

    message = models.ForeignKey("chat.Message", on_delete=models.CASCADE, related_name="+")
    bot = models.ForeignKey("bots.Bot", on_delete=models.CASCADE, related_name="corrections")
    run = models.ForeignKey("bots.Run", on_delete=models.SET_NULL, null=True, blank=True, related_name="corrections")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="corrections")
    before = models.TextField()
    after = models.TextField()
    distance = models.PositiveIntegerField(help_text="Levenshtein distance in characters.")
    share = models.FloatField(help_text="The distance as a share of the longer text, 0 to 1.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at"]
        indexes = [models.Index(fields=["bot", "-created_at"], name="correction_of_bot")]

    def __str__(self) -> str:
        return f"{self.distance} characters by {self.by}"
