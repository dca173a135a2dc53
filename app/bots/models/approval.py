from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from lib.ids import uuid7

PENDING, APPROVED, REJECTED, EXPIRED, WITHDRAWN = "pending", "approved", "rejected", "expired", "withdrawn"
STATES = (PENDING, APPROVED, REJECTED, EXPIRED, WITHDRAWN)


class Approval(models.Model):
    """What a run wants to do, byte for byte, and what a person said to it. Pending never turns into yes (I5).

    `content` is the exact text that was shown, and `sha256` is that of its UTF-8 bytes. What executes reads `decided_content`, which
    differs from `content` when the decider edited it, and is used once.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    run = models.ForeignKey("bots.Run", on_delete=models.CASCADE, related_name="approvals")
    step = models.PositiveSmallIntegerField()
    message = models.OneToOneField("chat.Message", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    title = models.CharField(max_length=200)
    content = models.TextField(help_text="Canonical JSON of the parts: texts, code, files, recipients.")
    sha256 = models.CharField(max_length=64)
    deciders: models.JSONField[Any, Any] = models.JSONField(default=list, help_text="Ids of the users who may decide.")
    state = models.CharField(max_length=9, choices=[(state, state) for state in STATES], default=PENDING)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_content = models.TextField(blank=True)
    decided_sha256 = models.CharField(max_length=64, blank=True)
    reason = models.TextField(blank=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["created_at"]
        indexes = [models.Index(fields=["expires_at"], condition=Q(state=PENDING), name="approval_open")]

    def __str__(self) -> str:
        return f"{self.title} ({self.state})"
