from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models

CORRECTION, FEEDBACK, HAND = "correction", "feedback", "hand"
SOURCES = (CORRECTION, FEEDBACK, HAND)
PROPOSED, CONFIRMED, SAVED, DROPPED = "proposed", "confirmed", "saved", "dropped"
STATES = (PROPOSED, CONFIRMED, SAVED, DROPPED)


class Case(models.Model):
    """What a bot should have answered. It goes into the bot's file only after the author of the words confirms the exact text."""

    bot = models.ForeignKey("bots.Bot", on_delete=models.CASCADE, related_name="cases")
    message = models.ForeignKey("chat.Message", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    run = models.ForeignKey("bots.Run", on_delete=models.SET_NULL, null=True, blank=True, related_name="cases")
    source = models.CharField(max_length=10, choices=[(source, source) for source in SOURCES])
    say: models.JSONField[Any, Any] = models.JSONField(default=list, help_text="What is said to the bot, oldest first.")
    expect: models.JSONField[Any, Any] = models.JSONField(default=dict, help_text="As in a bot file's `tests`: contains, lacks, equals.")
    state = models.CharField(max_length=9, choices=[(state, state) for state in STATES], default=PROPOSED)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", help_text="Whose words `say` are; who confirms."
    )
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.bot}: {self.say}"[:80]


class CaseResult(models.Model):
    """How one version did in one case of its file. `case` is the case's text, so that versions can be compared."""

    version = models.ForeignKey("bots.BotVersion", on_delete=models.CASCADE, related_name="results")
    case = models.TextField()
    passed = models.BooleanField()
    missed = models.TextField(blank=True, help_text="What was expected and did not come.")
    ran_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["version", "case"], name="one_result_per_case")]

    def __str__(self) -> str:
        return f"{self.version}: {'passed' if self.passed else 'missed'}"
