from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from accounts.invitations import link_of
from accounts.models import Invitation


class Command(BaseCommand):
    help = "Make a link with which one person can sign up within seven days."

    def handle(self, *args: Any, **options: Any) -> None:
        _, text = Invitation.objects.make(None)
        self.stdout.write(f"{settings.CHAT_API}{link_of(text)}")
        if settings.SIGNUP == "closed":
            self.stderr.write("SIGNUP=closed lets nobody sign up. Set SIGNUP=invite, or the link leads nowhere.")
