from __future__ import annotations

from django.conf import settings
from django.db import models

FILE = "file"
API = "api"


class BotVersion(models.Model):
    """A bot file that went live. `number` counts from 1 for each bot."""

    bot = models.ForeignKey("bots.Bot", on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    yaml = models.TextField()
    source = models.CharField(max_length=4, choices=[(FILE, "file"), (API, "api")], default=FILE)
    code_hash = models.CharField(max_length=128, blank=True, help_text="Content hash of the custom steps beside the file.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["bot", "-number"]
        constraints = [models.UniqueConstraint(fields=["bot", "number"], name="one_version_per_number")]

    def __str__(self) -> str:
        return f"{self.bot} version {self.number}"
