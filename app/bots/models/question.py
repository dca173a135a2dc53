from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from lib.ids import uuid7

OPEN, ANSWERED, EXPIRED, WITHDRAWN = "open", "answered", "expired", "withdrawn"
STATES = (OPEN, ANSWERED, EXPIRED, WITHDRAWN)
CHOICE, TEXT, NUMBER, FILE = "choice", "text", "number", "file"
KINDS = (CHOICE, TEXT, NUMBER, FILE)


class Question(models.Model):
    """What a run asks a person, and what they answered. The run waits for it without a worker."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    run = models.ForeignKey("bots.Run", on_delete=models.CASCADE, related_name="questions")
    step = models.PositiveSmallIntegerField()
    message = models.OneToOneField("chat.Message", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    text = models.TextField()
    kind = models.CharField(max_length=6, choices=[(kind, kind) for kind in KINDS], default=TEXT)
    choices: models.JSONField[Any, Any] = models.JSONField(default=list, blank=True)
    answerers: models.JSONField[Any, Any] = models.JSONField(default=list, help_text="Ids of the users who may answer.")
    state = models.CharField(max_length=9, choices=[(state, state) for state in STATES], default=OPEN)
    answer: models.JSONField[Any, Any] = models.JSONField(null=True, blank=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["created_at"]
        indexes = [models.Index(fields=["expires_at"], condition=Q(state=OPEN), name="question_open")]

    def __str__(self) -> str:
        return self.text[:60]
