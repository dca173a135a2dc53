from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from lib.time import zone


def product(request: HttpRequest) -> dict[str, Any]:
    """What every page may show; and from here on times are the reader's."""
    user = getattr(request, "user", None)  # an error before the session was read is shown too
    if user is not None and user.is_authenticated:
        timezone.activate(zone(user.timezone))
    return {"signup_open": settings.SIGNUP == "open", "signup": settings.SIGNUP}
