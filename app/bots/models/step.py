from __future__ import annotations

from typing import Any

from django.db import models

DONE = "done"
FAILED = "failed"


class RunStep(models.Model):
    """What one step of a run did: the run's trace, and where the next attempt goes on."""

    run = models.ForeignKey("bots.Run", on_delete=models.CASCADE, related_name="steps")
    index = models.PositiveSmallIntegerField()
    attempt = models.PositiveIntegerField()
    name = models.CharField(max_length=80)
    state = models.CharField(max_length=6, choices=[(DONE, "done"), (FAILED, "failed")])
    summary = models.CharField(max_length=500, blank=True)
    started_ms = models.PositiveIntegerField(default=0)
    ms = models.PositiveIntegerField(default=0)
    usage: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    prompt: models.JSONField[Any, Any] = models.JSONField(null=True, blank=True)
    changed: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    before: models.JSONField[Any, Any] = models.JSONField(
        null=True, blank=True, help_text="The whole payload before the step; kept for the first step of a run and for one that failed."
    )
    after: models.JSONField[Any, Any] = models.JSONField(
        null=True, blank=True, help_text="The whole payload after the step; kept for steps that cost money or had an effect."
    )
    logs: models.JSONField[Any, Any] = models.JSONField(default=list, blank=True, help_text="Lines the step logged.")
    code = models.TextField(blank=True, help_text="Code that the step generated.")
    cost = models.DecimalField(max_digits=14, decimal_places=8, null=True, blank=True, help_text="US dollars; empty without a price.")
    carried = models.BooleanField(default=False, db_default=False, help_text="Done by an earlier run, and not paid for again.")
    error: models.JSONField[Any, Any] = models.JSONField(null=True, blank=True)

    class Meta:
        ordering = ["run", "index"]
        constraints = [models.UniqueConstraint(fields=["run", "index"], name="one_step_per_index")]

    def __str__(self) -> str:
        return f"{self.index} {self.name}"
