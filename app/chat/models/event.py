from __future__ import annotations

from typing import Any

from django.db import models

MESSAGE_POSTED = "message.posted"
MESSAGE_EDITED = "message.edited"
MESSAGE_DELETED = "message.deleted"
MEMBER_JOINED = "member.joined"
MEMBER_LEFT = "member.left"
ROOM_RENAMED = "room.renamed"
ROOM_REMOVED = "room.removed"
RUN_ENDED = "run.ended"
BRANCH_CHOSEN = "branch.chosen"
KINDS = (MESSAGE_POSTED, MESSAGE_EDITED, MESSAGE_DELETED, MEMBER_JOINED, MEMBER_LEFT, ROOM_RENAMED, ROOM_REMOVED, RUN_ENDED, BRANCH_CHOSEN)


class RoomEvents(models.QuerySet["RoomEvent"]):
    def after(self, seq: int) -> RoomEvents:
        """What a client that has seen `seq` lacks, oldest first."""
        found = self.filter(seq__gt=seq).select_related("message__author")
        return found.prefetch_related("message__reply_to__author", "message__attachments").order_by("seq")


class RoomEvent(models.Model):
    """Something a member can see change. Its seq is gapless in the room and in the order of commits."""

    room = models.ForeignKey("chat.Room", on_delete=models.CASCADE, related_name="events")
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=20, choices=[(kind, kind) for kind in KINDS])
    message = models.ForeignKey("chat.Message", on_delete=models.CASCADE, null=True, blank=True, related_name="events")
    data: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = RoomEvents.as_manager()

    class Meta:
        ordering = ["room", "seq"]
        constraints = [models.UniqueConstraint(fields=["room", "seq"], name="one_event_per_seq")]

    def __str__(self) -> str:
        return f"{self.seq} {self.kind}"
