from __future__ import annotations

from django.conf import settings
from django.db import models


class Spending(models.Model):
    """What a bot used for one person on one day (UTC): what budgets are held against."""

    bot = models.ForeignKey("bots.Bot", on_delete=models.CASCADE, related_name="spending")
    asker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    tokens = models.PositiveBigIntegerField(default=0)
    cost = models.DecimalField(max_digits=14, decimal_places=8, default=0)

    class Meta:
        ordering = ["-day"]
        constraints = [models.UniqueConstraint(fields=["bot", "asker", "day"], name="one_sum_per_day")]

    def __str__(self) -> str:
        return f"{self.bot} {self.day}: {self.tokens}"
