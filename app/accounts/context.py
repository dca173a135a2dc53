from typing import Any

from django.conf import settings
from django.http import HttpRequest


def product(request: HttpRequest) -> dict[str, Any]:
    """What every page may show."""
    return {"signup_open": settings.SIGNUP == "open", "signup": settings.SIGNUP}
