from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Greatest

from chat import broadcasts

ADMIN = "admin"
MEMBER = "member"


class Membership(models.Model):
    """A user in a room, and how far they have read."""

    room = models.ForeignKey("chat.Room", on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=8, choices=[(ADMIN, "admin"), (MEMBER, "member")], default=MEMBER)
    last_read = models.BigIntegerField(default=0)
    joined_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["room", "user"], name="one_membership_per_user")]

    def __str__(self) -> str:
        return f"{self.user} in {self.room}"

    @property
    def is_admin(self) -> bool:
        return self.role == ADMIN

    def mark_read(self, position: int) -> int:
        """Read up to `position`; never back, and never past what there is. The user's other tabs hear of it."""
        position = max(0, min(position, self.room.seq))
        Membership.objects.filter(pk=self.pk).update(last_read=Greatest("last_read", position))
        self.last_read = max(self.last_read, position)
        broadcasts.to_user(self.user_id, {"type": "read", "room": str(self.room_id), "position": self.last_read})
        return self.last_read
