"""The invitation a visitor came with: kept in the session from the link to the sign-up."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse

from accounts.models import Invitation, User

KEY = "invitation"


def link_of(text: str) -> str:
    """The path of an invitation's link."""
    return reverse("invitation", args=[text])


def remember(request: HttpRequest, text: str) -> bool:
    if Invitation.objects.find(text) is None:
        return False
    request.session[KEY] = text
    return True


def of(request: HttpRequest) -> Invitation | None:
    text = request.session.get(KEY)
    return Invitation.objects.find(text) if text else None


def use(request: HttpRequest, user: User) -> bool:
    """Use it up; false when somebody else was faster."""
    return Invitation.objects.use(request.session.pop(KEY, ""), user)
